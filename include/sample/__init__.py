"""Invented film and television files in IMDb's format, and a server for them."""
