"""Tests that drive the real agents against a model server on this machine; `python -m pytest tests/live` runs them.

They need tmux, npm for the first run, and about half a minute. They are no part of the ordinary test run, and nothing
leaves the machine but the download of the agents themselves. README.md in this folder documents the pieces.
"""
