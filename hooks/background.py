"""Starts an ingest in the background, unless a watcher or another ingest is running."""

import os
import sys
import time

from hooks.places import READER_LOCK, SPOOL_FILE, launcher
from hooks.spool import lock

# What the process needs to find home, settings and transcripts; the client's tokens and sockets are not passed on.
_KEPT_VARIABLES = (
    "HOME", "PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "CLAUDE_CONFIG_DIR",
    "CLINE_DIR", "CLINE_DATA_DIR", "CLINE_SESSION_DATA_DIR", "CLINE_SANDBOX", "CLINE_SANDBOX_DATA_DIR",
    "VSCODE_PORTABLE",
)  # fmt: skip


def start_ingest(home: str, *, wait_seconds: float) -> None:
    """Start `hook ingest` in its own process session, so that it outlives the client.

    Waits at most `wait_seconds` for the records to be in the ledger, whichever process ingests them.
    """
    if reader_is_running(home):
        end = time.monotonic() + wait_seconds
        while time.monotonic() < end and _spool_has_lines(home):
            time.sleep(0.01)
        return
    finished, tell = os.pipe() if wait_seconds else (-1, -1)
    command = [sys.executable, "-I", launcher(), "hook", "ingest", "--home", home]
    if wait_seconds:
        command += ["--done", str(tell)]
        os.set_inheritable(tell, True)
    environment = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    # fork and exec by hand: importing subprocess would cost more than all the rest of a hook.
    if os.fork() == 0:
        try:
            os.setsid()
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            os.execve(sys.executable, command, environment)  # noqa: S606 - our own launcher, without a shell
        finally:
            os._exit(127)
    if wait_seconds:
        import select

        os.close(tell)
        select.select([finished], [], [], wait_seconds)
        os.close(finished)


def _spool_has_lines(home: str) -> bool:
    folder, name = os.path.split(os.path.join(home, SPOOL_FILE))
    return any(one.startswith(name) for one in os.listdir(folder))


def reader_is_running(home: str) -> bool:
    """Whether a watcher or another ingest is running (spool_reader.ReaderLock)."""
    try:
        descriptor = os.open(os.path.join(home, READER_LOCK), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        return False
    try:
        lock(descriptor, waits=False)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False
