"""A ledger in which some pages are damaged: all the rest goes on, and the agents' files complete it where they can."""

import shutil
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from threading import Barrier, Thread

import pytest

from store.damage import damaged_ledgers, recover_rows, set_aside
from store.invariants import check_invariants
from store.ledger import LedgerError, begin, open_ledger, replace_if_damaged, transaction
from store.task_edits import add_edit, edits
from tracker.rebuild import rebuild

from .damage import PAGE_BYTES, damage_page_of
from .dump import Dump, differences, dump
from .plain import FILE, OTHER, OTHER_FILE, session_of
from .reading import ledger_of, take_in, write_tree

CALLS = 2000


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_tree(tmp_path / "claude", {FILE: session_of(CALLS), OTHER_FILE: session_of(3, OTHER, first=5000)})


@pytest.fixture
def whole(tmp_path: Path, root: Path) -> Dump:
    """What the ledger says before a page in the middle of its calls is damaged."""
    path = tmp_path / "ledger.db"
    with ledger_of(tmp_path, root) as db:
        with transaction(db):
            add_edit(db, "rename", "{}")
        rebuild(db)
        before = dump(db, root, without=frozenset({"habit"}))
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage_page_of(path, b"msg_1000")
    return before


def damage_found(path: Path) -> sqlite3.DatabaseError:
    """The error that reading all calls meets."""
    with closing(open_ledger(path)) as db, pytest.raises(sqlite3.DatabaseError) as met:
        db.execute("SELECT SUM(length(message_id)) FROM call NOT INDEXED").fetchall()
    return met.value


def test_records_still_in_the_files_are_complete_after_damage(whole: Dump, root: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    kept = replace_if_damaged(path, damage_found(path))
    assert kept is not None
    assert damaged_ledgers(path) == [kept]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with closing(open_ledger(path)) as db:
        take_in(db, root)
        rebuild(db)
        assert differences(whole, dump(db, root, without=frozenset({"habit"}))) == []
        assert [edit.kind for edit in edits(db)] == ["rename"]


def test_of_deleted_files_only_rows_on_the_damaged_page_are_lost(whole: Dump, root: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    shutil.rmtree(root / "projects")
    (root / "projects").mkdir()
    assert replace_if_damaged(path, damage_found(path)) is not None
    with closing(open_ledger(path)) as db:
        take_in(db, root)
        rebuild(db)
        left = {row[0] for row in db.execute("SELECT message_id FROM call")}
        assert CALLS + 3 - PAGE_BYTES // 100 < len(left) < CALLS + 3
        assert "msg_1000" not in left
        assert {"msg_1", f"msg_{CALLS}"} <= left
        assert [check for check in check_invariants(db) if check.broken] == []


def test_of_several_that_find_the_damage_one_replaces_the_ledger(whole: Dump, tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    error = damage_found(path)
    together = Barrier(4)
    kept: list[Path | None] = []

    def find() -> None:
        together.wait()
        kept.append(replace_if_damaged(path, error))

    threads = [Thread(target=find) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([one for one in kept if one is not None]) == 1
    assert len(damaged_ledgers(path)) == 1


def test_a_sound_ledger_is_not_replaced_whatever_the_error_says(root: Path, tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(b"no database" * 1000)
    with closing(sqlite3.connect(tmp_path / "noise.db")) as noise, pytest.raises(sqlite3.DatabaseError) as met:
        noise.execute("SELECT 1 FROM sqlite_schema")
    with ledger_of(tmp_path, root) as db:
        assert replace_if_damaged(tmp_path / "ledger.db", met.value) is None
        assert replace_if_damaged(tmp_path / "ledger.db", ValueError("malformed")) is None
        begin(db)
        db.execute("COMMIT")
    assert damaged_ledgers(tmp_path / "ledger.db") == []


def test_what_an_attempt_that_was_killed_left_is_no_part_of_the_next(whole: Dump, tmp_path: Path) -> None:
    path, error = tmp_path / "ledger.db", damage_found(tmp_path / "ledger.db")
    with closing(sqlite3.connect(tmp_path / "ledger.new.db", isolation_level=None)) as killed:
        killed.execute("PRAGMA journal_mode = WAL")
        killed.execute("CREATE TABLE left_behind (id INTEGER)")
        for name in ("ledger.new.db", "ledger.new.db-wal"):
            shutil.copy(tmp_path / name, tmp_path / f"copy-{name}")
    for name in ("ledger.new.db", "ledger.new.db-wal"):
        (tmp_path / f"copy-{name}").rename(tmp_path / name)
    (tmp_path / "ledger.new.db").unlink()
    assert replace_if_damaged(path, error) is not None
    with closing(open_ledger(path)) as db:
        assert db.execute("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'left_behind'").fetchone() == (0,)


def full(_db: sqlite3.Connection, _damaged: Path) -> None:
    raise sqlite3.OperationalError("database or disk is full")


def full_after_a_while(db: sqlite3.Connection, damaged: Path) -> None:
    db.execute(f"PRAGMA max_page_count = {db.execute('PRAGMA page_count').fetchone()[0] + 20}")
    recover_rows(db, damaged)


@pytest.mark.parametrize("taking_over", [full, full_after_a_while])
def test_a_damaged_ledger_stays_where_it_is_when_the_disk_has_no_room_for_another(
    taking_over: Callable[[sqlite3.Connection, Path], None],
    whole: Dump,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "ledger.db"
    error = damage_found(path)
    monkeypatch.setattr("store.damage.recover_rows", taking_over)
    with pytest.raises(LedgerError, match=r"is damaged, .*full"):
        replace_if_damaged(path, error)
    assert sorted(one.name for one in tmp_path.glob("ledger*")) == ["ledger.db"]


def test_a_ledger_part_of_which_is_still_in_its_journal_takes_no_place(
    whole: Dump, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    error = damage_found(path)

    with closing(sqlite3.connect(tmp_path / "ledger.new.db")) as other:

        def take_over_beside_a_reader(db: sqlite3.Connection, damaged: Path) -> None:
            other.execute("BEGIN")
            other.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
            recover_rows(db, damaged)

        monkeypatch.setattr("store.damage.recover_rows", take_over_beside_a_reader)
        monkeypatch.setattr("store.damage.remove", lambda _path: None)
        with pytest.raises(LedgerError, match="is damaged, and a new one cannot be made"):
            replace_if_damaged(path, error, busy_seconds=0.1)
    assert damaged_ledgers(path) == []


def test_who_opens_the_ledger_while_its_files_are_renamed_gets_the_new_one(
    whole: Dump, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    error = damage_found(path)

    def edit() -> None:
        with closing(open_ledger(path)) as db, transaction(db):
            add_edit(db, "merge", "{}")

    meanwhile = Thread(target=edit)

    def set_aside_slowly(damaged: Path) -> Path:
        kept = set_aside(damaged)
        meanwhile.start()
        meanwhile.join(timeout=0.5)
        return kept

    monkeypatch.setattr("store.damage.set_aside", set_aside_slowly)
    assert replace_if_damaged(path, error) is not None
    meanwhile.join()
    with closing(open_ledger(path)) as db:
        assert [edit.kind for edit in edits(db)] == ["rename", "merge"]
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
