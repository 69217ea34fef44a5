"""What reports, advice and the dashboard ask the ledger: a module a subject. Nothing here writes."""
