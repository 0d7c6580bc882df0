"""A source as small as one can be: a file of two columns, its DDL, a staging model and a mart."""
