"""Files and paged answers over HTTP: conditional, resumable, retried, rate-limited."""
