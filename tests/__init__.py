"""Tests: `unit` (one part each), `cli` (commands), `tui` (screens), `live` (real agents), `bench` (measurements)."""
