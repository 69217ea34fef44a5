"""The nudge on Now: it leaves with its moment, the screen gives one answer with it, and `d` puts away that very one."""

import json
import sqlite3
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from store.nudges import NudgeRow
from tests.tui.fakes import NOW_MS, FrozenClock, Script, dashboard, drawn, edits_done, feed, settled
from tracker.advisor.advisor import DueNudge
from tracker.model.advice.nudge import NudgeKind
from tracker.settings import Settings
from tui.app import Dashboard
from tui.edits import DismissNudge, Edit, NoteShown, apply_edit
from tui.readers.now import read_now
from tui.snapshot import Snapshot, ViewRequest
from tui.widgets.options import nudge_lines, option_lines


def nudge_on_now(db: sqlite3.Connection, now_ms: int = NOW_MS) -> NudgeRow | None:
    part = read_now(db, "", now_ms, 1, Settings())
    assert part is not None
    return part.nudge


def test_a_nudge_is_open_until_the_next_prompt(own_db: sqlite3.Connection) -> None:
    nudge = nudge_on_now(own_db)
    assert nudge is not None
    assert nudge_on_now(own_db, NOW_MS + 60_000) == nudge
    changed = {"prompt_uuid": "'later'", "position": "position + 1000", "at": "?"}
    copied = ", ".join(changed.get(row[1], row[1]) for row in own_db.execute("PRAGMA table_info(turn)"))
    own_db.execute(
        f"INSERT INTO turn SELECT {copied} FROM turn WHERE session_id = ? AND prompt_uuid = ?",
        (nudge.at + 1000, nudge.session_id, nudge.anchor),
    )
    assert nudge_on_now(own_db, NOW_MS + 60_000) is None


def test_a_session_with_an_open_nudge_is_named_while_another_is_shown(own_db: sqlite3.Connection) -> None:
    nudge = nudge_on_now(own_db)
    assert nudge is not None
    shown = read_now(own_db, "", NOW_MS, 1, Settings())
    assert shown is not None
    other = next(one for one in shown.sessions if one.id != nudge.session_id)
    part = read_now(own_db, other.native_id, NOW_MS, 1, Settings())
    assert part is not None
    assert (part.session, part.nudge, part.nudged) == (other, None, {nudge.session_id})
    own_db.execute("UPDATE nudge SET dismissed_at = ? WHERE id = ?", (NOW_MS, nudge.id))
    assert read_now(own_db, other.native_id, NOW_MS, 1, Settings()).nudged == frozenset()  # type: ignore[union-attr]


@pytest.mark.parametrize("followed", [0, 1])
def test_a_nudge_that_was_followed_or_passed_over_is_gone(own_db: sqlite3.Connection, followed: int) -> None:
    nudge = nudge_on_now(own_db)
    assert nudge is not None
    own_db.execute("UPDATE nudge SET followed = ? WHERE id = ?", (followed, nudge.id))
    assert nudge_on_now(own_db) is None


def test_the_nudge_on_screen_is_the_one_dismissed(own_db: sqlite3.Connection) -> None:
    """Also when nothing has noted yet that it was shown, and others of its kind were shown before."""
    nudge = nudge_on_now(own_db)
    assert nudge is not None
    own_db.execute("UPDATE nudge SET shown_at = NULL WHERE id = ?", (nudge.id,))
    assert not apply_edit(own_db, DismissNudge(nudge.id), NOW_MS).failed
    assert nudge_on_now(own_db) is None
    assert own_db.execute("SELECT id FROM nudge WHERE dismissed_at IS NOT NULL").fetchall() == [(nudge.id,)]


async def test_d_names_the_nudge_on_screen(sample_script: Script) -> None:
    app = dashboard(sample_script, start="now")
    async with app.run_test(size=(120, 40)) as pilot:
        assert "  d dismiss ─" in await settled(pilot)
        await pilot.press("d")
        await edits_done(app)
        part = sample_script(ViewRequest()).now
        assert part is not None
        assert part.nudge is not None
        assert feed(app).edits == [DismissNudge(part.nudge.id)]


