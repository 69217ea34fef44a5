"""The database file itself: its schema, and what happens when it is newer, damaged, full or out of reach."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from multiprocessing import get_all_start_methods, get_context
from pathlib import Path
from typing import Any

import pytest

from store import migrations
from store.damage import damaged_ledgers
from store.ledger import LedgerError, ledger_path, open_ledger, transaction
from store.schema_version import SCHEMA_VERSION
from tracker import ingest, ingest_workers
from tracker.ingest import IngestJob, SyncReport, discover_files, find_pending, read_file
from tracker.sources.base import Options, Piece, Sources
from tracker.sources.claude_code import ClaudeCodeSource

from .columns import GOLDEN, columns_text
from .plain import COST, FILE, session_of
from .reading import ledger_of, price_book, take_in, write_tree


def test_a_blank_ledger_has_exactly_the_columns_of_the_golden_file(tmp_path: Path) -> None:
    """`python -m tests.unit.ledger.columns` writes the file anew after a migration was added."""
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert columns_text(db) == GOLDEN.read_text()


def test_the_schema_version_is_the_number_of_migrations(tmp_path: Path) -> None:
    import sqlite_utils

    database = sqlite_utils.Database(memory=True)
    assert len(migrations.library().pending(database)) == SCHEMA_VERSION
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert db.execute("SELECT COUNT(*) FROM _sqlite_migrations").fetchone() == (SCHEMA_VERSION,)


def test_every_older_ledger_comes_up_to_date_with_what_it_held(tmp_path: Path) -> None:
    import sqlite_utils

    names = [migration.name for migration in migrations.library().pending(sqlite_utils.Database(memory=True))]
    for released, stop in enumerate(names[1:], start=1):
        path = tmp_path / f"{released}.db"
        with closing(sqlite3.connect(path)) as old:
            migrations.library().apply(sqlite_utils.Database(old), stop_before=stop)
            old.execute("INSERT INTO session (agent, native_id, title) VALUES ('claude-code', 's1', 'kept')")
            old.execute(f"PRAGMA user_version = {released}")
            old.commit()
        with closing(open_ledger(path)) as db:
            assert db.execute("SELECT title FROM session").fetchall() == [("kept",)]
            assert columns_text(db) == GOLDEN.read_text()


def test_a_ledger_is_for_its_owner_only(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "claude", {FILE: session_of(1)})
    with closing(open_ledger()) as db:
        take_in(db, root)
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in ledger_path().parent.iterdir()}
        assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(ledger_path().parent.stat().st_mode) == 0o700


def test_a_ledger_from_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with closing(open_ledger(path)) as db:
        db.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"newer taximeter .* upgrade taximeter") as refusal:
        open_ledger(path)
    assert "\n" not in str(refusal.value)
    assert path.read_bytes() == before


def test_a_python_whose_sqlite_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """That of RHEL 9 is linked with 3.34, whose word for it would be a syntax error."""
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    with pytest.raises(LedgerError, match=r"^this Python has SQLite 3\.34\.1, and the ledger needs 3\.37 or newer"):
        open_ledger()
    assert not ledger_path().exists()


def test_a_program_that_is_older_than_its_ledger_by_now_writes_no_more(tmp_path: Path) -> None:
    """A watcher that stays open across an upgrade would leave gaps that nobody fills."""
    root = write_tree(tmp_path / "claude", {FILE: session_of(1)})
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as newer:
            newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        with pytest.raises(LedgerError, match="newer taximeter"):
            take_in(db, root)
        with pytest.raises(LedgerError, match="newer taximeter"), transaction(db):
            db.execute("DELETE FROM call")
        assert not db.in_transaction
        assert db.execute("SELECT COUNT(*) FROM source_file").fetchone() == (0,)


def test_workers_of_a_program_that_is_older_than_its_ledger_by_now_write_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(tmp_path / "claude", {FILE: session_of(1)})
    sources: Sources = [(ClaudeCodeSource(), [root])]
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        pending = find_pending(db, discover_files(sources, []))

    def read_while_another_upgrades(*given: Any) -> Iterator[Piece]:
        with closing(sqlite3.connect(tmp_path / "ledger.db")) as newer:
            newer.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        return read_file(*given)

    monkeypatch.setattr(ingest, "read_file", read_while_another_upgrades)
    report = SyncReport()
    job = IngestJob(sources, pending, Options(price_book()))
    ingest_workers.ingest_in_processes(
        tmp_path / "ledger.db", job, 1, report, lambda _progress: None, under_dashboard=False
    )
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        assert db.execute("SELECT (SELECT COUNT(*) FROM call), (SELECT COUNT(*) FROM source_file)").fetchone() == (0, 0)
    assert report.files == 0


def test_where_reading_is_slow_one_sees_how_far_it_has_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {name: session_of(1, session=name) for name in ("a", "b")}
    root = write_tree(tmp_path / "claude", {f"p/{name}.jsonl": lines for name, lines in files.items()})
    monkeypatch.setattr(ingest, "_BATCH_SECONDS", -1.0)
    shares: list[float] = []
    with closing(open_ledger()) as db:
        ingest.sync(
            db,
            [(ClaudeCodeSource(), [root])],
            Options(price_book()),
            on_progress=lambda progress: shares.append(progress.share),
        )
    assert shares == [0.5, 1.0, 1.0]


def damage(path: Path, how: str) -> None:
    """Damage a ledger at rest."""
    with path.open("r+b") as handle:
        if how == "overwritten from the start":
            handle.write(b"this is no database " * 50)
        elif how == "every page but the first is noise":
            size = path.stat().st_size
            handle.seek(4096)
            handle.write(b"\xa5" * (size - 4096))
        elif how == "cut in the middle":
            handle.truncate(path.stat().st_size // 2 // 4096 * 4096)


DAMAGES = ("overwritten from the start", "every page but the first is noise", "cut in the middle")


@pytest.mark.parametrize("how", DAMAGES)
def test_a_damaged_ledger_is_set_aside_and_rebuilt_from_the_files(how: str, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "claude", {FILE: session_of(3)})
    path = tmp_path / "ledger.db"
    with ledger_of(tmp_path, root) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(path, how)
    kept = path.read_bytes()
    with ledger_of(tmp_path, root) as db:
        assert dict(db.execute("SELECT message_id, cost FROM call")) == {f"msg_{n}": COST for n in (1, 2, 3)}
    aside = damaged_ledgers(path)
    assert [one.read_bytes() for one in aside] == [kept]


def test_two_damaged_ledgers_in_one_second_are_both_kept(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    for content in (b"first rubbish" * 100, b"second rubbish" * 100):
        path.write_bytes(content)
        open_ledger(path).close()
    assert sorted(one.read_bytes()[:6] for one in damaged_ledgers(path)) == [b"first ", b"second"]


def test_an_empty_file_is_a_new_ledger(tmp_path: Path) -> None:
    (tmp_path / "ledger.db").touch()
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert db.execute("SELECT COUNT(*) FROM call").fetchone() == (0,)
    assert damaged_ledgers(tmp_path / "ledger.db") == []


def test_a_state_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match=r"cannot write the ledger folder .*set TAXIMETER_HOME"):
        open_ledger(tmp_path / "file" / "state" / "ledger.db")


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only to root; the test above stands for it")
def test_a_read_only_state_folder_is_one_sentence(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(LedgerError, match="cannot write the ledger folder"):
            open_ledger(tmp_path / "ledger.db")
    finally:
        tmp_path.chmod(0o700)


def test_a_full_disk_leaves_a_ledger_that_goes_on_where_it_stopped(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "claude", {FILE: session_of(2000)})
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        pages = db.execute("PRAGMA page_count").fetchone()[0]
        db.execute(f"PRAGMA max_page_count = {pages + 20}")
        with pytest.raises((sqlite3.OperationalError, LedgerError, OSError), match="full"):
            take_in(db, root)
    with ledger_of(tmp_path, root) as db:
        assert db.execute("SELECT COUNT(*), SUM(cost) FROM call").fetchone() == (2000, 2000 * COST)


def _open_and_count(place: Path, together: Any) -> None:
    for number in range(30):
        together.wait(10)
        with closing(open_ledger(place / str(number) / "ledger.db")) as db:
            assert db.execute("SELECT COUNT(*) FROM call").fetchone() == (0,)


@pytest.mark.skipif("fork" not in get_all_start_methods(), reason="this system cannot fork")
def test_many_processes_may_create_the_ledger_at_once(tmp_path: Path) -> None:
    context = get_context("fork")
    together = context.Barrier(4)
    processes = [context.Process(target=_open_and_count, args=(tmp_path, together)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 4
    assert list(tmp_path.glob("*/*damaged*")) == []
