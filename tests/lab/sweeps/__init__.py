"""sonde itself, on real fleets: what it finds must be the truth."""