@pytest.mark.parametrize(
    ("agent", "kind", "pointed", "copied"),
    [
        ("claude-code", NudgeKind.COMPACT, "▸ compact ", "/compact"),
        ("claude-code", NudgeKind.NEW_SESSION, "▸ new session ", "/clear"),
        ("cline", NudgeKind.COMPACT, "▸ compact ", "/compact"),
        ("cline", NudgeKind.NEW_SESSION, "▸ new session ", "/newtask"),
        ("roo", NudgeKind.COMPACT, "▸ compact ", ""),
        ("claude-code", NudgeKind.COLD_RESUME, "▸ compact ", "/compact"),
        ("claude-code", NudgeKind.LARGE_RESULT, "▸ compact ", "/compact"),
    ],
)
async def test_screen_and_clipboard_say_what_the_nudge_says(
    sample_script: Script, agent: str, kind: str, pointed: str, copied: str
) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.now is not None
        assert made.now.nudge is not None
        session = made.now.session._replace(agent=agent)
        return replace(made, now=replace(made.now, session=session, nudge=made.now.nudge._replace(kind=kind)))

    app = dashboard(script, start="now")
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(pilot)
        assert pointed in text
        assert text.count("▸") == 1
        await pilot.press("c")
        assert app.clipboard == copied


async def test_where_another_way_is_cheaper_the_screen_says_why_it_is_not_advised(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.now is not None
        assert made.now.context is not None
        assert made.now.context.prospect is not None
        options = made.now.context.prospect.options
        cheap = replace(options, go_on=replace(options.go_on, cost_nano=options.compact.cost_nano - 1))
        context = made.now.context._replace(prospect=made.now.context.prospect._replace(options=cheap))
        return replace(made, now=replace(made.now, context=context))

    app = dashboard(script, start="now")
    async with app.run_test(size=(120, 40)) as pilot:
        beside_the_task = " ".join(line[60:].strip("│ ") for line in (await settled(pilot)).splitlines()[3:10])
        assert "Going on is cheaper only at first." in beside_the_task
        await pilot.press("w")
        assert "Going on is cheaper only at first." in await settled(pilot)


def test_the_price_of_a_way_to_go_on_is_never_cut(sample_script: Script) -> None:
    part = sample_script(ViewRequest()).now
    assert part is not None
    assert part.context is not None
    assert part.context.prospect is not None
    options = part.context.prospect.options
    dear = replace(options, new_session=replace(options.new_session, cost_nano=12_345_670_000_000))
    for width in (36, 58):
        lines = [str(one) for one in option_lines(dear, dear.best, width)]
        assert "  new session ~$12,345.67" in lines[2]
        assert max(map(len, lines)) <= width


async def test_the_ways_to_go_on_are_counted_over_the_calls_that_the_nudge_counts(sample_script: Script) -> None:
    part = sample_script(ViewRequest()).now
    assert part is not None
    assert part.nudge is not None
    calls = json.loads(part.nudge.inputs)["calls"]
    text = await drawn(dashboard(sample_script, start="now"))
    assert f"From here · ~{calls:.0f} calls likely to come ─" in text
    narrow = await drawn(dashboard(sample_script, start="now"), size=(80, 24))
    assert f"From here · ~{calls:.0f} calls ─" in narrow


async def test_the_nudge_is_whole_at_forty_columns_where_there_are_lines_for_it(sample_script: Script) -> None:
    part = sample_script(ViewRequest()).now
    assert part is not None
    assert part.nudge is not None
    text = "Compact now if you go on, 110k of context: saves ~$0.27 ($0.05 to $0.60), back in 2 turns"
    nudge = part.nudge._replace(text=text, saving=1)
    screen = await drawn(
        dashboard(lambda request: replace(sample_script(request), now=replace(part, nudge=nudge)), start="now"),
        size=(40, 20),
    )
    assert text in " ".join(line.strip("│▲ ") for line in screen.splitlines())


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "New task? Start over with `taximeter handover`: saves ~$0.65 (-$0.24 to $1.93)",
            "New task? Start over: saves ~$0.65",
        ),
        (
            "Start over with `taximeter handover` (cold, ~$0.52 again): saves ~$0.65 (-$1 to $2)",
            "Start over: saves ~$0.65",
        ),
        (
            "Compact now if you go on, 110k of context: saves ~$0.27 ($0.05 to $0.60), back in 2 turns",
            "Compact now if you go on: saves ~$0.27",
        ),
    ],
)
def test_why_the_dearer_way_is_asked_for_has_room_at_eighty_columns(text: str, told: str) -> None:
    why = "Compacting is cheaper, but keeps the old task."
    if told.startswith("Compact"):
        why = "A new session is cheaper, but knows nothing."
    for width, height, shown in ((34, 3, f"{told}. {why}"), (54, 5, f"{text}. {why}")):
        lines = [str(one).strip("▲ ") for one in nudge_lines(text, width, height, why=why)]
        assert " ".join(lines).strip() == shown
        assert len(lines) <= height


