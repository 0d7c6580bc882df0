"""The soak: many simulated days in a row, faults on half of them, and what is left at the end."""
