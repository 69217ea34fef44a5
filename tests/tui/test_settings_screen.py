"""Settings: what is typed goes to the feed, and what cannot be stays to be mended."""

import errno
import sqlite3
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.fakes import NOW_MS, Script, dashboard, edits_done, feed, settled
from tracker.reports.settings import choices, parsed, setting_of, shown, typed, value_of
from tracker.settings import BudgetSettings, PlanSettings, Settings, SettingsError, set_value, settings_path
from tui.edits import Edit, Edited, SetSetting, SetTheme, SwitchKind, apply_edit
from tui.readers.all import SnapshotReader
from tui.screens.settings import SettingsScreen
from tui.snapshot import ViewRequest
from tui.themes import THEME_NAMES

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
        assert SetSetting("plan.id", "max") in feed(app).edits


async def test_an_invalid_setting_stays_open_for_correction(sample_script: Script) -> None:
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
        assert feed(app).edits == [SetSetting("plan.seats", "2")]


async def test_an_unknown_plan_stays_open_for_correction(sample_script: Script) -> None:
    app = dashboard(sample_script, start="plans")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("comma", "enter")
        assert "(api, pro, max, ultra," in await settled(pilot)
        await pilot.press(*"nonsense", "enter")
        text = await settled(pilot)
        assert "plan.id: there is no 'nonsense' (known:" in text
        assert "api, pro, max" in text
        await pilot.press("ctrl+u", *"max", "enter")
        await settled(pilot)
        await edits_done(app)
        assert feed(app).edits == [SetSetting("plan.id", "max")]


@pytest.mark.parametrize(
    ("name", "text", "seen"),
    [
        ("display.currency_rate", "26315.75", "26315.75"),
        ("budget.month", "1234567.89", "$1,234,567.89"),
        ("budget.day", "5", "$5.00"),
        ("plan.tax", "0.19", "0.19"),
        ("plan.seats", "3", "3"),
        ("plan.annual", "yes", "yes"),
        ("plan.annual", "no", "no"),
        ("display.currency", "EUR", "EUR"),
        ("budget.week", "", "–"),
    ],
)
def test_a_value_is_typed_again_as_it_was(name: str, text: str, seen: str) -> None:
    setting = setting_of(name)
    value = value_of(setting, set_value(setting.section, setting.key, parsed(setting, text)))
    assert shown(setting, value) == seen
    assert parsed(setting, typed(value)) == parsed(setting, text)


def test_no_edit_saves_an_unknown_plan() -> None:
    with pytest.raises(SettingsError, match="there is no 'nonsense'"):
        parsed(setting_of("plan.id"), "nonsense")
    assert parsed(setting_of("plan.id"), "") is None


@pytest.mark.parametrize(
    "edit", [SetSetting("plan.seats", "2"), SetTheme("light"), SwitchKind("compact", speaks=False)]
)
def test_settings_that_cannot_be_written_are_told(
    edit: Edit, sample_db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", no_room)
    told = apply_edit(sample_db, edit, NOW_MS)
    assert told == Edited(f"{settings_path()} cannot be written: No space left on device", failed=True)


def words(text: str) -> list[str]:
    """The words on screen without the lines of panels."""
    return [word for word in text.split() if word.strip("│▌▐┃╭╮╰╯─")]


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (40, 24)])
async def test_a_long_value_is_whole_where_there_is_room(sample_script: Script, size: tuple[int, int]) -> None:
    app = dashboard(sample_script, start="plans")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        plan = PlanSettings(id="team-premium-2026" if size[0] > 40 else "max")
        app.push_screen(SettingsScreen(Settings(plan=plan, budget=BudgetSettings(day=1_234_567.89))))
        text = " ".join(words(await settled(pilot)))
        assert f" {plan.id} " in text
        assert " $1,234,567.89 " in text
        assert size[0] == 40 or "dollars per day" in text


async def test_plans_are_compared_and_can_be_named_though_the_users_own_cannot_be_read(
    sample_db: sqlite3.Connection, isolated_home: Path
) -> None:
    isolated_home.mkdir(exist_ok=True)
    own_plans = isolated_home / "plans.toml"
    own_plans.write_text("[plan\n")
    reader = SnapshotReader(())
    app = dashboard(lambda request: reader.read(sample_db, request, NOW_MS), start="plans")
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(pilot)
        assert "Max $100" in text
        assert "plans.toml: not valid TOML" in "".join(text.split("\n")[-2:])
        await pilot.press("comma", "enter")
        assert "plan id or api; unset: the login's plan  " in await settled(pilot)
    app = dashboard(lambda request: reader.read(sample_db, request, NOW_MS), start="plans")
    async with app.run_test(size=(80, 24)) as pilot:
        assert (await settled(pilot)).split("\n")[-1].startswith(" ▲ plans.toml: not valid TOML: Expected ']'")
    own_plans.unlink()
    assert reader.read(sample_db, ViewRequest(screen="plans"), NOW_MS).trouble == ""


def test_an_unknown_plan_in_the_settings_is_reported_until_it_is_mended(
    sample_db: sqlite3.Connection, isolated_home: Path
) -> None:
    isolated_home.mkdir(exist_ok=True)
    settings_path().write_text('[plan]\nid = "ours"\n')
    reader = SnapshotReader(())
    request = ViewRequest(screen="plans")
    assert "there is no such plan" in reader.read(sample_db, request, NOW_MS).trouble
    (isolated_home / "plans.toml").write_text(
        '[[plan]]\nid = "ours"\nname = "Ours"\nvalid_from = "2026-01-01"\nmonthly_usd = "50"\n'
    )
    mended = reader.read(sample_db, request, NOW_MS)
    assert mended.trouble == ""
    assert mended.top.plan is not None
    assert mended.top.plan.name == "Ours"


def test_every_theme_may_be_chosen() -> None:
    assert choices(setting_of("display.theme")) == THEME_NAMES
