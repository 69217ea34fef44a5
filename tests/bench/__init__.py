"""Measurements: `python -m tests.bench` for reading speed, `python -m tests.bench NAME` for the other ones."""
