"""A day of work under the dashboard, sixty times faster: `python -m tests.tui.replay` takes eight minutes.

Three agents write sample sessions into a watched folder as the clock of the day comes to each line. The real dashboard
follows with its own threads while keys are pressed. Held to: no exception, no trouble told, memory flat after the
warm-up, every figure on screen that of the ledger, and the ledger that of reading the day's files in one go.
"""

import argparse
import asyncio
import itertools
import os
import random
import resource
import sqlite3
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from heapq import merge
from pathlib import Path
from typing import Any, NamedTuple

from textual.pilot import Pilot

from store.ledger import open_ledger
from store.money import short_usd
from store.reads.filter import Filter
from store.reads.spend import spend_total
from tests.bench.latency import percentile
from tests.tui.fakes import screen_text
from tests.unit.ledger.dump import differences, dump
from tracker.advisor.advisor import Advisor, DueNudge
from tracker.demo.samples import Row, append_row, session_rows, write_samples
from tracker.demo.story import HISTORY
from tracker.ingest import sync
from tracker.keeper import HookFiles
from tracker.pricing import PriceBook
from tracker.rebuild import rebuild
from tracker.reports.cache import cache_report
from tracker.reports.tasks import tasks_report
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource
from tracker.watch import WatchTargets
from tui.app import Dashboard
from tui.feed import LedgerFeed
from tui.feed_contract import Listener
from tui.garbage import GarbageCollector
from tui.snapshot import Health, Phase, Snapshot
from tui.widgets.figure import large

AGENTS = 3
SAMPLES = 96  # of memory
WARM_UP = 0.25  # share of the replay after which memory has to be flat
FLAT = 1.2
_BREAK_SECONDS = (120, 600)  # between two sessions of an agent
_PATIENCE_SECONDS = 30.0
# Gone through again and again: every screen, an opened task, filter, order, pause, help, settings, another month.
_KEYS = (
    *("1", "w", "escape", "right", "left", "2", "down", "s", "enter", "down", "escape", "slash", "a", "escape", "S"),
    *("3", "left", "right", "left_square_bracket", "right_square_bracket", "4", "enter", "escape", "5", "enter"),
    *("escape", "6", "down", "enter", "escape", "space", "space", "question_mark", "escape", "comma", "escape"),
)
# Left out when ledgers are compared: what was advised and learned at moments of the day, and `task_part`, whose links
# are row ids; the tasks themselves are compared.
_NOT_COMPARED = frozenset({"nudge", "habit", "task_part"})


class Outcome(NamedTuple):
    """What a replay came to."""

    calls: int
    sessions: int
    keys: int
    lags_ms: list[float]  # from a call's last line to the snapshot that has it
    memory_mb: list[float]  # resident set, at even intervals
    trouble: list[str]  # exceptions of threads, and what the feed told that was wrong
    wrong: list[str]  # figures on screen that are not the ledger's
    drift: list[str]  # rows that a ledger read in one go has not, or has otherwise

    @property
    def growth(self) -> float:
        """The most memory after the warm-up over the least."""
        later = self.memory_mb[int(len(self.memory_mb) * WARM_UP) :]
        return max(later) / min(later)


class DayClock:
    """Runs `speed` times as fast as the clock on the wall, and shows the same time when `hours` have passed on it."""

    def __init__(self, hours: float, speed: float) -> None:
        self._speed = speed
        self._began = time.monotonic()
        self.start = time.time() - hours * 3600 * (1 - 1 / speed)
        self.end = self.start + hours * 3600

    def __call__(self) -> int:
        """Epoch milliseconds of the day that is replayed."""
        return int((self.start + (time.monotonic() - self._began) * self._speed) * 1000)

    def sleep_until(self, at: float) -> None:
        """Wait for a time of the day."""
        time.sleep(max(0.0, (at - self() / 1000) / self._speed))


def day_of_work(start: float, end: float) -> Iterator[Row]:
    """The lines of all agents in the order of their times; sessions that would not end before `end` are cut there."""
    return merge(*(_of_one_agent(agent, start, end) for agent in range(AGENTS)), key=lambda row: row.at)


def _of_one_agent(agent: int, start: float, end: float) -> Iterator[Row]:
    chance = random.Random(agent)
    at = start
    for round_ in itertools.count():
        number = 1000 + round_ * AGENTS + agent
        for row in session_rows(HISTORY[(agent * 7 + round_ * 5) % len(HISTORY)], number, at):
            at = row.at
            if at >= end:
                return
            yield row
        at += chance.uniform(*_BREAK_SECONDS)


