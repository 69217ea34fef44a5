"""What the keys of the screens change in the ledger and in the settings."""

import sqlite3

import pytest

from store.nudges import kind_choices
from store.reads.tasks import task_row_of, turns_of
from store.samples import LimitReading, StatusSample, put_samples
from tests.tui.fakes import NOW_MS, TODAY, Script, dashboard, edits_done, feed, settled
from tracker.settings import DisplaySettings, Settings, load_settings
from tui.edits import Edit, Edited, Merge, MoveTurn, Rename, SetStatus, SetTheme, Split, SwitchKind, Undo, apply_edit
from tui.readers.all import read_top
from tui.screens.board import Board
from tui.snapshot import LimitWindow


@pytest.fixture
def tasks(own_db: sqlite3.Connection) -> tuple[str, str]:
    """The two tasks with the most turns."""
    rows = own_db.execute("SELECT task_id FROM task_turn GROUP BY task_id ORDER BY COUNT(*) DESC, task_id LIMIT 2")
    [(one,), (other,)] = rows
    return one, other


def prompts(db: sqlite3.Connection, task: str) -> list[str]:
    return [row.prompt_uuid for row in turns_of(db, task)]


def test_each_edit_of_a_task_and_back(own_db: sqlite3.Connection, tasks: tuple[str, str]) -> None:
    one, other = tasks
    before = {task: prompts(own_db, task) for task in tasks}
    assert min(len(turns) for turns in before.values()) > 1

    def done(edit: Edit, words: str, shown: str) -> None:
        assert apply_edit(own_db, edit, NOW_MS) == Edited(words, shown)

    def taken_back(kind: str) -> None:
        done(Undo(one, back_to=one), f"undone: {kind}", one)
        assert {task: prompts(own_db, task) for task in tasks} == before

    done(Split(one, 2), "a task starts at turn 2", one)
    assert prompts(own_db, one) == before[one][:1]
    taken_back("split")
    done(MoveTurn(one, 2, other), "turn 2 moved", one)
    assert set(prompts(own_db, other)) == {*before[other], before[one][1]}
    taken_back("move")
    done(Merge(one, other), "merged", other)
    assert set(prompts(own_db, other)) == {*before[other], *before[one]}
    taken_back("merge")
    done(Rename(one, "Totals"), "renamed", one)
    done(SetStatus(one, "abandoned"), "marked abandoned", one)
    row = task_row_of(own_db, one)
    assert row is not None
    assert (row.title, row.status) == ("Totals", "abandoned")
    taken_back("status")
    taken_back("rename")
    assert apply_edit(own_db, Undo(), NOW_MS) == Edited("nothing to undo", failed=True)


def test_an_impossible_edit_returns_a_sentence(own_db: sqlite3.Connection, tasks: tuple[str, str]) -> None:
    told = apply_edit(own_db, Split(tasks[0], 1), NOW_MS)
    assert told.failed
    assert told.words.startswith("turn 1 already starts the task")
    own_db.execute("PRAGMA query_only = ON")
    told = apply_edit(own_db, Rename(tasks[0], "Totals"), NOW_MS)
    assert told.failed
    assert told.words.startswith("the ledger cannot be written: ")


def test_a_kind_that_is_switched_on_again_forgets_its_dismissals(own_db: sqlite3.Connection) -> None:
    assert apply_edit(own_db, SwitchKind("compact", speaks=False), NOW_MS).words == "compact is off"
    assert "compact" not in (load_settings().nudges.kinds or ())
    assert kind_choices(own_db) == []
    assert apply_edit(own_db, SwitchKind("before_expiry", speaks=True), NOW_MS).words == "before expiry is on"
    kinds = load_settings().nudges.kinds or ()
    assert "before_expiry" in kinds
    assert "new_session" in kinds
    assert "compact" not in kinds
    assert [(one.kind, one.action) for one in kind_choices(own_db)] == [("before_expiry", "enabled")]


def test_a_theme_is_saved_without_a_message(own_db: sqlite3.Connection) -> None:
    assert apply_edit(own_db, SetTheme("light"), NOW_MS) == Edited("")
    assert load_settings().display.theme == "light"


def test_the_first_line_has_the_windows_that_are_not_over_and_the_other_currency(own_db: sqlite3.Connection) -> None:
    for resets_at, windows in ((NOW_MS, {"wk"}), (NOW_MS + 1, {"5h", "wk"})):
        limits = [LimitReading("five_hour", 42.0, resets_at), LimitReading("seven_day", 17.0, None)]
        put_samples(own_db, [StatusSample("s", NOW_MS - 1_000 + resets_at - NOW_MS, None, None, limits)])
        top = read_top(own_db, TODAY, NOW_MS, None, Settings())
        assert {one.name for one in top.windows} == windows
    assert set(top.windows) == {LimitWindow("5h", 0.42), LimitWindow("wk", 0.17)}
    assert top.beside == ""
    assert read_top(own_db, TODAY, NOW_MS, None, Settings(display=DisplaySettings(currency="EUR"))).beside == ""
    euro = Settings(display=DisplaySettings(currency="EUR", currency_rate=0.5))
    assert read_top(own_db, TODAY, NOW_MS, None, euro).beside == f"EUR {top.of_month.cost / 2e9:,.2f}"


async def test_a_change_to_a_task_is_said_with_the_key_that_takes_it_back(
    sample_script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        for edit, done, said in (
            (Rename("one", "Totals"), "renamed", "Renamed; u undoes it."),
            (Undo(), "undone: rename", "Undone: rename."),
            (SwitchKind("ttl", speaks=False), "ttl is off", "Ttl is off."),
        ):
            edited = Edited(done)
            monkeypatch.setattr(feed(app), "edit", lambda _, edited=edited: edited)
            app.edit(edit)
            await edits_done(app)
            await settled(pilot)
            assert [toast.message for toast in app._notifications][-1] == said


@pytest.mark.parametrize("place", ["edit", "follow", "brief", "hindsight"])
async def test_an_unexpected_error_in_an_edit_or_brief_is_shown_and_the_next_key_works(
    place: str, sample_script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unforeseen(*_: object) -> None:
        raise RecursionError("no way out")

    app = dashboard(sample_script, start="now")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        if place == "follow":
            monkeypatch.setattr(Board, "follow", unforeseen)
            monkeypatch.setattr(feed(app), "edit", lambda _: Edited("joined", "another"))
        else:
            monkeypatch.setattr(feed(app), place, unforeseen)
        if place == "brief":
            await pilot.press("h")
        elif place == "hindsight":
            app.work_out("No hindsight", lambda: feed(app).hindsight("one"), print)
        else:
            app.edit(Rename("one", "Totals"))
        await edits_done(app)
        await settled(pilot)
        last = [(toast.severity, toast.message) for toast in app._notifications][-1]
        assert last[0] == "warning"
        assert last[1].endswith("unexpected error: RecursionError: no way out.")
        await pilot.press("2")
        assert "Tasks · November 2026" in await settled(pilot)
