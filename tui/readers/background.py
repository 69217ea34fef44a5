"""Runs slow jobs in a separate process, so that neither other figures nor keys wait for them."""

import signal
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any, TypeVar

from store.ledger import open_ledger
from tracker.processes import spawn_context, start_process

Made = TypeVar("Made")


class BackgroundJob:
    """Runs one job at a time."""

    def __init__(self, on_ready: Callable[[], None] | None) -> None:
        """`on_ready` is called on another thread after each job; with None jobs run synchronously."""
        self.is_at_work = False
        self._on_ready = on_ready
        self._trouble: Exception | None = None
        self._process: SpawnProcess | None = None

    def begin(
        self, db: sqlite3.Connection, job: Callable[[sqlite3.Connection], Made], take: Callable[[Made], None]
    ) -> None:
        """Run a job with its own connection to the ledger of `db`, and pass its result to `take` on another thread.

        The job and its result are pickled.
        """
        if self._on_ready is None:
            take(job(db))
            return
        ledger = Path(db.execute("PRAGMA database_list").fetchone()[2])
        context = spawn_context()
        ours, theirs = context.Pipe(duplex=False)
        self._process = context.Process(target=_do, args=(ledger, job, theirs), daemon=True)
        with theirs:
            start_process(self._process)
        self.is_at_work = True
        threading.Thread(target=self._wait_for, args=(ours, self._process, take, self._on_ready), daemon=True).start()

    def end(self) -> None:
        """Kill the running job, if there is one, even if its process is stopped."""
        if self._process is not None:
            self._process.kill()

    def raise_trouble(self) -> None:
        """Raise the last job's error, once."""
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble

    def _wait_for(
        self, pipe: Connection, process: SpawnProcess, take: Callable[[Made], None], on_ready: Callable[[], None]
    ) -> None:
        try:
            take(_made(pipe))
        except Exception as error:  # noqa: BLE001 -- raise_trouble raises it again
            self._trouble = error
        process.join()
        self.is_at_work = False
        on_ready()


def _made(pipe: Connection) -> Any:
    with pipe:
        try:
            made = pipe.recv()
        except EOFError:
            made = ChildProcessError("a background process was killed")
    if isinstance(made, Exception):
        raise made
    return made


def _do(ledger: Path, job: Callable[[sqlite3.Connection], object], pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the dashboard's to handle
    with pipe:
        try:
            with closing(open_ledger(ledger)) as db:
                pipe.send(job(db))
        except BrokenPipeError:
            pass  # the dashboard is gone
        except Exception as error:  # noqa: BLE001 -- it is raised again in the dashboard
            pipe.send(error)