class Agents(threading.Thread):
    """Writes the lines when their time has come."""

    def __init__(self, claude_dir: Path, clock: DayClock) -> None:
        super().__init__(daemon=True)
        self._claude_dir, self._clock = claude_dir, clock
        self.written: list[float] = []  # when each call was written, monotonic

    def run(self) -> None:
        """The whole day."""
        for row in day_of_work(self._clock.start, self._clock.end):
            self._clock.sleep_until(row.at)
            append_row(self._claude_dir, row)
            if row.line.get("type") == "assistant":
                self.written.append(time.monotonic())


class DayKeeper:
    """What the dashboard's own keeper does, by the clock of the day."""

    def __init__(self, home: Path, clock: DayClock) -> None:
        self._clock, self._advisor = clock, Advisor(HookFiles(str(home)))

    def keep_current(self, db: sqlite3.Connection, _on_progress: Callable[[int, int], None] | None) -> list[DueNudge]:
        rebuild(db)
        return self._advisor.refresh(db, self._clock())

    def show_on_desktop(self, nudges: list[DueNudge]) -> None:
        """Nobody sits at this one."""

    def work_while_idle(self, db: sqlite3.Connection) -> bool:
        return self._advisor.work_while_idle(db, self._clock())

    def close(self) -> None:
        pass


class WitnessedFeed(LedgerFeed):
    """The feed, with what it hands over noted on the way to the dashboard."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.trouble: list[str] = []
        self.seen: list[tuple[int, float]] = []  # calls of each snapshot, and when it came

    def start(self, listener: Listener) -> None:
        self._dashboard = listener
        super().start(self)

    def take_snapshot(self, snapshot: Snapshot) -> None:
        self.seen.append((snapshot.calls, time.monotonic()))
        self._dashboard.take_snapshot(snapshot)

    def take_health(self, health: Health) -> None:
        if health.phase in (Phase.FAILED, Phase.BUSY) or (health.phase is Phase.LIVE and health.words):
            self.trouble.append(f"{health.phase.value}: {health.words}")
        self._dashboard.take_health(health)

    def take_notice(self, words: str) -> None:
        self._dashboard.take_notice(words)

    def take_nudge(self, nudge: DueNudge) -> None:
        self._dashboard.take_nudge(nudge)


def resident_mb() -> float:
    """Memory of this process that is in use now; the most that ever was where nothing tells (macOS, in bytes)."""
    if not Path("/proc/self/statm").exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def replay(folder: Path, *, hours: float, speed: float, tell: bool = False) -> Outcome:
    """Play `hours` of work in `folder` (empty), watched by a dashboard of 120 by 40."""
    claude, home = folder / "claude", folder / "home"
    ledger = home / "ledger.db"
    clock = DayClock(hours, speed)
    write_samples(claude, now=clock.start - 12 * 3600)
    keeper = DayKeeper(home, clock)
    sources = [(ClaudeCodeSource(), [claude])]
    feed = WitnessedFeed(
        WatchTargets(sources, lambda _db: Options(PriceBook())), clock=clock, ledger=ledger, keeper=keeper
    )
    app = Dashboard(feed, clock=clock, collector=GarbageCollector())
    agents = Agents(claude, clock)
    memory: list[float] = []
    pressed = 0
    threading.excepthook = lambda raised: feed.trouble.append(repr(raised.exc_value))
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await _until(lambda: app.health.phase is Phase.LIVE and app.snapshot is not None)
            before = app.snapshot.calls if app.snapshot else 0
            agents.start()
            began, step = time.monotonic(), hours * 3600 / speed / SAMPLES
            for key in itertools.cycle(_KEYS):
                if not agents.is_alive():
                    break
                await pilot.press(key)
                pressed += 1
                await asyncio.sleep(min(1.0, step))
                if time.monotonic() >= began + step * (len(memory) + 1):
                    memory.append(resident_mb())
                    if tell:
                        print(f"{len(memory):3} {memory[-1]:6.1f} MB  {len(agents.written)} calls", flush=True)
            await _until(lambda: feed.seen[-1][0] == before + len(agents.written))
            # The lines behind the last call, which may settle its task, are on their way still.
            patience = time.monotonic() + _PATIENCE_SECONDS
            while (wrong := await _wrong_figures(app, pilot, ledger)) and time.monotonic() < patience:
                await asyncio.sleep(0.1)
    finally:
        threading.excepthook = threading.__excepthook__
    with closing(open_ledger(ledger)) as db:
        rebuild(db)
        live = dump(db, claude, without=_NOT_COMPARED)
        calls, sessions = db.execute("SELECT (SELECT count(*) FROM call), (SELECT count(*) FROM session)").fetchone()
    with closing(open_ledger(folder / "again" / "ledger.db")) as db:
        sync(db, sources, Options(PriceBook()))
        rebuild(db)
        drift = differences(live, dump(db, claude, without=_NOT_COMPARED))
    lags = _lags(agents.written, feed.seen, before)
    return Outcome(calls, sessions, pressed, lags, memory, feed.trouble, wrong, drift)


def _lags(written: list[float], seen: list[tuple[int, float]], before: int) -> list[float]:
    """Milliseconds from each call's line to the first snapshot that counts it."""
    lags, at = [], 0
    for number, wrote in enumerate(written, before + 1):
        while seen[at][0] < number:
            at += 1
        lags.append((seen[at][1] - wrote) * 1000)
    return lags


