"""Installs hooks and the status line into the agents' settings, uninstalls them, and reports their status."""
