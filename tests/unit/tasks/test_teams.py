"""Agent teams: a teammate's session is on the task that its lead was at when it began, in whatever order files come."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.ledger import open_ledger
from tests.unit.ledger.reading import take_in
from tests.unit.tasks.making import Transcript, ledger_of, rebuild_everything, records, turn
from tests.unit.tasks.making import event as mark
from tracker.cli.task import draw
from tracker.edit_tasks import commands as edit_tasks
from tracker.model.tasks.boundaries import Decision, LocalPlacement, decide
from tracker.model.tasks.turns import arrange
from tracker.rebuild import rebuild
from tracker.reports.carried import task_carried
from tracker.reports.task import task_detail
from tracker.reports.task_hindsight import task_hindsight
from tracker.reports.tasks import tasks_report
from tui.screens.task import curve

TEAM: dict[str, Any] = {"teamName": "crew"}
UPLOADS, INVOICES = "add retries to the uploader", "another issue: let's round the invoices"


def message(text: str) -> str:
    """What a teammate reads first."""
    return f'<teammate-message teammate_id="team-lead">\n{text}\n</teammate-message>'


def assignment(subject: str) -> str:
    """An assignment of work."""
    return message(json.dumps({"type": "task_assignment", "taskId": "1", "subject": subject}))


def lead_of(root: Path, session: str = "lead", **given: Any) -> Transcript:
    """A session that leads the crew."""
    return Transcript(root, session, **given)


def mate_of(root: Path, name: str, minute: float, *, team: str = "crew", words: int = 1, **given: Any) -> Transcript:
    """A teammate's session with `words` messages and an answer to each."""
    own: dict[str, Any] = {"teamName": team, "agentName": name}
    mate = Transcript(root, name, **given)
    mate.minute = minute
    for number in range(words):
        mate.prompt(assignment(f"part {number} of {name}"), **own).answer(f"{name}-{number}", **own)
    return mate


def two_tasks(root: Path) -> Transcript:
    """A lead that starts a second task after about an hour."""
    lead = lead_of(root)
    lead.prompt(UPLOADS).answer("l1", **TEAM).answer("l2", **TEAM)
    lead.prompt("<command-name>/clear</command-name>", after_minutes=60)
    return lead.prompt(INVOICES, **TEAM).answer("l3", **TEAM)


def ledger(folder: Path, *roots: Path) -> sqlite3.Connection:
    """A ledger of these folders, with its tasks."""
    db = ledger_of(folder, *roots)
    rebuild(db)
    return db


Told = list[tuple[Any, ...]]


def told(db: sqlite3.Connection) -> tuple[Told, Told]:
    """Where every turn is, and what the tasks are; without the ledger's own numbers."""
    turns = db.execute(
        "SELECT native_id, prompt_uuid, task_turn.task_id, link_kind FROM task_turn JOIN session"
        " ON session.id = task_turn.session_id JOIN task_part USING (session_id, root) ORDER BY native_id, prompt_uuid"
    )
    tasks = db.execute("SELECT id, title, status, turns, calls, cost, waste, carry_over FROM task ORDER BY id")
    return turns.fetchall(), tasks.fetchall()


def members(db: sqlite3.Connection) -> dict[str, set[str]]:
    """Sessions of each task by its title."""
    return {task.title: set(json.loads(task.sessions)) for task in tasks_report(db).tasks}


def task_of(db: sqlite3.Connection, session: str) -> str:
    """The one task of a session."""
    ((task,),) = db.execute(
        "SELECT DISTINCT task_id FROM task_part JOIN session ON session.id = session_id WHERE native_id = ?", (session,)
    )
    return str(task)


def test_each_teammate_is_on_what_the_lead_was_at_when_it_began(tmp_path: Path) -> None:
    root = tmp_path / "c"
    two_tasks(root)
    mate_of(root, "early", 10, words=3)
    mate_of(root, "late", 90)
    mate_of(root, "before", -5)
    db = ledger(tmp_path, root)
    assert members(db) == {UPLOADS: {"lead", "early", "before"}, INVOICES: {"lead", "late"}}
    (calls, cost) = db.execute("SELECT COUNT(*), SUM(cost) FROM call").fetchone()
    assert db.execute("SELECT SUM(calls), SUM(cost) FROM task").fetchone() == (calls, cost)


