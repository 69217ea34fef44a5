"""Claude Code's format: what each kind of line comes to."""
