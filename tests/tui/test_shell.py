"""The frame around every screen: top line, keys, help, palette, themes, pause, and the states without figures."""

import asyncio
from collections.abc import Sequence

import pytest
from textual.events import Key, MouseDown

from tests.tui.fakes import (
    HOSTILE,
    SIZES,
    FrozenClock,
    Script,
    ScriptedFeed,
    dashboard,
    drawn,
    says,
    screen_text,
    settled,
    snapshot,
    top,
    usd,
    with_changes,
)
from tracker.advisor.evaluate import KINDS
from tracker.cli.common import Invocation
from tracker.cli.dashboard import open_dashboard
from tui.app import Dashboard
from tui.keys import FOOTER_KEYS, KEYS, SCREENS, footer
from tui.messages import Arrived
from tui.palette import entries
from tui.screens.spend import SpendScreen
from tui.snapshot import Health, Phase, Spent
from tui.terms import NUDGE_KINDS, TERMS
from tui.themes import THEME_NAMES
from tui.widgets.key_line import KeyLine
from tui.widgets.split_bar import SPLIT


async def test_an_empty_ledger_says_where_it_looked_and_what_to_do() -> None:
    app = dashboard(with_changes(calls=0, spend=None))
    text = await drawn(app, size=(80, 24))
    assert "No sessions yet" in text
    assert "looked in ~/.claude/projects" in text
    assert "to see what it does: taximeter demo" in text
    assert "╱" in text
    assert text.splitlines()[-1].strip() == "space pause   ? help", "a key of the screen would do nothing"


def test_without_an_agents_folder_the_known_places_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Sequence[str]] = []

    def feed_of(*_sources: object, looked_in: Sequence[str], **_options: object) -> None:
        made.append(looked_in)
        raise SystemExit

    monkeypatch.setattr("tui.feed.LedgerFeed", feed_of)
    monkeypatch.setattr("gc.disable", lambda: None)
    monkeypatch.setattr("sys.setswitchinterval", lambda _seconds: None)
    with pytest.raises(SystemExit):
        open_dashboard(Invocation())
    assert made == [["~/.claude/projects", "~/.config/claude/projects", "~/.cline", "editors' storage folders"]]


