"""Sample sessions written for the purpose: what Taximeter shows can be seen without any session of one's own."""

from tracker.demo.samples import live_session, write_samples

__all__ = ["live_session", "write_samples"]
