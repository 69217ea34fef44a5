"""`watch`: a line a call while the agents work."""

import signal
import threading
from datetime import datetime
from typing import Any

import click

from store.money import short_usd
from store.queries import calls_after, newest_call_id
from store.records import CallFlag
from tracker.cli.common import Settings, dir_options, passes_settings
from tracker.cli.output import plain, print_json_lines, terminal_width, tokens
from tracker.ingest import SyncReport


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a call instead of a line.")
@click.option("--poll", is_flag=True, help="Look every other second instead of waiting for file events.")
@dir_options
@passes_settings
def watch(settings: Settings, as_json: bool, poll: bool) -> None:
    """Follow the agents: a line a call, a line a nudge. Ctrl-C ends it.

    Several may run at once, beside the dashboard; they share the work.

    \b
    taximeter watch
    taximeter watch --json | jq .cost_usd
    """
    from store.ledger import home, open_ledger
    from tracker.cli.sync import options_of, sources_of, take_in
    from tracker.watch import Watcher

    sources = sources_of(settings)
    db, _ = take_in(settings)
    reader = open_ledger()
    seen = newest_call_id(reader)
    stop = threading.Event()

    def show(report: SyncReport) -> None:
        del report
        nonlocal seen
        for row in calls_after(reader, seen):
            seen = max(seen, row["id"])
            if as_json:
                from tracker.cli.listing import call_json

                print_json_lines([call_json(row)])
            else:
                click.echo(call_line(row))

    def notice(text: str) -> None:
        click.echo(f"taximeter: {text}", err=True)

    spool = home() / "spool"
    spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    watcher = Watcher(
        db, sources, options_of(db), on_sync=show, on_notice=notice, extra_paths=[spool], force_polling=poll
    )

    def end(*_: object) -> None:
        stop.set()
        watcher.wake()

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    if not as_json:
        folders = sum(len(roots) for _, roots in sources)
        click.echo(click.style(f"watching {folders} folder{'' if folders == 1 else 's'}; Ctrl-C ends it", dim=True))
    try:
        watcher.run(stop)
    except KeyboardInterrupt:
        stop.set()


def call_line(row: dict[str, Any]) -> str:
    """Time, session, chain, model, context, cost and cache state of a call on one line."""
    at = datetime.fromtimestamp(row["last_at"] / 1000).astimezone().strftime("%H:%M:%S")
    context = row["input"] + row["cache_read"] + row["write_5m"] + row["write_1h"]
    written = row["write_5m"] + row["write_1h"]
    state = "warm" if row["cache_read"] > written + row["input"] else "cold" if context > 2000 else ""
    lifetime = "1h" if row["write_1h"] else "5m" if row["write_5m"] else "  "
    who = row["agent_type"] or ("main" if not row["chain"] else "agent")
    floor = "≥" if row["flags"] & CallFlag.OUTPUT_IS_FLOOR else " "
    head = (
        f"{at}  {row['session'][:8]}  {who[:12]:<12}  {row['model'].removeprefix('claude-')[:18]:<18}"
        f"  ctx {tokens(context):>6}  out {floor}{tokens(row['output']):>6}  {short_usd(row['cost']):>8}"
        f"  {state:<4} {lifetime}"
    )
    project = plain((row["project"] or "").replace("\\", "/").rstrip("/").rsplit("/", 1)[-1])
    room = terminal_width() - len(head) - 2
    return f"{head}  {project[:room]}" if room > 3 else head
