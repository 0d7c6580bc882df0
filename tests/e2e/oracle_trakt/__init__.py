"""Trakt's marts computed a second time, from docs/models-trakt.md and not from the SQL."""
