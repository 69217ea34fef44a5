"""`watch`: prints a line for each call and each nudge while the agents work."""

import _thread
import re
import signal
import sqlite3
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from store.ledger import LedgerError, file_of, home, is_damage, ledger_path, open_ledger
from store.money import short_usd
from store.plain_text import plain
from store.projects import project_name
from store.reads.calls import calls_after, newest_call_id
from store.records import Agent, CallFlag
from tracker.cli.common import Invocation, dir_options
from tracker.cli.output import fit, print_json_lines, say, short_session, terminal_width
from tracker.clock import local, now, now_ms
from tracker.ingest import SyncReport
from tracker.words import chain_name, counted, tokens

if TYPE_CHECKING:
    from tracker.advisor.advisor import DueNudge
    from tracker.keeper import LedgerKeeper

# A call still unfinished by then was killed, and is printed as it is.
_LONGEST_ANSWER_MS = 600_000


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object per call or nudge instead of a line.")
@click.option("--poll", is_flag=True, help="Scan every two seconds instead of waiting for file events.")
@dir_options
def watch(invocation: Invocation, poll: bool) -> None:
    """Follow the agents live: a line for each call and each nudge. Ctrl-C ends it.

    Several may run at once, beside the dashboard; they share the work.

    \b
    taximeter watch
    taximeter watch --json | jq .cost_usd
    """
    from tracker.cli.sync import open_and_sync, watch_targets
    from tracker.keeper import LedgerKeeper
    from tracker.watch import Watcher

    db, _ = open_and_sync(invocation)
    keeper = LedgerKeeper(str(home()), reads_spool=not invocation.explicit)
    targets = watch_targets(invocation, keeper, say)
    screen = _Screen(db, keeper, as_json=invocation.as_json)
    stop = threading.Event()
    watcher = Watcher(db, targets, on_sync=screen.show, on_notice=say, force_polling=poll)

    def finish() -> None:
        stop.set()
        watcher.wake()

    try:
        _end_as_ctrl_c_does(finish)
        if not invocation.as_json:
            folders = sum(len(roots) for _, roots in targets.sources)
            what = (
                f"watching {counted(folders, 'folder')}" if folders else "no agent's folder here yet: waiting for one"
            )
            click.echo(click.style(f"{what}; Ctrl-C ends it", dim=True))
        watcher.run(stop)
    except KeyboardInterrupt:
        stop.set()
    finally:
        keeper.close()


