"""Settings: what is typed goes to the feed, and what cannot be stays to be mended."""

import pytest
from textual.widgets import Input

from tests.tui.fakes import dashboard
from tests.tui.test_screens import Script, edits_done, feed, settled
from tui.edits import Edit

pytestmark = pytest.mark.usefixtures("isolated_home")


async def test_settings_are_handed_to_the_feed(sample_script: Script) -> None:
    app = dashboard(sample_script, start="plans")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("comma", "enter")
        await settled(pilot)
        await pilot.press(*"max", "enter")
        await settled(pilot)
        await edits_done(app)
        assert Edit("setting", target="plan.id", words="max") in feed(app).edits


async def test_a_setting_that_cannot_be_stays_to_be_mended(sample_script: Script) -> None:
    app = dashboard(sample_script, start="plans")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("comma", "down", "enter")
        await settled(pilot)
        await pilot.press(*"two", "enter")
        text = await settled(pilot)
        assert "not a number" in text
        assert "two" in app.screen.query_one(Input).value
        await pilot.press("ctrl+u", "2", "enter")
        await settled(pilot)
        await edits_done(app)
        assert feed(app).edits == [Edit("setting", target="plan.seats", words="2")]