@pytest.mark.parametrize("order", [("lead", "early", "late"), ("late", "early", "lead"), ("early", "lead", "late")])
def test_the_order_in_which_the_files_come_makes_no_difference(order: Sequence[str], tmp_path: Path) -> None:
    root = tmp_path / "c"
    two_tasks(root)
    mate_of(root, "early", 10)
    mate_of(root, "late", 90)
    db = ledger(tmp_path, root)
    files = {file.stem: file for file in root.rglob("*.jsonl")}
    (tmp_path / "b").mkdir()
    other = ledger_of(tmp_path / "b")
    for name in order:
        file = tmp_path / "d" / files[name].relative_to(root)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(files[name].read_bytes())
        take_in(other, tmp_path / "d")
        rebuild(other)
    assert told(other) == told(db)
    rebuild_everything(other)
    assert told(other) == told(db)


@settings(max_examples=40)
@given(st.data())
def test_any_arrival_gives_what_a_full_rebuild_gives(data: st.DataObject) -> None:
    """Leads that come and go, names used again, other projects, files in two pieces and read at any time."""
    with TemporaryDirectory() as name:
        whole, grown = Path(name) / "whole", Path(name) / "grown"
        _draw_crews(whole, data)
        pieces = _draw_pieces(whole, data)
        Path(name, "one").mkdir()
        with (
            closing(ledger_of(Path(name) / "one", whole)) as at_once,
            closing(open_ledger(Path(name) / "two.db")) as piecewise,
        ):
            rebuild(at_once)
            for file, content in pieces:
                path = grown / file
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("ab") as handle:
                    handle.write(content)
                if data.draw(st.booleans(), "read now"):
                    take_in(piecewise, grown)
                    rebuild(piecewise)
            take_in(piecewise, grown)
            rebuild(piecewise)
            assert told(piecewise) == told(at_once)
            rebuild_everything(piecewise)
            assert told(piecewise) == told(at_once)


def _draw_crews(root: Path, data: st.DataObject) -> None:
    """Sessions at different minutes: no two lines of two files are of one time."""
    starts = data.draw(st.lists(st.integers(0, 200), min_size=2, max_size=6, unique=True), "starts")
    for number, start in enumerate(starts):
        team = data.draw(st.sampled_from(("crew", "band")), "team")
        place = data.draw(st.sampled_from(("/code/api", "/code/web")), "project")
        branch = data.draw(st.sampled_from(("main", "feat/API-7")), "branch")
        if data.draw(st.booleans(), "lead"):
            lead = lead_of(root, f"lead-{number}", project=place, branch=branch)
            lead.minute = start + 0.001 * number
            lead.prompt("<command-name>/clear</command-name>").prompt(f"{UPLOADS} {number}").answer(f"{number}-0")
            for turn_number in range(data.draw(st.integers(0, 2), "turns")):
                later = data.draw(st.sampled_from(("crew", "band", team)), "team now")
                lead.prompt("<command-name>/clear</command-name>", after_minutes=40)
                lead.prompt(INVOICES, teamName=later).answer(f"{number}-{turn_number}-x", teamName=later)
        else:
            mate_of(root, f"mate-{number}", start + 0.001 * number, team=team, words=2, project=place, branch=branch)


def _draw_pieces(root: Path, data: st.DataObject) -> list[tuple[Path, bytes]]:
    """Every file in up to two pieces, pieces of a file in order, files in any order."""
    pieces: dict[Path, list[bytes]] = {}
    for file in sorted(root.rglob("*.jsonl")):
        content = file.read_bytes()
        cut = data.draw(st.integers(0, len(content)), "cut")
        pieces[file.relative_to(root)] = [content[:cut], content[cut:]]
    order = data.draw(st.permutations([file for file in pieces for _ in range(2)]), "order")
    return [(file, pieces[file].pop(0)) for file in order]


