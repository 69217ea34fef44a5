"""The task model: boundaries, status, edits and rebuilds, most of them over whole ledgers."""
