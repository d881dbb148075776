"""Contents by their SHA-256: what artifacts, visualizations and code archives are made of."""
