"""Tests: `unit` (one part each), `cli` (commands), `tui` (screens), `live` (real agents), `bench` (measurements).

docs/architecture.md says which of them a new test belongs to.
"""
