"""What Claude Code runs: hooks, spool, status line, plugin; and the edits of its settings."""
