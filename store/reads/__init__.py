"""Queries of reports, advice and the dashboard, one module a subject. Nothing here writes."""