async def test_there_is_nothing_to_copy_without_a_forecast(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.now is not None
        return replace(made, now=replace(made.now, context=None))

    app = dashboard(script, start="now")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("c")
        assert [toast.message for toast in app._notifications] == ["No forecast yet: there is no command to copy."]


def due_nudge(session: str, token: str) -> DueNudge:
    text = "Compact now if you go on, 148k of context: saves ~$1.25 [/b]"
    return DueNudge(session, "/code/api", "Retry queue [/x]", NudgeKind.COMPACT, text, token)


async def nudged(app: Dashboard, pilot: Pilot[None], nudge: DueNudge) -> tuple[str, list[Edit]]:
    """What is on screen once a nudge was due, and what was noted of it."""
    app.take_nudge(nudge)
    await settled(pilot)
    await edits_done(app)
    return await settled(pilot), feed(app).edits


@pytest.mark.parametrize("start", ["spend", "now"])
async def test_a_nudge_is_a_toast_where_now_does_not_show_its_session(sample_script: Script, start: str) -> None:
    app = dashboard(sample_script, start=start)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        text, edits = await nudged(app, pilot, due_nudge("another", "t1"))
        assert "Compact now if you go on, 148k of context" in text
        assert "Nudge · Retry queue [/x]" in text
        assert edits == [NoteShown("another", "t1")]
        text, _ = await nudged(app, pilot, due_nudge("third", "t2")._replace(title=None))
        assert "Nudge · api" in text


async def test_now_shows_a_nudge_of_its_session_in_place_and_notes_it_once_drawn(sample_script: Script) -> None:
    drawn = {"nudge": False}

    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.now is not None
        return made if drawn["nudge"] else replace(made, now=replace(made.now, nudge=None))

    app = dashboard(script, start="now")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        part = sample_script(ViewRequest()).now
        assert part is not None
        assert part.nudge is not None
        nudge = due_nudge(part.session.native_id, part.nudge.token)
        text, edits = await nudged(app, pilot, nudge)
        assert (nudge.text in text, edits) == (False, [])
        drawn["nudge"] = True
        feed(app).hand_over()
        await settled(pilot)
        await edits_done(app)
        feed(app).hand_over()
        await settled(pilot)
        assert feed(app).edits == [NoteShown(nudge.session, nudge.token)]
        assert not [toast for toast in app._notifications if toast.title.startswith("Nudge")]


async def test_a_nudge_that_comes_before_its_session_is_shown_waits_for_the_next_picture(sample_script: Script) -> None:
    clock = FrozenClock()
    first = sample_script(ViewRequest())
    assert first.now is not None
    assert first.now.nudge is not None
    nudge = due_nudge(first.now.session.native_id, first.now.nudge.token)
    before = replace(first, now=replace(first.now, session=first.now.session._replace(native_id="another"), nudge=None))
    app = dashboard(lambda request: before, start="now", clock=clock)
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        clock.pass_seconds(1)
        _, edits = await nudged(app, pilot, nudge)
        assert edits == []
        app.take_snapshot(replace(first, at_ms=clock()))
        await settled(pilot)
        await edits_done(app)
        assert edits == [NoteShown(nudge.session, nudge.token)]
        assert not [toast for toast in app._notifications if toast.title.startswith("Nudge")]
        clock.pass_seconds(1)
        await nudged(app, pilot, due_nudge("a third", "t3"))
        app.take_snapshot(replace(first, at_ms=clock()))
        await settled(pilot)
        assert [toast.message for toast in app._notifications if toast.title.startswith("Nudge")] == [nudge.text]


async def test_while_paused_now_would_not_draw_it(sample_script: Script) -> None:
    app = dashboard(sample_script, start="now")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settled(pilot)
        await pilot.press("space")
        assert app.snapshot is not None
        assert app.snapshot.now is not None
        text, edits = await nudged(app, pilot, due_nudge(app.snapshot.now.session.native_id, "t1"))
        assert "Compact now if you go on, 148k of context" in text
        assert len(edits) == 1


async def test_six_lines_have_the_nudge_among_them(sample_script: Script) -> None:
    text = await drawn(dashboard(sample_script, start="now"), size=(40, 12))
    assert "▲ " in text


def test_what_was_shown_is_noted_at_its_time(own_db: sqlite3.Connection) -> None:
    nudge = nudge_on_now(own_db)
    assert nudge is not None
    own_db.execute("UPDATE nudge SET shown_at = NULL WHERE id = ?", (nudge.id,))
    native_id = own_db.execute("SELECT native_id FROM session WHERE id = ?", (nudge.session_id,)).fetchone()[0]
    assert apply_edit(own_db, NoteShown(native_id, nudge.token), NOW_MS).words == ""
    assert nudge_on_now(own_db) == nudge._replace(shown_at=NOW_MS)
