"""Advice on the sessions at work: loads what the model needs from the ledger, evaluates nudges, keeps their log.

The model decides (tracker.model.advice). This package gives it the state of a session, logs its decisions
and writes them to the files that hooks and status line read. Nothing is ever sent to an agent's model.
"""
