"""Drawings, and the few widgets that take keys. A drawing is a pure function of numbers and a size that gives lines."""