async def _until(holds: Callable[[], bool]) -> None:
    """Wait for something that comes by itself."""
    patience = time.monotonic() + _PATIENCE_SECONDS
    while not holds():
        if time.monotonic() > patience:
            raise TimeoutError("the dashboard did not catch up")
        await asyncio.sleep(0.02)


async def _wrong_figures(app: Dashboard, pilot: Pilot[None], ledger: Path) -> list[str]:
    """What the ledger says and the screens do not."""
    wrong: list[str] = []
    if app.paused_ms is not None:
        app.action_pause()
    app.request_view(month="")
    with closing(open_ledger(ledger)) as db:
        for screen, wanted in _wanted(db, app).items():
            await app.action_go(screen)
            await _until(lambda: app.snapshot is not None and app.snapshot.request == app.request)
            await pilot.pause()
            text = screen_text(app)
            wrong += [f"{screen}: {words}" for words in wanted if words not in text]
    return wrong


def _wanted(db: sqlite3.Connection, app: Dashboard) -> dict[str, list[str]]:
    """Screen -> words that have to stand on it, from the reports of the commands."""
    assert app.snapshot is not None
    today = app.snapshot.top.today
    first, last = today.replace(day=1).isoformat(), today.isoformat()
    day, month = (spend_total(db, Filter(since=since, until=last)) for since in (last, first))
    tasks = tasks_report(db, Filter(since=first, until=last), now=app.clock()).headline
    cache = cache_report(db, Filter(since=first, until=last)).total
    top = [f"today {_usd(day.cost)}", f"{_usd(month.cost)}"]
    return {
        "spend": [*top, f"{today:%B %Y} · {_usd(month.cost)} "],
        "tasks": [*top, f"{tasks.completed} completed", f"median {_usd(tasks.median_nano)}"],
        "cache": [*top, *_large(_usd(cache.uncached - cache.billed)), _usd(cache.waste), f" {cache.calls:,} "],
        "now": top,
    }


def _large(figure: str) -> list[str]:
    drawn = large(figure, "")
    assert drawn is not None
    return [line.plain for line in drawn]


def _usd(nano: object) -> str:
    assert isinstance(nano, int)
    return short_usd(nano)


def report(outcome: Outcome) -> list[str]:
    """The outcome in words."""
    flat, lags = outcome.memory_mb[int(len(outcome.memory_mb) * WARM_UP) :], outcome.lags_ms
    return [
        f"{outcome.calls:,} calls of {outcome.sessions} sessions; {outcome.keys} keys pressed",
        f"memory   {min(flat):.0f} to {max(flat):.0f} MB after the warm-up (growth {outcome.growth:.2f})",
        f"lag      median {statistics.median(lags):.0f} ms  p95 {percentile(lags, 0.95):.0f}  worst {max(lags):.0f}",
        *(f"TROUBLE  {line}" for line in outcome.trouble),
        *(f"WRONG    {line}" for line in outcome.wrong),
        *(f"DRIFT    {line[:300]}" for line in outcome.drift),
    ]


def main() -> int:
    """Replay, print what came of it; 1 where it is not as it has to be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hours", type=float, default=8.0)
    parser.add_argument("--speed", type=float, default=60.0)
    chosen = parser.parse_args()
    sys.setswitchinterval(0.001)  # as the command sets it
    with tempfile.TemporaryDirectory(prefix="taximeter-replay-") as folder:
        outcome = asyncio.run(replay(Path(folder), hours=chosen.hours, speed=chosen.speed, tell=True))
    print("\n".join(report(outcome)))
    return int(bool(outcome.trouble or outcome.wrong or outcome.drift or outcome.growth > FLAT))


if __name__ == "__main__":
    sys.exit(main())
