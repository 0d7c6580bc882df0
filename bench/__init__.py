"""Measurements; each module prints one table. See README.md here."""
