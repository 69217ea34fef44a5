"""Cline and Roo Code: tasks of the classic extension and sessions of the SDK store (CLINE sections 1 to 4)."""

from tracker.sources.cline.live_rows import LiveRowsSource
from tracker.sources.cline.source import ClineSource, RooSource

__all__ = ["ClineSource", "LiveRowsSource", "RooSource"]
