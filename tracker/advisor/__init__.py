"""Advice on active sessions: loads their state from the ledger, evaluates nudges, keeps the nudge log.

tracker.model.advice decides. This package supplies the state of a session, logs the decisions and writes them to the
files that hooks and status line read. Nothing is ever sent to an agent's model.
"""
