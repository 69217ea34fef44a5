"""Which session Now shows, and which stand beside it as chips, while several are at work."""

import json
import random
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from store.ledger import open_ledger
from tests.tui.fakes import dashboard, feed, screen_text, settled, snapshot
from tests.unit.ledger.reading import take_in
from tests.unit.tasks.making import MINUTE, START, Transcript
from tracker.rebuild import rebuild
from tracker.settings import Settings
from tui.app import Dashboard
from tui.readers.now import read_now
from tui.screens.now import NowScreen
from tui.snapshot import NowPart, Snapshot, ViewRequest
from tui.widgets.chips import chips
from tui.words import session_name

_START_MS = round(START.timestamp() * 1000)


class Room:
    """Sessions of a person and of programs, and what Now makes of them."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "claude"
        self.db: sqlite3.Connection = open_ledger(folder / "ledger.db")
        self._count = 0

    def work(self, session: str, minute: float, *, by_program: bool = False) -> None:
        """A prompt and its answer."""
        self._count += 1
        more: dict[str, Any] = {"entrypoint": "sdk-cli"} if by_program else {"entrypoint": "cli"}
        one = Transcript(self._root, session)
        one.minute = minute
        one._count = 10 * self._count
        one.prompt(f"words of {session}", after_minutes=0, **more).answer(f"a{self._count}", **more)
        take_in(self.db, self._root)
        rebuild(self.db)

    def leave(self, session: str) -> None:
        """`/clear`, or the client's end: it writes its total."""
        path = Transcript(self._root, session).path
        total = {"type": "cost-state", "sessionId": session, "totalCostUSD": 1.0, "startTime": _START_MS}
        with path.open("a") as file:
            file.write(json.dumps(total) + "\n")
        take_in(self.db, self._root)
        rebuild(self.db)

    def now(self, minute: float, wanted: str = "") -> NowPart:
        part = read_now(self.db, wanted, _START_MS + round(minute * MINUTE), 1, Settings())
        assert part is not None
        return part


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def chips_of(part: NowPart) -> list[str]:
    return [one.native_id for one in part.sessions]


def test_chips_stand_by_the_start_of_their_sessions_whoever_wrote_last(room: Room) -> None:
    for minute, session in enumerate(("b", "a", "c")):
        room.work(session, minute)
    assert chips_of(room.now(3)) == ["b", "a", "c"]
    room.work("b", 4)
    assert chips_of(room.now(5)) == ["b", "a", "c"]


def test_the_requested_session_stays_shown_until_it_rests(room: Room) -> None:
    room.work("a", 0)
    room.work("b", 5)
    assert room.now(6).session.native_id == "b"
    assert room.now(6, "a").session.native_id == "a"
    part = room.now(17, "a")
    assert (part.session.native_id, chips_of(part)) == ("b", ["b"])


