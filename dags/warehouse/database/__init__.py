"""Sessions, bulk copy, turns and table locks: what the other folders need of Postgres."""
