"""Advice on the sessions at work: loads what the model needs from the ledger, evaluates nudges, keeps their log.

The model decides (tracker.model.advice, .delivery); here it is told where a session stands, and what it decides is
logged and laid where hooks and status line find it. Nothing is ever sent to an agent's model.
"""
