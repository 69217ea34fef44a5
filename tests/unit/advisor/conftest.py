"""A ledger, a folder of transcripts and an advisor whose files are kept in memory."""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from store.advice_format import Advice, Nudge, Today
from store.ledger import open_ledger
from tests.unit.advisor.transcripts import START_MS, Transcript
from tests.unit.ledger.reading import take_in
from tracker.advisor.advisor import Advisor, DueNudge
from tracker.model.defaults import DAY_MS
from tracker.rebuild import rebuild
from tracker.settings import settings_path


class Files:
    """Advice as hooks would find it."""

    def __init__(self) -> None:
        self.advice: dict[str, Advice] = {}
        self.today: Today = {}
        self.marks: dict[str, dict[str, int]] = {}

    def shown(self, session: str) -> Mapping[str, int]:
        return self.marks.get(session, {})

    def write(self, session: str, advice: Advice) -> bool:
        self.advice[session] = advice
        return True

    def write_today(self, today: Today) -> None:
        self.today = today

    def show(self, session: str, event: str, now: int) -> str | None:
        """What a hook would print at this event: the first nudge that is due and was not shown."""
        advice = self.advice.get(session, {})
        for nudge in (advice.get("nudge"), *advice.get("pending", [])):
            if nudge is None or event not in nudge.get("events", [event]):
                continue
            shown = self.marks.setdefault(session, {})
            if nudge.get("not_before", 0) <= now < nudge["expires_at"] and nudge["id"] not in shown:
                shown[nudge["id"]] = now
                return nudge["text"]
        return None


class Desk:
    """Everything that a test of the advisor needs in one hand."""

    def __init__(self, folder: Path) -> None:
        self.claude_dir = folder / "claude"
        (self.claude_dir / "projects").mkdir(parents=True)
        self.settings = settings_path()
        self.settings.parent.mkdir(exist_ok=True)
        self.db: sqlite3.Connection = open_ledger(folder / "ledger.db")
        self.files = Files()
        self.advisor = self.new_advisor()

    def new_advisor(self, began: int = 0) -> Advisor:
        """Another process's advisor on the same ledger and files."""
        return Advisor(self.files, began=began)

    def transcript(self, **options: object) -> Transcript:
        """A new session's file."""
        return Transcript(self.claude_dir, **options)  # type: ignore[arg-type]

    def take_in(self) -> None:
        """What the watcher does before it advises."""
        take_in(self.db, self.claude_dir)
        rebuild(self.db)

    def advise(self, now: int, advisor: Advisor | None = None) -> list[DueNudge]:
        """Take in what is new and advise as of `now`."""
        self.take_in()
        return (advisor or self.advisor).refresh(self.db, now)

    def advice(self, transcript: Transcript) -> Advice:
        """A session's advice file."""
        return self.files.advice[transcript.session]

    def nudge(self, transcript: Transcript) -> Nudge:
        """The nudge in a session's file."""
        nudge = self.advice(transcript)["nudge"]
        assert nudge is not None
        return nudge

    def log(self, kind: str) -> list[sqlite3.Row]:
        """Rows of the log of a kind, oldest first."""
        cursor = self.db.cursor()
        cursor.row_factory = sqlite3.Row
        return cursor.execute("SELECT * FROM nudge WHERE kind = ? ORDER BY id", (kind,)).fetchall()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.db.close()


def only(desk: Desk, kind: str) -> None:
    """Let one kind speak."""
    desk.settings.write_text(f'[nudges]\nkinds = ["{kind}"]\n')


def compacted(desk: Desk, number: int, after: int) -> Transcript:
    """A session of 30k that compacts at 130k; the next prompt holds `after`."""
    one = desk.transcript(start_ms=START_MS + number * DAY_MS)
    one.prompt("Add totals to the report").tool_turns([30_000, 90_000, 130_000])
    one.compact(130_000, after, trigger="auto")
    return one.prompt("go on").tool_turns([after, after + 5_000])
