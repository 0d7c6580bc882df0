"""IMDb's own part of the warehouse: its seven files, how they are fetched and loaded."""