def test_a_teammate_without_its_lead_is_a_task_of_its_own_and_has_a_title(tmp_path: Path) -> None:
    root = tmp_path / "c"
    mate_of(root, "early", 10, words=3)
    mate_of(root, "other crew", 20, team="band")
    lead_of(root).prompt(UPLOADS).answer("l1", teamName="crew and more")
    db = ledger(tmp_path, root)
    assert members(db) == {
        "part 0 of early": {"early"},
        "part 0 of other crew": {"other crew"},
        UPLOADS: {"lead"},
    }


def test_a_lead_with_a_second_team_keeps_the_first(tmp_path: Path) -> None:
    root = tmp_path / "c"
    lead = two_tasks(root)
    mate_of(root, "early", 10)
    mate_of(root, "late", 90, team="band")
    db = ledger(tmp_path, root)
    assert task_of(db, "early") != task_of(db, "late")
    lead.prompt("and a test", teamName="band").answer("l4", teamName="band")
    take_in(db, root)
    rebuild(db)
    assert members(db) == {UPLOADS: {"lead", "early"}, INVOICES: {"lead", "late"}}


def test_a_teams_name_used_again_is_distinguished_by_project_and_time(tmp_path: Path) -> None:
    root = tmp_path / "c"
    for name, minute, project in (("a", 0, "/code/api"), ("b", 15, "/code/api"), ("w", 505, "/code/web")):
        lead = lead_of(root, name, project=project)
        lead.minute = minute
        lead.prompt(f"{UPLOADS} {name}", **TEAM).answer(f"l-{name}", **TEAM)
        mate_of(root, f"of {name}", minute + 10, project=project)
    mate_of(root, "elsewhere", 520, project="/tmp/worktree")
    db = ledger(tmp_path, root)
    for name in "abw":
        assert task_of(db, f"of {name}") == task_of(db, name)
    assert task_of(db, "elsewhere") == task_of(db, "w"), "of no lead's project: the latest before it"


def test_a_lead_that_turns_teammate_leads_nobody(tmp_path: Path) -> None:
    root, branch = tmp_path / "c", "feat/API-7-uploads"
    Transcript(root, "earlier", branch=branch).prompt(UPLOADS).answer("e")
    lead = lead_of(root)
    lead.minute = 20
    lead.prompt(INVOICES).answer("l1", **TEAM)
    mate_of(root, "early", 30, branch=branch)
    db = ledger(tmp_path, root)
    assert members(db) == {UPLOADS: {"earlier"}, INVOICES: {"lead", "early"}}
    lead.prompt(message("You are the second scout."), **TEAM, agentName="scout").answer("l2", **TEAM)
    take_in(db, root)
    rebuild(db)
    assert members(db) == {UPLOADS: {"earlier", "early"}, INVOICES: {"lead"}}, "its branch links it"
    before = told(db)
    rebuild_everything(db)
    assert told(db) == before


class TestEdits:
    """The user's word stands above the link."""

    @pytest.fixture
    def db(self, tmp_path: Path) -> sqlite3.Connection:
        root = tmp_path / "c"
        two_tasks(root)
        mate_of(root, "early", 10, words=3)
        return ledger(tmp_path, root)

    def number(self, db: sqlite3.Connection, task: str, session: str, nth: int = 0) -> int:
        """The number within its task of a session's turn."""
        turns = db.execute(
            "SELECT native_id FROM task_turn JOIN session ON session.id = session_id WHERE task_id = ?"
            " ORDER BY at, session_id, ordinal",
            (task,),
        ).fetchall()
        return [place for place, (name,) in enumerate(turns, start=1) if name == session][nth]

    def check_and_undo(self, db: sqlite3.Connection, before: tuple[Told, Told]) -> None:
        after = told(db)
        rebuild_everything(db)
        assert told(db) == after, "an edit holds"
        edit_tasks.undo(db)
        assert told(db) == before

    def test_a_teammate_split_off_is_a_task_of_its_own(self, db: sqlite3.Connection) -> None:
        before = told(db)
        task = task_of(db, "early")
        new = edit_tasks.split(db, task, self.number(db, task, "early"))
        assert members(db) == {UPLOADS: {"lead"}, INVOICES: {"lead"}, "part 0 of early": {"early"}}
        assert task_of(db, "early") == new
        self.check_and_undo(db, before)

    def test_a_teammate_may_be_cut_by_hand(self, db: sqlite3.Connection) -> None:
        before = told(db)
        task = task_of(db, "early")
        edit_tasks.split(db, task, self.number(db, task, "early", 1))
        assert members(db) == {UPLOADS: {"lead", "early"}, INVOICES: {"lead"}, "part 1 of early": {"early"}}
        self.check_and_undo(db, before)

    def test_a_message_moved_elsewhere_leaves_the_others(self, db: sqlite3.Connection) -> None:
        before = told(db)
        task, other = task_of(db, "early"), next(one.id for one in tasks_report(db).tasks if one.title == INVOICES)
        edit_tasks.move(db, task, self.number(db, task, "early"), other)
        places = db.execute(
            "SELECT task_id FROM task_turn JOIN session ON session.id = session_id WHERE native_id = 'early'"
            " ORDER BY ordinal"
        )
        assert [place for (place,) in places] == [other, task, task]
        self.check_and_undo(db, before)

    def test_a_teammate_goes_where_its_lead_is_merged(self, db: sqlite3.Connection) -> None:
        before = told(db)
        first, second = task_of(db, "early"), next(one.id for one in tasks_report(db).tasks if one.title == INVOICES)
        edit_tasks.merge(db, second, [first])
        assert task_of(db, "early") == second
        self.check_and_undo(db, before)


