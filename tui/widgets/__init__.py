"""Drawings and the few widgets that take keys. A drawing is a pure function from numbers and a size to lines."""
