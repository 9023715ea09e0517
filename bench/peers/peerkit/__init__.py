"""Whole programs, side by side against the lab's fleets: see ../README.md."""
