"""An invented TMDb on loopback: the films, series and people of the IMDb sample, as its API v3."""