def test_a_crashed_dashboard_does_not_exit_with_0(monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(self: Dashboard) -> None:
        self.exit(return_code=1)

    monkeypatch.setattr(Dashboard, "run", fails)
    monkeypatch.setattr("gc.disable", lambda: None)
    monkeypatch.setattr("sys.setswitchinterval", lambda _seconds: None)
    with pytest.raises(SystemExit) as ended:
        open_dashboard(Invocation())
    assert ended.value.code == 1


async def test_the_initial_ingest_shows_its_progress() -> None:
    health = Health(Phase.READING, "40 of 80 files, 200 of 400 MB", 0.5)
    text = await drawn(dashboard(lambda request: None, health=health), size=(80, 24))
    assert "40 of 80 files, 200 of 400 MB" in text
    assert "◌ reading 50%" in text.splitlines()[0]


async def test_no_figures_are_shown_before_the_very_first_ingest_ends() -> None:
    """Calls are on record before tasks are: until then half of what the screens would say is false."""
    app = dashboard(health=Health(Phase.READING, "finding tasks in new records", 1.0, is_first=True))
    async with app.run_test(size=(80, 24)) as pilot:
        text = await settled(pilot)
        assert "finding tasks in new records" in text
        assert "November 2026" not in text
        assert text.splitlines()[0].endswith("◌ finding tasks")
        app.take_health(Health(Phase.LIVE))
        assert "November 2026" in await settled(pilot)


async def test_a_later_look_leaves_the_figures_on_screen() -> None:
    app = dashboard(health=Health(Phase.READING, "4 of 8 files", 0.5))
    async with app.run_test(size=(80, 24)) as pilot:
        assert "November 2026" in await settled(pilot)


async def test_an_error_keeps_the_last_good_numbers() -> None:
    app = dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        before = await settled(pilot)
        app.take_health(Health(Phase.FAILED, "cannot read the ledger: disk I/O error"))
        after = await settled(pilot)
    assert after.splitlines()[0].endswith("✖ error")
    assert after.splitlines()[-1] == " ▲ cannot read the ledger: disk I/O error"
    assert after.splitlines()[1:-1] == before.splitlines()[1:-1]


async def test_an_error_before_the_first_number_names_the_way_out() -> None:
    health = Health(Phase.FAILED, "cannot open the ledger: it was written by a newer taximeter")
    text = await drawn(dashboard(lambda request: None, health=health), size=(80, 24))
    assert "The ledger cannot be read" in text
    assert "written by a newer taximeter" in text
    assert "taximeter doctor" in text


async def test_a_busy_ledger_is_said() -> None:
    health = Health(Phase.BUSY, "another program has locked the ledger; retrying")
    text = await drawn(dashboard(health=health), size=(80, 24))
    assert text.splitlines()[0].endswith("▲ busy")
    assert "another program has locked the ledger" in text.splitlines()[-1]


async def test_good_news_leaves_the_keys_where_they_are() -> None:
    app = dashboard()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await settled(pilot)
        app.take_notice("the ledger can be written again")
        text = await settled(pilot)
    assert "The ledger can be written again." in text
    assert text.splitlines()[-1].endswith("? help")


async def test_where_trouble_stands_no_key_is_clicked() -> None:
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        text = await settled(pilot)
        at = text.splitlines()[-1].index("pause")
        app.take_health(Health(Phase.BUSY, "another program has locked the ledger; retrying, as long as it takes"))
        await settled(pilot)
        await pilot.click("KeyLine", offset=(at, 0))
        await settled(pilot)
        assert app.paused_ms is None
        app.take_health(Health(Phase.LIVE))
        await settled(pilot)
        await pilot.click("KeyLine", offset=(at, 0))
        await settled(pilot)
        assert app.paused_ms is not None


async def test_old_figures_say_their_age() -> None:
    clock = FrozenClock()
    async with dashboard(clock=clock).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        clock.pass_seconds(130)
        pilot.app._tick()  # type: ignore[attr-defined]
        assert (await settled(pilot)).splitlines()[0].endswith("▲ 2:10 old")


async def test_pause_holds_figures_and_space_lets_them_run() -> None:
    clock = FrozenClock()
    app = dashboard(clock=clock)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("space")
        clock.pass_seconds(42)
        newer = snapshot(app.request, top=top(of_today=Spent(usd(99), 1)))
        app.take_snapshot(newer)
        app._tick()
        text = await settled(pilot)
        assert "today $12.41" in text
        assert text.splitlines()[0].endswith("‖ paused 0:42")
        await pilot.press("space")
        assert "today $99.00" in await settled(pilot)


async def test_another_screen_is_shown_while_paused() -> None:
    """What was asked for is shown: only the running figures are held."""
    app = dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("space", "left_square_bracket")
        assert "October 2026" in await settled(pilot)


@pytest.mark.parametrize("size", SIZES)
async def test_help_lists_the_keys_that_work_here(size: tuple[int, int]) -> None:
    app = dashboard()
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        text = await settled(pilot)
        assert "Select the previous day" in text
        await pilot.press("escape")
        assert "Select the previous day" not in await settled(pilot)


@pytest.mark.parametrize("area", SCREENS)
async def test_help_says_what_the_words_of_the_screen_mean(area: str) -> None:
    app = dashboard(start=area)
    async with app.run_test(size=(120, 80)) as pilot:
        await settled(pilot)
        await pilot.press("question_mark")
        text = await settled(pilot)
        for term in (*TERMS[area], *TERMS["any"]):
            assert f" {term.word} " in text
            assert term.sentence[:30] in text


def test_each_part_of_a_bill_and_each_kind_of_nudge_has_its_words() -> None:
    parts = {series.name for series in SPLIT.values()} - {"other"}
    for area in ("now", "tasks", "task"):
        assert parts <= {term.word for term in TERMS[area]}
    assert list(NUDGE_KINDS) == list(KINDS)


async def test_a_sentence_of_the_help_goes_on_beside_its_key_where_it_wraps() -> None:
    rows = (await drawn(dashboard(), "question_mark", size=(40, 120))).splitlines()
    at = next(index for index, row in enumerate(rows) if ",       Change plan, budgets," in row)
    assert rows[at + 1].startswith("│          theme, privacy and other")


async def test_palette_runs_what_it_names() -> None:
    app = dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p")
        await settled(pilot)
        await pilot.press(*"light")
        for _ in range(50):  # the palette waits a moment for more letters
            await asyncio.sleep(0.05)
            if "go: tasks" not in await settled(pilot):
                break
        await pilot.press("enter")
        await settled(pilot)
        assert app.theme == "light"


async def test_palette_finds_a_command_by_what_it_changes() -> None:
    app = dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+p", *"budget")
        for _ in range(50):  # the palette waits a moment for more letters
            await asyncio.sleep(0.05)
            if "app: settings" in (text := await settled(pilot)):
                break
        assert "app: settings" in text
        assert "go: tasks" not in text


def test_palette_entries_are_area_and_verb() -> None:
    for area in SCREENS:
        for entry in entries(area):
            prefix, _, verb = entry.name.partition(": ")
            assert prefix
            assert verb
            assert entry.sentence.endswith(".")


def test_footers_have_at_most_six_keys() -> None:
    for area in KEYS:
        assert 2 <= len(footer(area)) <= FOOTER_KEYS


async def test_each_of_two_keys_that_stand_together_can_be_clicked() -> None:
    app = dashboard()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        row = screen_text(app).splitlines()[-1]
        assert isinstance(app.screen, SpendScreen)
        latest = app.screen._pointed
        assert latest is not None
        day, month = row.index("← → day"), row.index("[ ] month")
        await pilot.click(KeyLine, offset=(day, 0))
        assert app.screen._pointed == latest - 1
        await pilot.click(KeyLine, offset=(day + 2, 0))
        assert app.screen._pointed == latest
        await pilot.click(KeyLine, offset=(month, 0))
        assert app.request.month == "2026-10"
        await pilot.pause()
        await pilot.click(KeyLine, offset=(month + 2, 0))
        assert app.request.month == "2026-11"


async def test_themes_go_round() -> None:
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        met = []
        for _ in THEME_NAMES:
            met.append(app.theme)
            await pilot.press("ctrl+t")
        assert met == list(THEME_NAMES)
        assert app.theme == THEME_NAMES[0]


@pytest.mark.parametrize("theme", [*THEME_NAMES, "ansi-dark", "nord"])
async def test_every_theme_knows_every_role(theme: str) -> None:
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        app.theme = theme
        assert "November 2026" in await settled(pilot)
        missing = [role for role in ("ink", "taxi", "heat-4", "waste") if role not in app.theme_variables]
        assert not missing


async def test_leaving_ends_the_feed() -> None:
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("q")
    assert feed(app).stopped


async def test_keys_behind_the_one_that_leaves_do_nothing(sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key in ("q", "e", "enter", "m", "2"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await settled(pilot)
    assert not feed(app).edits


@pytest.mark.parametrize("list_key", ["ctrl+p", "t", "m"])
@pytest.mark.parametrize("height", [1, 4, 5])
async def test_page_keys_in_a_list_that_has_no_room(list_key: str, height: int, sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=(80, height)) as pilot:
        await settled(pilot)
        await pilot.press(list_key)
        await settled(pilot)
        await pilot.press("pagedown", "pageup", "end", "pagedown", "home", "pageup", "escape")
        await settled(pilot)
        assert app.area == "tasks"


async def test_page_keys_right_behind_the_one_that_opens_the_palette() -> None:
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        for key in ("ctrl+p", *["pagedown"] * 5):
            app.post_message(Key(key, None))
            await asyncio.sleep(0)
        # On a busy machine the list is there before the last of them, which turns pages; what is found stands first.
        await pilot.press(*"task")
        await says(pilot, "go: tasks")


async def test_a_snapshot_that_arrives_while_screens_close_is_ignored() -> None:
    """On a busy machine they ended the dashboard, which was being left, with an error."""
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await app._close_all()
        app.on_arrived(Arrived(snapshot(app.request)))


async def test_ctrl_r_ingests_new_records() -> None:
    app = dashboard()
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+r")
        assert feed(app).looked_again == 1


@pytest.mark.parametrize("words", HOSTILE)
async def test_foreign_words_in_the_last_line_are_plain(words: str) -> None:
    async with dashboard(health=Health(Phase.BUSY, words)).run_test(size=(80, 24)) as pilot:
        assert "\x1b" not in (await settled(pilot)).splitlines()[-1]


def feed(app: Dashboard) -> ScriptedFeed:
    assert isinstance(app.feed, ScriptedFeed)
    return app.feed


async def test_a_second_click_on_a_notice_that_is_being_taken_away_harms_nothing() -> None:
    app = dashboard()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.notify("That was done.")
        lines = (await says(pilot, "That was done.")).splitlines()
        y = next(at for at, words in enumerate(lines) if "That was done." in words)
        x = lines[y].index("That was done.")
        notice, _ = app.screen.get_widget_at(x, y)
        rack = notice.parent
        assert rack is not None
        notice._detach()  # as the first click does; the picture still has it
        app.screen._forward_event(MouseDown(notice, x, y, 0, 0, 1, False, False, False, screen_x=x, screen_y=y))
        notice._attach(rack)
