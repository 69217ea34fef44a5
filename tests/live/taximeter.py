"""Taximeter in a live test: installed from this folder for one imaginary user, its watcher, its ledger."""

import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from hooks.advice import due_nudges, read_advice

from .claude_home import ClaudeHome
from .script import Usage
from .waiting import wait_until
from .workspace import CommandResult

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = "taximeter@taximeter"
_TIMES_MS = (1_700_000_000_000, 2_000_000_000_000)  # what lies between them in the ledger is a time
_TIMESTAMP = re.compile(rb'("timestamp":\s*")(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)')


class Taximeter:
    """The program as this user has it: `HOME` decides where its state lies, as it would in earnest."""

    def __init__(self, home: ClaudeHome) -> None:
        self._home = home
        self.state = home.path / ".local" / "share" / "taximeter"
        self._command = [sys.executable, "-I", str(ROOT / "taximeter.py")]

    def run(self, *words: str, environment: Mapping[str, str] | None = None) -> CommandResult:
        """Run `taximeter WORDS`; raises AssertionError with its words if it fails."""
        done = self._home.workspace.run([*self._command, *words], environment=environment)
        assert done.exit_code == 0, done.stdout + done.stderr
        return done

    @contextmanager
    def watching(self) -> Iterator[Path]:
        """A watcher beside the session; gives the file that it prints to."""
        printed = self._home.path / "watch.txt"
        with printed.open("ab") as file:
            process = subprocess.Popen(
                [*self._command, "watch"],
                env=self._home.workspace.environment(),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
            )
        try:
            wait_until(
                lambda: process.poll() is not None or "Ctrl-C ends it" in printed.read_text(),
                timeout_seconds=20.0,
                facts=printed.read_text,
            )
            assert process.poll() is None, printed.read_text()
            yield printed
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=20)

    def settings_files(self) -> dict[Path, bytes]:
        """Every settings file of the client, this user's and the project's."""
        folders = (self._home.config, self._home.project / ".claude")
        return {path: path.read_bytes() for folder in folders for path in sorted(folder.rglob("settings*.json"))}

    def ledger(self) -> sqlite3.Connection:
        """The ledger, to be read."""
        return sqlite3.connect(f"file:{self.state / 'ledger.db'}?mode=ro", uri=True)

    def recorded_usage(self) -> dict[str, Usage]:
        """Usage by message id as the ledger has it."""
        if not (self.state / "ledger.db").exists():
            return {}
        with closing(self.ledger()) as db:
            rows = db.execute("SELECT message_id, input, cache_read, write_5m, write_1h, output FROM call").fetchall()
        return {row[0]: Usage(*row[1:]) for row in rows}

    def session_cost(self, session_id: str) -> int:
        """What the ledger says that a session has cost, in nano-dollars."""
        asked = "SELECT SUM(cost) FROM call JOIN session ON session.id = session_id WHERE native_id = ?"
        with closing(self.ledger()) as db:
            return int(db.execute(asked, (session_id,)).fetchone()[0])

    def wait_until_complete(self) -> None:
        """Wait until the ledger says of every call what the client's transcripts say."""
        wait_until(
            lambda: self.recorded_usage() == self._home.recorded_usage(),
            timeout_seconds=5.0,
            facts=lambda: f"ledger {self.recorded_usage()}\ntranscripts {self._home.recorded_usage()}",
        )

    def wait_for_advice(self, session_id: str, beginning: str) -> None:
        """Wait until a hook may say a sentence that begins so."""

        def is_due() -> bool:
            nudges = due_nudges(read_advice(str(self.state), session_id), time.time_ns() // 1_000_000)
            return any(str(nudge["text"]).startswith(beginning) for nudge in nudges)

        wait_until(is_due, timeout_seconds=20.0, facts=lambda: str(read_advice(str(self.state), session_id)))

    def nudges(self) -> list[tuple[str, str]]:
        """(kind, text) of every nudge that was picked, in order."""
        with closing(self.ledger()) as db:
            return db.execute("SELECT kind, text FROM nudge WHERE chosen ORDER BY id").fetchall()

    def hook_milliseconds(self) -> dict[str, float]:
        """How long each hook took when it ran last, interpreter start included."""
        folder = self.state / "logs" / "fired"
        return {path.name: float(path.read_text().split()[1]) for path in sorted(folder.iterdir())}

    def hook_errors(self) -> str:
        """What hooks had to complain about."""
        log = self.state / "logs" / "hook.log"
        return log.read_text() if log.exists() else ""


def let_time_pass(transcripts: list[Path], *, hours: int) -> None:
    """Make sessions look as if they had ended so many hours earlier: every time in their files moves back."""

    def earlier(found: "re.Match[bytes]") -> bytes:
        moved = datetime.fromisoformat(found.group(2).decode()) - timedelta(hours=hours)
        return found.group(1) + moved.isoformat(timespec="seconds").encode()

    for path in transcripts:
        facts = path.stat()
        path.write_bytes(_TIMESTAMP.sub(earlier, path.read_bytes()))
        os.utime(path, (facts.st_atime - 3600 * hours, facts.st_mtime - 3600 * hours))


def let_time_pass_in_ledger(ledger: Path, *, hours: int) -> None:
    """The same for a ledger that nobody has open: every time in it moves back, prices' own dates aside."""
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name != 'price'"
    with closing(sqlite3.connect(ledger)) as db:
        for (table,) in db.execute(tables).fetchall():
            for _, column, kind, *_ in db.execute(f"PRAGMA table_info({table})").fetchall():
                if kind == "INTEGER":
                    moved = f"UPDATE {table} SET {column} = {column} - ? WHERE {column} BETWEEN ? AND ?"
                    db.execute(moved, (3_600_000 * hours, *_TIMES_MS))
        db.commit()
