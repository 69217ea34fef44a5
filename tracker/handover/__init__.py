"""A brief for the next session, from the ledger and from text that only the agents' own files have."""

from tracker.handover.brief import Brief, handover

__all__ = ["Brief", "handover"]
