"""Makes what is dear beside the reading, on a thread and a connection of its own: no other figure waits for it."""

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from store.ledger import open_ledger


class Aside:
    """Does one job at a time."""

    def __init__(self, on_ready: Callable[[], None] | None) -> None:
        """`on_ready` is called on the other thread after each job; None does the job while one waits."""
        self._on_ready = on_ready
        self._thread: threading.Thread | None = None
        self._trouble: Exception | None = None

    @property
    def is_at_work(self) -> bool:
        """Whether a job goes on."""
        return self._thread is not None and self._thread.is_alive()

    def begin(self, db: sqlite3.Connection, job: Callable[[sqlite3.Connection], None]) -> None:
        """Do a job with another connection to the ledger of `db`."""
        ledger = Path(db.execute("PRAGMA database_list").fetchone()[2])
        self._thread = threading.Thread(target=self._do, args=(ledger, job), daemon=True)
        self._thread.start()
        if self._on_ready is None:
            self._thread.join()
            self.raise_trouble()

    def raise_trouble(self) -> None:
        """Raise, once, what went wrong with the last job."""
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble

    def _do(self, ledger: Path, job: Callable[[sqlite3.Connection], None]) -> None:
        try:
            with closing(open_ledger(ledger)) as db:
                job(db)
        except Exception as error:  # noqa: BLE001 -- it is raised again where troubles are told
            self._trouble = error
        if self._on_ready is not None:
            self._on_ready()
