"""How quick the dashboard is: `python -m tests.tui.speed` prints figures for 100,000 calls and 3,000 tasks.

* First picture: from the start of the process to the first figures on a terminal, several times.
* Keys: from a key to the drawn picture that shows what it did, on every screen, while twenty calls a second arrive; a
  key that changes nothing is not counted. Screens: from the key to the picture of another screen with its figures.
* CPU: of the thread that draws, a key, with all that is drawn between them; other programs blur it less than waits.
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
from typing import Any, NamedTuple

from textual._compositor import CompositorUpdate
from textual.events import Key
from textual.screen import Screen
from textual.widget import Widget

import tui.app
from store.ledger import open_ledger
from tests.bench.latency import percentile
from tests.tui.large_ledger import append_calls, write_large_ledger
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tracker.watch import WatchTargets
from tui.app import Dashboard
from tui.feed import LedgerFeed
from tui.garbage import GarbageCollector
from tui.keys import SCREENS
from tui.screens.board import Board
from tui.snapshot import Snapshot

ROOT = Path(__file__).parents[2]
CALLS_A_SECOND = 20
_SWITCH_SECONDS = 0.001  # as the command sets it
_MARKS = (b"today", b"Context")
_KEYS = ("down", "up", "pagedown", "s", "slash", "escape", "right", "left", "space", "space")


class Figures(NamedTuple):
    """Milliseconds."""

    first_picture: list[float]
    keys: list[float]
    screens: list[float]
    stalls: list[float]
    ages: list[float]
    cpu_a_key: float
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


class TimedDashboard(Dashboard):
    """Notes when a key's action was done, when figures came, and when a picture was drawn."""

    CSS_PATH = str(Path(tui.app.__file__).with_name("app.tcss"))

    def __init__(self, ledger: Path) -> None:
        feed = LedgerFeed(WatchTargets([], lambda _db: Options(PriceBook())), ledger=ledger)
        super().__init__(feed, collector=GarbageCollector())
        self.acted_at = self.figures_at = self.drawn_at = 0.0
        self._left_to_draw = False

    async def run_action(self, *args: Any, **options: Any) -> bool:
        """As it is; every key that does anything comes here."""
        done = await super().run_action(*args, **options)
        self._left_to_draw = self._has_to_draw
        self.acted_at = time.perf_counter()
        return done

    def _show_snapshot(self, snapshot: Snapshot) -> None:
        super()._show_snapshot(snapshot)
        self.figures_at = time.perf_counter()

    def _display(self, screen: Screen[Any], renderable: Any) -> None:
        """Draw, and make the bytes for a terminal, which is not done without one."""
        super()._display(screen, renderable)
        if isinstance(renderable, CompositorUpdate):
            renderable.render_segments(self.console)
        self.drawn_at = time.perf_counter()

    @property
    def _has_to_draw(self) -> bool:
        seen = [one for one in (self.screen, *self.screen.walk_children(Widget)) if one.region]
        return bool(self.screen._dirty_widgets) or any(one._repaint_required or one._layout_required for one in seen)

    async def press(self, key: str) -> float | None:
        """Milliseconds from a key to the picture of what it changed; None if it changes nothing."""
        if key not in self.screen.active_bindings:
            return None
        began = self._post(key)
        while not self.drawn_at > self.acted_at > began:
            if self.acted_at > began and not self._left_to_draw:
                return None
            await asyncio.sleep(0.0005)
        return (self.drawn_at - began) * 1000

    async def go(self, board: str) -> float:
        """Milliseconds from a board's key to the picture of its figures."""
        began = self._post(str(list(SCREENS).index(board) + 1))
        while self.figures_at < began or not self._shows(board):
            await asyncio.sleep(0.0005)
        return (max(self.figures_at, self.drawn_at) - began) * 1000

    def _post(self, key: str) -> float:
        began = time.perf_counter()
        self.post_message(Key(key, key if len(key) == 1 else None))
        return began

    def _shows(self, board: str) -> bool:
        screen = self.screen
        is_it = isinstance(screen, Board) and board == screen.NAME and screen.part is not None
        return is_it and self.snapshot is not None and self.snapshot.request.screen == board and not self._has_to_draw


async def keys_while_calls_arrive(ledger: Path, seconds: float) -> Figures:
    """What was measured, but for the first picture."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    app = TimedDashboard(ledger)
    found = Figures([], [], [], [], [], 0.0, 0)
    arriving = Arriving(ledger, 999_999)
    pressed = 0
    async with app.run_test(size=(120, 40)) as pilot:
        while app.snapshot is None:
            await asyncio.sleep(0.01)
        arriving.start()
        beat = asyncio.create_task(_beat(found.stalls))
        cpu, until = time.thread_time(), time.monotonic() + seconds
        while time.monotonic() < until:
            for screen in SCREENS:
                found.screens.append(await app.go(screen))
                await asyncio.sleep(0.3)
                for key in _KEYS:
                    if (wait := await app.press(key)) is not None:
                        found.keys.append(wait)
                    await asyncio.sleep(0.02)
                if app.snapshot is not None and screen not in ("plans", "cache"):
                    found.ages.append(float(app.clock() - app.snapshot.at_ms))
                pressed += 1 + len(_KEYS)
        cpu = time.thread_time() - cpu
        beat.cancel()
        arriving.end()
        await pilot.pause()
    return found._replace(cpu_a_key=cpu / pressed * 1000, arrived=arriving.written)


def measure(folder: Path, *, sessions: int, calls: int, seconds: float, pictures: int) -> Figures:
    """Make a ledger and measure over it."""
    ledger = folder / "ledger.db"
    write_large_ledger(ledger, sessions=sessions, calls=calls, until_ms=time.time_ns() // 1_000_000)
    shown = first_picture(folder, pictures) if pictures else []
    return asyncio.run(keys_while_calls_arrive(ledger, seconds))._replace(first_picture=shown)


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
    for name, waits in (("key to picture", found.keys), ("other screen", found.screens)):
        print(
            f"{name:14} median {statistics.median(waits):6.1f} ms  p95 {percentile(waits, 0.95):.1f}"
            f"  worst {max(waits):.1f}  ({len(waits)} keys)"
        )
    print(f"CPU a key      {found.cpu_a_key:13.1f} ms")
    print(f"stalls         p99 {percentile(found.stalls, 0.99):.1f} ms  worst {max(found.stalls):.1f}")
    print(f"age of figures median {statistics.median(found.ages):6.0f} ms  worst {max(found.ages):.0f}")


if __name__ == "__main__":
    main()
