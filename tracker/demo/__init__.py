"""Sample sessions written for the purpose: what Taximeter shows can be seen without any session of one's own."""
