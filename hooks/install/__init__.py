"""Puts hooks and status line where an agent takes them from, takes them out again, and says what is there."""