def test_nothing_that_a_teammate_is_told_cuts_its_session(tmp_path: Path) -> None:
    root = tmp_path / "c"
    mate = mate_of(root, "early", 10)
    mate.prompt("<command-name>/clear</command-name>").prompt(INVOICES, after_minutes=300).answer("typed")
    mate.prompt("<command-name>/clear</command-name>").prompt(UPLOADS).answer("typed too")
    db = ledger(tmp_path, root)
    assert members(db) == {INVOICES: {"early"}}
    lead_of(root).prompt("we need a new crew").answer("l1", **TEAM)
    take_in(db, root)
    rebuild(db)
    assert members(db) == {"we need a new crew": {"lead", "early"}}


def test_a_teammates_session_is_cut_by_words_alone() -> None:
    made = records(
        turns=[turn("a", 10, UPLOADS), turn("b", 20, INVOICES), turn("c", 30, INVOICES)], events=[mark("clear", 15)]
    )
    turns = arrange(made)
    assert [one.decision for one in decide(turns, "claude-code")][1] == Decision.FIRST
    assert [one.group for one in decide(turns, "claude-code", is_whole=True)] == [0, 0, 0]
    assert [one.group for one in decide(turns, "claude-code", {1: LocalPlacement("start")}, is_whole=True)] == [0, 1, 1]
    assert not any(one.features for one in decide(turns, "claude-code", is_whole=True)), "nothing to learn from"


def test_numbers_of_a_teams_own_tasks_are_no_issues(tmp_path: Path) -> None:
    root = tmp_path / "c"
    for name, minute in (("one", 0), ("two", 60)):
        session = Transcript(root, name, branch="feat/uploads")
        session.minute = minute
        session.prompt(UPLOADS).answer(f"{name}-1").prompt(message("Task #24 is done.")).answer(f"{name}-2")
    db = ledger(tmp_path, root)
    assert len(tasks_report(db).tasks) == 2


def test_teammates_at_work_at_once_are_shown_one_after_the_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = tmp_path / "c"
    lead_of(root).prompt(UPLOADS).answer("l1", **TEAM).answer("l2", **TEAM)
    mate_of(root, "one", 10, words=3)
    mate_of(root, "two", 10.5, words=3)
    db = ledger(tmp_path, root)
    detail = task_detail(db, task_of(db, "lead"))
    assert detail is not None
    sessions = [call.session_id for call in detail.main_calls]
    assert len(sessions) == detail.task.calls == 8
    assert sum(one != other for one, other in pairwise(sessions)) == 2
    draw(detail, task_hindsight(db, detail), task_carried(db, detail.task.id))
    assert "at the end, 3 sessions ┆" in capsys.readouterr().out
    assert [mark.words for mark in curve(detail)[1]] == ["other session", "other session"]
