"""An invented Trakt on loopback: the IMDb sample's films and series, with invented comments."""