def _end_as_ctrl_c_does(finish: Callable[[], None]) -> None:
    """Exit in order on a closed terminal or a termination signal.

    An exception raised inside a SQLite callback is lost, so `finish` is called too: on its own thread, since the main
    one may hold the lock that it needs.
    """
    known = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    ends = [number for number in known if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores it

    def end(*_: object) -> None:
        for number in ends:
            signal.signal(number, signal.SIG_IGN)
        _thread.start_new_thread(finish, ())
        raise KeyboardInterrupt

    for number in ends:
        signal.signal(number, end)


class _Screen:
    """After each sync, updates derived tables and advice, then prints what is new."""

    def __init__(self, db: sqlite3.Connection, keeper: "LedgerKeeper", *, as_json: bool) -> None:
        self._db, self._keeper, self._as_json = db, keeper, as_json
        self._reader = open_ledger()
        self._file = file_of(ledger_path())
        self._seen = newest_call_id(self._reader)  # every call up to here was printed
        self._printed: set[int] = set()  # printed calls after it
        self._advice_waits = False  # and the user was told

    def show(self, report: SyncReport) -> None:
        """Update after a sync, advice first as it is the most urgent. LedgerError if the ledger was replaced."""
        if file_of(ledger_path()) != self._file:
            raise LedgerError(f"the ledger {ledger_path()} was removed or replaced: run it again")
        due = self._due()
        rows = self._ended()
        if self._as_json:
            from tracker.cli.listing import call_json

            print_json_lines(map(call_json, rows))
        elif rows:
            tasks = self._tasks_of(rows)
            for row in rows:
                click.echo(call_line(row, tasks.get(row["task"], "")))
        for nudge in due:
            self._tell(nudge)
        if due:
            self._keeper.show_on_desktop(due)
            self._keeper.note_shown(self._db, due)
        if not report.files:
            self._keeper.work_while_idle(self._db)

    def _due(self) -> list["DueNudge"]:
        """Nudges that are due once tasks and advice are current; none while another process holds the ledger."""
        try:
            due = self._keeper.keep_current(self._db)
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                raise
            if not self._advice_waits:
                say(f"advice is delayed: {error}")
            self._advice_waits = True
            return []
        self._advice_waits = False
        return due

    def _ended(self) -> list[dict[str, Any]]:
        """Calls to print, without unfinished ones, since printed lines are not corrected."""
        found = [row for row in calls_after(self._reader, self._seen) if row["id"] not in self._printed]
        since_ms = now_ms() - _LONGEST_ANSWER_MS
        waiting = {row["id"] for row in found if row["last_at"] > since_ms and _is_under_way(row)}
        self._printed |= {row["id"] for row in found} - waiting
        self._seen = min(waiting) - 1 if waiting else max(self._printed, default=self._seen)
        self._printed = {call_id for call_id in self._printed if call_id > self._seen}
        return [row for row in found if row["id"] not in waiting]

    def _tasks_of(self, rows: list[dict[str, Any]]) -> dict[str, str]:
        """Short id and title of each call's task."""
        from store.reads.tasks import all_ids, titles_of
        from tracker.reports.tasks import short_ids

        titles = titles_of(self._reader, {row["task"] for row in rows} - {None})
        short = short_ids(all_ids(self._reader)) if titles else {}
        return {identity: f"{short[identity]} {plain(title)}" for identity, title in titles.items()}

    def _tell(self, nudge: "DueNudge") -> None:
        if self._as_json:
            print_json_lines([{"nudge": nudge.kind, "session": nudge.session, "text": nudge.text}])
        else:
            words = f"{now():%H:%M:%S}  {short_session(nudge.session)}  ▸ {plain(nudge.text)}"
            click.echo(click.style(words, bold=True))


def _is_under_way(row: dict[str, Any]) -> bool:
    """Whether an answer may still grow: Cline's classic store writes a stream's beginning first, and later the rest."""
    is_open = row["flags"] & (CallFlag.OUTPUT_IS_FLOOR | CallFlag.ABORTED) == CallFlag.OUTPUT_IS_FLOOR
    has_begun = row["input"] or row["cache_read"] or row["write_5m"] or row["output"]
    return bool(row["agent"] != Agent.CLAUDE_CODE and row["stop"] is None and is_open and has_begun)


_WIDE_CELLS = 110
_TITLE_CELLS = 16
_DAY = re.compile(r"-\d{8}$")


def call_line(row: dict[str, Any], task: str) -> str:
    """Time, session, chain, model, context, output, cost, cache state and task of a call on one line.

    A narrow terminal omits the output and the task's title. Agents' ids differ in length; the model's column takes up
    the difference, so that the others are aligned.
    """
    context = row["input"] + row["cache_read"] + row["write_5m"] + row["write_1h"]
    lifetime = "1h" if row["write_1h"] else "5m" if row["write_5m"] else "  "
    who = plain(chain_name(row["chain"], row["agent_type"])).rpartition(":")[2]
    model = plain(row["model"]).rpartition("/")[2].removeprefix("claude-")
    floor = "≥" if row["flags"] & CallFlag.OUTPUT_IS_FLOOR else ""
    is_wide = terminal_width() >= _WIDE_CELLS
    if not is_wide:
        model = _DAY.sub("", model)
    output = f"  out {floor + tokens(row['output']):>7}" if is_wide else ""
    cells, shared = (12, 28) if is_wide else (5, 23)
    session = short_session(row["session"])
    left = shared - len(session)
    cache = f"{_cache_state(row, context):<4} {lifetime}"
    head = (
        f"{local(row['last_at']):%H:%M:%S}  {session}  {who[:cells]:<{cells}}  {model[:left]:<{left}}"
        f"  ctx {tokens(context):>6}{output}  {floor + short_usd(row['cost']):>8}  {cache}"
    )
    room = terminal_width() - len(head) - 2
    about = (task if room >= _TITLE_CELLS else task.partition(" ")[0]) or plain(project_name(row["project"]))
    return f"{head}  {fit(about, room).rstrip()}" if room > 3 else head


def _cache_state(row: dict[str, Any], context: int) -> str:
    """The call's cache result, as judged in the ledger.

    By its token counts if it is not judged yet, or is a session's first call, which reads what other sessions wrote.
    """
    if row["cache_kind"] == "partial":
        return "part"
    read_all = row["epoch"] is not None and row["cache_kind"] is None
    is_warm = row["cache_read"] > (0 if read_all else row["write_5m"] + row["write_1h"] + row["input"])
    return "warm" if is_warm else "cold" if context > 2000 else ""
