"""A brief for the next session, from the ledger and from text that only the agents' own files have."""
