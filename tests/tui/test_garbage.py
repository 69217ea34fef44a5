"""What is gone from the screen is gone from memory, and the collector leaves keys alone."""

import gc
import time
import weakref

import pytest

from tests.tui.fakes import dashboard
from tui import garbage
from tui.garbage import GarbageCollector
from tui.screens.help import HelpScreen


async def test_a_closed_screen_leaves_nothing_drawn_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "_INTERVAL_SECONDS", 0.0)
    monkeypatch.setattr(garbage, "_QUIET_SECONDS", 0.0)
    collector = GarbageCollector()
    app = dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("question_mark")
        await pilot.pause()
        assert isinstance(app.screen, HelpScreen)
        drawn = weakref.ref(app.screen.query_one(".reading")._styles_cache)
        await pilot.press("escape")
        await pilot.pause()
        await pilot.pause()
        gc.collect()
        assert drawn() is not None, "Textual no longer keeps it: tui.garbage need not clear the cache"
        assert collector.collect_if_quiet()
        assert drawn() is None


def test_it_waits_for_a_quiet_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    at = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: at[0])
    collector = GarbageCollector()
    at[0] += garbage._INTERVAL_SECONDS + 1
    collector.saw_input()
    assert not collector.collect_if_quiet()
    at[0] += garbage._QUIET_SECONDS
    assert collector.collect_if_quiet()
    assert not collector.collect_if_quiet()
    at[0] += garbage._LATEST_SECONDS
    collector.saw_input()
    assert collector.collect_if_quiet()
