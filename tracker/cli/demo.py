"""`demo`: every report on bundled sample sessions, in a throw-away home."""

import os
import sys
import tempfile
from pathlib import Path

import click

from tracker.cli.common import Settings, passes_settings


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@passes_settings
def demo(settings: Settings, command: tuple[str, ...]) -> None:
    """Try every report on bundled sample sessions, in a throw-away home.

    Without words it shows what they cost by day and by model; with words it runs that command on the samples. Your own
    sessions and ledger are not touched, and everything is deleted at the end.

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
        for words in (["spend", "--by", "week"], ["spend", "--by", "model"], ["spend", "--by", "project"]):
            click.echo(click.style(f"$ taximeter {' '.join(words)}", bold=True))
            run([*where, *words])
            click.echo()
        click.echo("Sample sessions, invented. With your own: taximeter")
