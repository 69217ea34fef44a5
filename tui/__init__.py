"""The dashboard (Textual): draws the reports of tracker.reports; asks no database itself."""