def test_it_stays_among_the_chips_when_there_are_more_than_are_read(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.readers.now.MAX_SESSIONS", 2)
    for minute, session in enumerate("abcd"):
        room.work(session, minute)
    part = room.now(5, "a")
    assert (part.session.native_id, chips_of(part)) == ("a", ["a", "d"])
    strip = str(chips(part.sessions, "a", 30, part.unlisted))
    assert "words of a" in strip
    assert strip.endswith(" +3")
    assert room.now(17.5).unlisted == 0


def test_calls_ahead_of_a_clock_that_was_set_back_burn_nothing(room: Room) -> None:
    room.work("a", 0)
    room.work("a", 50)
    assert [len(room.now(minute).costs) for minute in (30, 49, 51, 62, 111)] == [1, 1, 2, 1, 0]


def test_runs_of_programs_do_not_take_the_place_of_the_persons_session_at_rest(room: Room) -> None:
    room.work("mine", 0)
    for number in range(4):
        room.work(f"run{number}", 18 + number, by_program=True)
    part = room.now(23)
    assert part.session.native_id == "mine"
    assert chips_of(part) == ["mine", "run0", "run1", "run2", "run3"]
    assert room.now(23, "run2").session.native_id == "run2"
    room.work("new", 24)
    assert room.now(25).session.native_id == "new"
    assert "mine" not in chips_of(room.now(25))


def test_runs_of_programs_stand_alone_where_no_person_worked_that_day(room: Room) -> None:
    room.work("mine", 0)
    for number in range(2):
        room.work(f"run{number}", 25 * 60 + number, by_program=True)
    part = room.now(25 * 60 + 3)
    assert (part.session.native_id, chips_of(part)) == ("run1", ["run0", "run1"])


def test_a_chip_without_a_title_has_the_opening_words(room: Room) -> None:
    room.work("a", 0)
    assert session_name(room.now(1).session) == "words of a"


def test_a_chip_says_that_its_session_has_a_nudge(room: Room) -> None:
    for minute, session in enumerate("abcde"):
        room.work(session, minute)
    nudged = room.db.execute("SELECT id FROM session WHERE native_id = 'c'").fetchone()[0]
    part = room.now(5)
    assert part.nudged == frozenset()
    assert "○ ▲ words of c" in str(chips(part.sessions, "b", 120, 0, {nudged}))
    assert str(chips(part.sessions, "a", 60, 0, {nudged})).endswith(" +3 ▲  ← →")
    for width in (30, 60, 80, 120):
        assert chips(part.sessions, "b", width, 0, {nudged}).cell_length <= width


async def test_the_shown_session_stays_while_another_is_busier(room: Room) -> None:
    """Each second another session has the latest record; only the arrows and rest change what is shown."""
    minute = {"at": 4.0}
    for index, session in enumerate("abc"):
        room.work(session, index)

    def script(request: ViewRequest) -> Snapshot:
        return replace(snapshot(request), spend=None, now=room.now(minute["at"], request.session))

    app = dashboard(script, start="now")
    chance = random.Random(1)
    async with app.run_test(size=(120, 40)) as pilot:
        assert shown_in(await settled(pilot)) == "c"
        shown = "c"
        for _ in range(24):
            minute["at"] += 0.5
            room.work(chance.choice("ab"), minute["at"])
            minute["at"] += 0.1
            feed(app).hand_over()
            text = await settled(pilot)
            assert shown_in(text) == shown
            chips_line = text.splitlines()[1]
            assert [chips_line.index(f"words of {one}") for one in "abc"] == sorted(
                chips_line.index(f"words of {one}") for one in "abc"
            )
            if chance.random() < 0.3:
                key = chance.choice(("left", "right"))
                await pilot.press(key)
                at = "abc".index(shown) + (1 if key == "right" else -1)
                shown = "abc"[max(0, min(2, at))]
                assert shown_in(await settled(pilot)) == shown
            if shown == "c":
                room.work("c", minute["at"])


class Watched:
    """A dashboard over the room, looked at minute by minute."""

    def __init__(self, room: Room) -> None:
        self._minute = 1.0
        self.app = dashboard(
            lambda request: replace(snapshot(request), spend=None, now=room.now(self._minute, request.session)),
            start="now",
        )

    async def shows(self, pilot: Pilot[None], minute: float) -> str:
        """The session that Now shows from then on."""
        self._minute = minute
        feed(self.app).hand_over()
        await settled(pilot)
        await settled(pilot)
        assert self.app.snapshot is not None
        assert self.app.snapshot.now is not None
        return self.app.snapshot.now.session.native_id


async def test_a_left_session_is_replaced_by_the_one_where_the_user_continued(room: Room) -> None:
    """`/clear` begins another session in the same terminal; a run of a program is not it, and the arrows lead back."""
    watched = Watched(room)
    room.work("a", 0)
    async with watched.app.run_test(size=(120, 40)) as pilot:
        assert await watched.shows(pilot, 1) == "a"
        room.leave("a")
        room.work("run", 2, by_program=True)
        assert await watched.shows(pilot, 3) == "a"
        room.work("b", 4)
        assert await watched.shows(pilot, 5) == "b"
        await pilot.press("left", "left")
        assert await watched.shows(pilot, 5) == "a"
        room.work("b", 6)
        assert await watched.shows(pilot, 7) == "a", "the user asked for it"


async def test_a_session_that_was_taken_up_again_stays(room: Room) -> None:
    watched = Watched(room)
    room.work("a", 0)
    async with watched.app.run_test(size=(120, 40)) as pilot:
        assert await watched.shows(pilot, 1) == "a"
        room.leave("a")
        room.work("a", 2)
        room.work("b", 3)
        assert await watched.shows(pilot, 4) == "a"


async def test_the_persons_session_takes_the_place_of_a_run_that_is_over(room: Room) -> None:
    watched = Watched(room)
    room.work("run", 0, by_program=True)
    async with watched.app.run_test(size=(120, 40)) as pilot:
        assert await watched.shows(pilot, 1) == "run"
        room.leave("run")
        room.work("mine", 2)
        assert await watched.shows(pilot, 3) == "mine"


def over_three_sessions(room: Room) -> Dashboard:
    """A dashboard that shows the session asked for of a, b and c, the latest."""
    for index, session in enumerate("abc"):
        room.work(session, index)
    parts = {name: room.now(4, name) for name in ("", "a", "b", "c")}
    return dashboard(lambda request: replace(snapshot(request), spend=None, now=parts[request.session]), start="now")


async def test_two_arrows_at_once_go_two_sessions_on(room: Room) -> None:
    app = over_three_sessions(room)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert isinstance(app.screen, NowScreen)
        app.screen.action_session(-1)
        app.screen.action_session(-1)
        await settled(pilot)
        assert shown_in(screen_text(app)) == "a"


async def test_a_click_on_a_chip_shows_its_session(room: Room) -> None:
    app = over_three_sessions(room)
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(pilot)
        for session in "acb":
            await pilot.click("#chips", offset=(text.splitlines()[1].index(f"words of {session}"), 0))
            text = await settled(pilot)
            assert shown_in(text) == session


async def test_a_double_click_on_a_chip_goes_no_further_while_its_figures_are_read(room: Room) -> None:
    for index, session in enumerate("abc"):
        room.work(session, index)
    part = room.now(4, "a")
    app = dashboard(lambda request: replace(snapshot(request), spend=None, now=part), start="now")
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(pilot)
        feed(app).script = lambda _request: None
        chip = text.splitlines()[1].index("words of b")
        await pilot.click("#chips", offset=(chip, 0), times=2)
        assert app.request.session == "b"
        await pilot.click("#chips", offset=(text.splitlines()[1].index("words of a"), 0))
        assert app.request.session == "a"


def shown_in(text: str) -> str:
    """The session of the marked chip."""
    return text.splitlines()[1].split("● words of ")[1][0]
