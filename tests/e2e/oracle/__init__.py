"""The marts computed a second time, from the files and docs/models.md alone, without any SQL."""
