"""TMDb's marts computed a second time, from the answers and docs/models-tmdb.md, without SQL."""
