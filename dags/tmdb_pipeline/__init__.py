"""TMDb as a source: its API asked for lists, changes and details, and its models."""
