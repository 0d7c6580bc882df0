"""The checks of `make doctor`: each reads, writes nothing, and yields diagnoses."""
