"""Invented film and television files in IMDb's format, and the server that hands them out."""
