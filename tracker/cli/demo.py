"""`demo`: dashboard and reports on bundled sample sessions, in a throw-away home."""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import click

from tracker.cli.common import Settings, passes_settings

_BEGAN_SECONDS_AGO = 300


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@passes_settings
def demo(settings: Settings, command: tuple[str, ...]) -> None:
    """Try every report on bundled sample sessions, in a throw-away home.

    Without words it opens the dashboard, with one of the sessions at work; where the output is no terminal it shows
    what they cost by week, model and project. With words it runs that command on the samples. Your own sessions and
    ledger are not touched, and everything is deleted at the end.

    \b
    taximeter demo
    taximeter demo spend --by project
    taximeter demo doctor
    """
    del settings
    from tracker.demo import write_samples

    with tempfile.TemporaryDirectory(prefix="taximeter-demo-") as folder:
        root = Path(folder)
        write_samples(root / "claude")
        os.environ["TAXIMETER_HOME"] = str(root / "home")
        from tracker.cli.app import run

        where = ["--claude-dir", str(root / "claude")]
        if command:
            sys.exit(run([*where, *command]))
        if sys.stdin.isatty() and sys.stdout.isatty():
            ended = threading.Event()
            replay = threading.Thread(target=_work_on, args=(root / "claude", ended), daemon=True)
            replay.start()
            code = run([*where, "dashboard"])
            ended.set()
            replay.join()
            sys.exit(code)
        for words in (["spend", "--by", "week"], ["spend", "--by", "model"], ["spend", "--by", "project"]):
            click.echo(click.style(f"$ taximeter {' '.join(words)}", bold=True))
            run([*where, *words])
            click.echo()
        click.echo("Sample sessions, invented. With your own: taximeter")


def _work_on(claude_dir: Path, ended: threading.Event) -> None:
    """Write the running session as its agent would, in real time; it began some minutes ago."""
    from tracker.demo import live_session

    at = time.time() - _BEGAN_SECONDS_AGO
    for wait in live_session(claude_dir, start=at):
        at += wait
        if ended.wait(max(0.0, at - time.time())):
            return
