"""What the pipelines read in this installation: one module for each of them."""
