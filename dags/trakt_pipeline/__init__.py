"""Trakt's comments, ratings and stats: what is asked for, and what of it is kept."""
