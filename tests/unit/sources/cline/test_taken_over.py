"""Sessions that Cline took over from another agent's records.

As `SessionImportService` of `@cline/core` 0.0.86 writes them: Claude Code's own counts, without the cache.
"""

import json
import shutil
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from store.invariants import check_invariants
from store.ledger import ledger_path, open_ledger
from store.records import Batch
from tests.unit.ledger.dump import Dump, differences, dump
from tests.unit.ledger.reading import before_migration
from tests.unit.sources.cline.taking_in import take_in_cline
from tracker.rebuild import rebuild
from tracker.sources.base import ReadState
from tracker.sources.cline import companions

ReadAll = Callable[..., Batch]
Usage = Callable[..., dict[str, Any]]
UPGRADE = "m017_plans_to_dos_and_answers_without_a_name"


class TestTakenOverFromAnotherAgent:
    def take_over(self, session: Any, usage: Usage, **metadata: Any) -> None:
        session.user("Go")
        session.answer({**usage(3, 40, 14_874, 1_331), "cost": 0}, id="d5AyS5kkNL6wYuKYRjauB")
        session.write(origin={"source": "desktop", "mode": "import", "trigger": "claude-code"})
        origin = {"mode": "import", "trigger": "claude-code"}
        manifest = {"session_id": session.session, "metadata": {"sessionHistoryOrigin": origin, **metadata}}
        (session.folder / f"{session.session}.json").write_text(json.dumps(manifest))

    def imported(self, session: Any) -> dict[str, Any]:
        at = datetime.fromtimestamp(session.at / 1000 + 60, UTC).isoformat().replace("+00:00", "Z")
        return {"tool": "claude-code", "sourceSessionId": "5ea3b8df", "importedAt": at}

    def go_on(self, session: Any, usage: Usage) -> None:
        session.at += 3_600_000
        session.user("Go on")
        session.answer(usage(16_500, 50, 16_208, 280, 0.01))
        session.write()

    def test_nothing_is_clines_own(self, session: Any, usage: Usage, read_all: ReadAll) -> None:
        self.take_over(session, usage, importedFrom=self.imported(session))
        batch = read_all(session.root)
        assert (batch.calls, batch.turns, batch.tools, batch.bad_lines) == ([], [], [], 0)

    def test_what_is_done_in_cline_afterwards_is(self, session: Any, usage: Usage, read_all: ReadAll) -> None:
        self.take_over(session, usage, importedFrom=self.imported(session))
        self.go_on(session, usage)
        batch = read_all(session.root)
        assert [(call.input, call.cache_read, call.output) for call in batch.calls] == [(12, 16_208, 50)]
        assert len(batch.turns) == 1

    def fork(self, session: Any, usage: Usage, forks: int) -> None:
        """A fork of it, a fork of that, and so on, each with an answer of its own."""
        before = session
        for number in range(forks):
            fork = type(session)(session.root, f"1795{number + 1}00900000_forkd")
            fork.messages = list(before.messages)
            fork.user("Other way")
            fork.answer(usage(200, 20))
            fork.write()
            metadata = {"fork": {"forkedFromSessionId": before.session}}
            manifest = {"session_id": fork.session, "metadata": metadata}
            (fork.folder / f"{fork.session}.json").write_text(json.dumps(manifest))
            before = fork

    @pytest.mark.parametrize("forks", [1, 2])
    def test_in_a_fork_of_it_nothing_more_is(self, forks: int, session: Any, usage: Usage, read_all: ReadAll) -> None:
        self.take_over(session, usage, importedFrom=self.imported(session))
        self.go_on(session, usage)
        self.fork(session, usage, forks)
        batch = read_all(session.root)
        assert "d5AyS5kkNL6wYuKYRjauB" not in {call.message_id for call in batch.calls}
        assert len({call.message_id for call in batch.calls}) == 1 + forks

    @pytest.mark.parametrize("parent", ["", "1795000000000_gone", "..", "/", "1\0", "x" * 5000, None])
    def test_a_fork_of_what_is_no_session_there_is_read(
        self, parent: str | None, session: Any, usage: Usage, read_all: ReadAll
    ) -> None:
        session.answer(usage(10, 1))
        session.write()
        named = session.session if parent is None else parent  # itself, for want of another
        manifest = {"session_id": session.session, "metadata": {"fork": {"forkedFromSessionId": named}}}
        (session.folder / f"{session.session}.json").write_text(json.dumps(manifest))
        assert len(read_all(session.root).calls) == 1

    @pytest.mark.parametrize("forks", [0, 1, 2])
    def test_a_ledger_that_counted_it_or_in_a_fork_counts_it_no_more(
        self, forks: int, session: Any, usage: Usage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.take_over(session, usage, importedFrom=self.imported(session))
        self.go_on(session, usage)
        self.fork(session, usage, forks)
        fresh = ledger_of(session.root)
        for part in ledger_path().parent.glob("ledger.db*"):
            part.unlink()
        asked = companions.began_with
        with monkeypatch.context() as older:  # which knew of no import, then of none in a fork
            older.setattr(companions, "began_with", lambda content: ((asked(content) or (0,))[0] if forks else 0, ""))
            assert len(ledger_of(session.root)["call"]) == 2 + forks
        with before_migration(ledger_path(), UPGRADE):
            pass
        assert differences(fresh, ledger_of(session.root)) == []

    @pytest.mark.parametrize(
        "damage", ["{", "[" * 100_000, '{"metadata": {"importedFrom": {"importedAt": "0001-01-01T00:00:00"}}}']
    )
    def test_an_older_ledger_is_upgraded_whatever_a_manifest_says(
        self, damage: str, session: Any, usage: Usage
    ) -> None:
        self.take_over(session, usage, importedFrom=self.imported(session))
        before = ledger_of(session.root)
        (session.folder / f"{session.session}.json").write_text(damage)
        with before_migration(ledger_path(), UPGRADE):
            pass
        with closing(open_ledger()) as db:
            assert differences(before, dump(db, without=frozenset({"source_file"}))) == []

    def test_it_waits_for_the_manifest_to_say_of_when_it_is(
        self, session: Any, usage: Usage, read_all: ReadAll
    ) -> None:
        self.take_over(session, usage)
        states: dict[str, ReadState] = {}
        assert read_all(session.root, states=states).calls == []
        assert str(session.path) not in states, "it is looked at again"


def test_beside_what_may_be_settings_a_transcript_is_read_alone(
    session: Any, usage: Usage, tmp_path: Path, read_all: ReadAll
) -> None:
    session.answer(usage(10, 1))
    session.write()
    named = tmp_path / "backup" / "my-own-name"
    shutil.copytree(session.folder, tmp_path / "backup" / session.session)
    named.mkdir()
    shutil.copy(session.path, named / "my-own-name.messages.json")
    (named / "my-own-name.json").write_text("{}")
    assert len(read_all(tmp_path / "backup").calls) == 2


def ledger_of(root: Path) -> Dump:
    """The user's ledger with what is new below `root`, tasks included."""
    with closing(open_ledger()) as db:
        take_in_cline(db, root)
        rebuild(db)
        assert [check for check in check_invariants(db) if check.broken] == []
        return dump(db, without=frozenset({"source_file"}))
