"""Benchmarks and the soak: measured by hand, never by the product."""
