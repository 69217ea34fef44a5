"""Opens the ledger: one SQLite file, WAL, mode 0600, migrated on the way in. One connection a thread."""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from store.folder_lock import folder_lock
from store.schema_version import SCHEMA_VERSION
from store.titles import only_resumes, title_in

LEDGER_NAME = "ledger.db"
_OLDEST_SQLITE = (3, 37)  # the first with STRICT tables
_RETRY_SECONDS = 0.005

# For each None that is bound, sqlite3 searches its adapters and then the object for one: a tenth of a cold import.
sqlite3.register_adapter(type(None), lambda nothing: nothing)


class LedgerError(Exception):
    """A sentence for the user: what is wrong with the ledger, where it is, and what to do."""


def home() -> Path:
    """The state folder: `TAXIMETER_HOME`, else the platform's user data folder."""
    given = os.environ.get("TAXIMETER_HOME")
    if given:
        return Path(given).expanduser()
    from platformdirs import user_data_path

    return user_data_path("taximeter", appauthor=False)


def ledger_path() -> Path:
    """Where the ledger of this user is."""
    return home() / LEDGER_NAME


def file_of(path: Path) -> tuple[int, int] | None:
    """The identity of a ledger's file, which changes when the file is replaced; None if there is no file."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_dev, facts.st_ino


def open_ledger(
    path: Path | None = None, *, busy_seconds: float = 30.0, on_damage: Callable[[Path], None] | None = None
) -> sqlite3.Connection:
    """Open for reading and writing, creating folder and tables as needed; LedgerError if it cannot be used.

    A damaged file is renamed, and a new ledger begins with its readable rows; the agents' files that still exist are
    read again. `on_damage` gets the damaged file's new name.
    """
    path = path or ledger_path()
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise LedgerError(
            f"this Python has SQLite {sqlite3.sqlite_version}, and the ledger needs 3.37 or newer: take another Python"
            " (uv python install 3.12 brings its own)"
        )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with folder_lock(path.parent, is_shared=True):
            _make_private(path)
    except OSError as error:
        raise LedgerError(
            f"cannot write the ledger folder {path.parent}: {error.strerror} (set TAXIMETER_HOME to a folder you own)"
        ) from error
    try:
        return _open(path, busy_seconds)
    except sqlite3.DatabaseError as error:
        kept = replace_if_damaged(path, error, busy_seconds=busy_seconds)
        if kept is None and not is_damage(error):
            raise LedgerError(f"cannot open the ledger {path}: {error}") from error
    if kept is not None and on_damage is not None:
        on_damage(kept)
    return _open(path, busy_seconds)


def replace_if_damaged(path: Path, error: BaseException, *, busy_seconds: float = 30.0) -> Path | None:
    """After an error, replace a damaged ledger by one with its readable rows; returns the damaged one's new name.

    None if the error has another cause, or another process was first; LedgerError if no new ledger can be made.
    """
    from store.damage import checkpoint_journal, is_sound, recover_rows, remove, set_aside

    if not is_damage(error):
        return None
    fresh = path.with_name(f"{path.stem}.new{path.suffix}")
    try:
        with folder_lock(path.parent, is_shared=False):
            if is_sound(path):
                return None
            remove(fresh)
            _make_private(fresh)
            try:
                with closing(_connect(fresh, busy_seconds)) as db:
                    with transaction(db):
                        recover_rows(db, path)
                    checkpoint_journal(db)
                kept = set_aside(path)
                fresh.rename(path)
            except BaseException:
                remove(fresh)
                raise
            return kept
    except (OSError, sqlite3.Error) as failure:
        raise LedgerError(
            f"the ledger {path} is damaged, and a new one cannot be made beside it: {failure}"
        ) from failure


def is_damage(error: BaseException) -> bool:
    """Whether an error means that the ledger is damaged rather than busy, read-only or otherwise out of reach."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def begin(connection: sqlite3.Connection) -> None:
    """Begin a write transaction; LedgerError if a newer version has migrated the ledger since it was opened."""
    connection.execute("BEGIN IMMEDIATE")
    version = _version(connection)
    if version > SCHEMA_VERSION:
        connection.execute("ROLLBACK")
        _refuse_newer(version, Path(connection.execute("PRAGMA database_list").fetchone()[2]))


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """A write transaction: all of it or nothing."""
    begin(connection)
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


@contextmanager
def unless_busy(connection: sqlite3.Connection) -> Iterator[None]:
    """Write without waiting: if another process holds the write lock, leave the block silently."""
    patience_ms = connection.execute("PRAGMA busy_timeout").fetchone()[0]
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            raise
    finally:
        connection.execute(f"PRAGMA busy_timeout = {patience_ms}")


def _make_private(path: Path) -> None:
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _open(path: Path, busy_seconds: float) -> sqlite3.Connection:
    with folder_lock(path.parent, is_shared=True):
        return _connect(path, busy_seconds)


def _connect(path: Path, busy_seconds: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=busy_seconds, isolation_level=None, check_same_thread=False)
    try:
        version = _version(connection)
        _refuse_newer(version, path)
        _write_ahead(connection, busy_seconds)
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA cache_size = -16000")
        connection.create_function("title_in", 1, lambda text: text and title_in(text), deterministic=True)
        connection.create_function("only_resumes", 1, lambda text: text and only_resumes(text), deterministic=True)
        if version < SCHEMA_VERSION:
            _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _write_ahead(connection: sqlite3.Connection, busy_seconds: float) -> None:
    """Switch to WAL. Of two processes that create a ledger at once SQLite refuses one without waiting: try again."""
    until = time.monotonic() + busy_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_RETRY_SECONDS)


def _refuse_newer(version: int, path: Path) -> None:
    if version > SCHEMA_VERSION:
        raise LedgerError(
            f"the ledger {path} was written by a newer taximeter (schema {version}, this one knows {SCHEMA_VERSION}):"
            " upgrade taximeter, or set TAXIMETER_HOME to another folder"
        )


def _migrate(connection: sqlite3.Connection) -> None:
    from store import migrations

    with transaction(connection):
        # Two processes may find the same old ledger: the one that waited sees nothing left to do.
        if _version(connection) >= SCHEMA_VERSION:
            return
        if connection.execute("SELECT NOT EXISTS (SELECT 1 FROM sqlite_master)").fetchone()[0]:
            migrations.create(connection)
        else:
            # 0.1 s of import: only paid when there is something to migrate.
            import sqlite_utils

            migrations.library().apply(sqlite_utils.Database(connection))
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
