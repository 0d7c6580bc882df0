"""The soak: simulated days with faults on half of them, then a comparison with a clean build."""
