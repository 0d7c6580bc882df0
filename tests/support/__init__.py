"""What several tests need: a Postgres, a source that misbehaves, rows like the real ones."""
