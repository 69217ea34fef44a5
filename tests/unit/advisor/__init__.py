"""Advice from transcripts: state, habits, evaluations, the log, the files."""
