"""Applies the user's edits of tasks: stores each edit, append-only, and rebuilds the sessions it touches."""
