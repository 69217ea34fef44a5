"""How quick the dashboard is: `python -m tests.tui.speed` prints figures for 100,000 calls and 3,000 tasks.

* First picture: from the start of the process to the first figures on a terminal, several times.
* Keys: from a key to the redrawn screen, on every screen, while twenty calls a second arrive.
* Stalls: how long the loop that takes keys stood still at a time; a key that comes then waits so long.
* Age: how old the figures are when they are drawn, over the same time.
"""

import argparse
import asyncio
import fcntl
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import threading
import time
from pathlib import Path
from typing import NamedTuple

from textual.events import Key

from store.ledger import open_ledger
from tests.bench.latency import percentile
from tests.tui.large_ledger import append_calls, write_large_ledger
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tui.app import Dashboard
from tui.feed import LedgerFeed
from tui.garbage import GarbageCollector
from tui.keys import SCREENS

ROOT = Path(__file__).parents[2]
CALLS_A_SECOND = 20
_SWITCH_SECONDS = 0.001  # as the command sets it
_MARKS = (b"today", b"Context")
_KEYS = ("down", "up", "pagedown", "s", "slash", "escape", "right", "left", "space", "space")


class Figures(NamedTuple):
    """Milliseconds."""

    first_picture: list[float]
    keys: list[float]
    stalls: list[float]
    ages: list[float]
    arrived: int  # calls that were written meanwhile


def first_picture(home: Path, times: int) -> list[float]:
    """Milliseconds until the first figures are on a terminal of 120 by 40."""
    empty = home / "no-agents"
    (empty / "projects").mkdir(parents=True, exist_ok=True)
    return [_one_picture(home, empty) for _ in range(times)]


def _one_picture(home: Path, claude_dir: Path) -> float:
    began = time.perf_counter()
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update({"TAXIMETER_HOME": str(home), "TERM": "xterm-256color"})
        command = [sys.executable, "-I", str(ROOT / "taximeter.py"), "--claude-dir", str(claude_dir)]
        os.execv(sys.executable, command)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    seen = b""
    while not all(mark in seen for mark in _MARKS):
        if time.perf_counter() - began > 20:
            raise TimeoutError("no figures within 20 s")
        if select.select([terminal], [], [], 0.01)[0]:
            seen += os.read(terminal, 65_536)
    took = (time.perf_counter() - began) * 1000
    os.kill(process, signal.SIGTERM)
    os.waitpid(process, 0)
    os.close(terminal)
    return took


class Arriving(threading.Thread):
    """Writes calls of one session into the ledger, as a watcher would, until told to stop."""

    def __init__(self, ledger: Path, number: int) -> None:
        super().__init__(daemon=True)
        self._ledger, self._number = ledger, number
        self._stop_it = threading.Event()
        self.written = 0

    def run(self) -> None:
        """A call every twentieth of a second."""
        db, book = open_ledger(self._ledger), PriceBook()
        while not self._stop_it.wait(1 / CALLS_A_SECOND):
            append_calls(db, self._number, time.time_ns() // 1_000_000 - 8_000, 1, self.written, book)
            self.written += 1
        db.close()

    def end(self) -> None:
        """Stop writing."""
        self._stop_it.set()
        self.join()


async def _beat(stalls: list[float]) -> None:
    """Note by how much every two milliseconds of sleep were overslept."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.002)
        stalls.append((time.perf_counter() - began - 0.002) * 1000)


async def keys_while_calls_arrive(ledger: Path, seconds: float) -> tuple[list[float], list[float], list[float], int]:
    """Milliseconds from key to redrawn screen, stalls of the loop, and the ages of figures when drawn."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    feed = LedgerFeed([], lambda _db: Options(PriceBook()), ledger=ledger)
    app = Dashboard(feed, collector=GarbageCollector())
    waits: list[float] = []
    stalls: list[float] = []
    ages: list[float] = []
    arriving = Arriving(ledger, 999_999)
    async with app.run_test(size=(120, 40)) as pilot:
        while app.snapshot is None:
            await asyncio.sleep(0.01)
        arriving.start()
        beat = asyncio.create_task(_beat(stalls))
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for screen in SCREENS:
                waits.append(await _press(app, str(list(SCREENS).index(screen) + 1)))
                await asyncio.sleep(0.3)
                for key in _KEYS:
                    waits.append(await _press(app, key))
                    await asyncio.sleep(0.02)
                if app.snapshot is not None and screen not in ("plans", "cache"):
                    ages.append(float(app.clock() - app.snapshot.at_ms))
        beat.cancel()
        arriving.end()
        await pilot.pause()
    return waits, stalls, ages, arriving.written


async def _press(app: Dashboard, key: str) -> float:
    """Milliseconds from a key to the screen drawn after it."""
    drawn = asyncio.Event()
    began = time.perf_counter()
    app.post_message(Key(key, key if len(key) == 1 else None))
    app.call_later(lambda: app.screen.call_after_refresh(drawn.set))
    await drawn.wait()
    return (time.perf_counter() - began) * 1000


def measure(folder: Path, *, sessions: int, calls: int, seconds: float, pictures: int) -> Figures:
    """Make a ledger and measure over it."""
    ledger = folder / "ledger.db"
    write_large_ledger(ledger, sessions=sessions, calls=calls, until_ms=time.time_ns() // 1_000_000)
    shown = first_picture(folder, pictures) if pictures else []
    return Figures(shown, *asyncio.run(keys_while_calls_arrive(ledger, seconds)))


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=100_000)
    parser.add_argument("--tasks", type=int, default=3_000)
    parser.add_argument("--seconds", type=float, default=30.0)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="taximeter-speed-") as folder:
        found = measure(Path(folder), sessions=chosen.tasks, calls=chosen.calls, seconds=chosen.seconds, pictures=7)
    print(f"{chosen.calls:,} calls, {chosen.tasks:,} tasks; {found.arrived} calls arrived while keys were pressed")
    print(
        f"first picture  median {statistics.median(found.first_picture):6.0f} ms  worst {max(found.first_picture):.0f}"
    )
    print(
        f"key to screen  median {statistics.median(found.keys):6.1f} ms  p95 {percentile(found.keys, 0.95):.1f}"
        f"  worst {max(found.keys):.1f}  ({len(found.keys)} keys)"
    )
    print(f"stalls         p99 {percentile(found.stalls, 0.99):.1f} ms  worst {max(found.stalls):.1f}")
    print(f"age of figures median {statistics.median(found.ages):6.0f} ms  worst {max(found.ages):.0f}")


if __name__ == "__main__":
    main()
