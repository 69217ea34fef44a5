"""`demo`: dashboard and reports on bundled sample sessions, in a temporary home."""

import gc
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType

import click

from tracker.cli.output import supports_dashboard
from tracker.errors import UsageError

_CHANGE_AGENTS = ("install", "uninstall")  # Cline's folders are detected automatically: they would be the user's own
_BEGAN_SECONDS_AGO = 960  # the agent then waits at a turn's end, with a nudge; it resumes within a minute


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def demo(command: tuple[str, ...]) -> None:
    """Try every report on bundled sample sessions, in a throw-away home.

    Without a command, it opens the dashboard with one session running, or, without a terminal, prints the tasks and the
    cost by model and project. With a command, it runs that on the samples. Your own sessions and ledger are not
    touched, and everything is deleted at the end.

    \b
    taximeter demo
    taximeter demo spend --by project
    taximeter demo doctor
    """
    from tracker.cli.commands import COMMANDS
    from tracker.demo.samples import write_samples

    name = next((word for word in command if word in COMMANDS), None)
    if name in _CHANGE_AGENTS:
        raise UsageError(f"demo changes no agent's settings: taximeter {name} without demo does")
    with tempfile.TemporaryDirectory(prefix="taximeter-demo-") as folder, _ended_in_order(folder), _closed_ledgers():
        root = Path(folder)
        os.environ["TAXIMETER_HOME"] = str(root / "home")
        from tracker.cli.app import run

        where = ["--claude-dir", str(root / "claude")]
        if not command and supports_dashboard():
            play_samples(root / "claude", root / "home", time.time())
            ended = threading.Event()
            replay = threading.Thread(target=_work_on, args=(root / "claude", ended), daemon=True)
            replay.start()
            try:
                code = run([*where, "dashboard"])
            finally:
                ended.set()
                replay.join()
            sys.exit(code)
        if name == "nudges":
            play_samples(root / "claude", root / "home", time.time())
        else:
            write_samples(root / "claude")
        if command:
            sys.exit(run([*where, *command]))
        for words in (["tasks"], ["spend", "--by", "model"], ["spend", "--by", "project"]):
            click.echo(click.style(f"$ taximeter {' '.join(words)}", bold=True))
            run([*where, *words])
            click.echo()
        click.echo("Sample sessions, invented. With your own: taximeter")


@contextmanager
def _ended_in_order(folder: str) -> Iterator[None]:
    """Turn termination signals and a closed terminal into an orderly exit, so that the folder is deleted.

    Without a terminal the exit is immediate: Textual would block forever on restoring the screen.
    """

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    def hang_up(number: int, _frame: FrameType | None) -> None:
        from multiprocessing import active_children

        for child in active_children():  # the dashboard's, which would recreate the folder
            child.kill()
            child.join()
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(128 + number)

    ends = {"SIGTERM": leave, "SIGHUP": hang_up}
    numbers = {getattr(signal, name): handler for name, handler in ends.items() if hasattr(signal, name)}
    before = {number: signal.signal(number, handler) for number, handler in numbers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _closed_ledgers() -> Iterator[None]:
    """Close ledgers left open by commands at the end: Windows cannot delete open files."""
    try:
        yield
    finally:
        gc.collect()  # a connection and its statement cache refer to each other


def play_samples(claude_dir: Path, home: Path, now: float) -> None:
    """Write the sample sessions, and ingest the last days turn by turn so that there is a log of nudges.

    `home`: the state folder (TAXIMETER_HOME); `now`: epoch seconds.
    """
    from store.ledger import open_ledger
    from tracker.advisor.advisor import Advisor
    from tracker.cli.progress_bar import progress_bar
    from tracker.demo.samples import write_samples
    from tracker.ingest import sync
    from tracker.keeper import HookFiles
    from tracker.pricing import PriceBook
    from tracker.rebuild import rebuild
    from tracker.sources.base import Options
    from tracker.sources.claude_code import ClaudeCodeSource
    from tracker.words import counted

    source, options, advisor = ClaudeCodeSource(), Options(PriceBook()), Advisor(HookFiles(str(home)))
    db = open_ledger(home / "ledger.db")

    turns = count(1)

    def take_in(at: float) -> None:
        at_ms = int(at * 1000)
        sync(db, [(source, [claude_dir])], options)
        rebuild(db)
        advisor.note_shown(db, advisor.refresh(db, at_ms), at_ms)
        rest(at_ms)
        show(None, counted(next(turns), "turn"))

    def rest(at_ms: int) -> None:
        while advisor.work_while_idle(db, at_ms):
            pass

    with progress_bar("playing sample sessions") as show:
        write_samples(claude_dir, now=now, at_rest=take_in)
    rest(int(now * 1000))  # so that habits need not be measured again with the first nudge
    db.close()


def _work_on(claude_dir: Path, ended: threading.Event) -> None:
    """Write the running session in real time, as its agent would; it began some minutes ago."""
    from tracker.demo.samples import live_session

    at = time.time() - _BEGAN_SECONDS_AGO
    for wait in live_session(claude_dir, start=at):
        at += wait
        if ended.wait(max(0.0, at - time.time())):
            return
