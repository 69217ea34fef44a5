"""The user's edits of tasks: each is stored, never changed, and the sessions that it touches are rebuilt."""
