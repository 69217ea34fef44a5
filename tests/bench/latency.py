"""How fast and how quiet the watcher is: `python -m tests.bench latency`.

* From the append of an answer's line to its row in the ledger, and to the session's fresh advice: 200 appends.
* CPU and memory of a watcher over 2,000 files of which none changes.

The watcher is a process of its own; times are taken by another that looks every millisecond.
"""

import argparse
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.unit.advisor.transcripts import Transcript

ROOT = Path(__file__).parents[2]
APPENDS, FILES, IDLE_SECONDS = 200, 2_000, 60.0
LATENCY_LIMIT_MS, CPU_LIMIT_SHARE, MEMORY_LIMIT_MB = 100.0, 0.005, 80.0
_LOOK_SECONDS = 0.001
_GIVE_UP_SECONDS = 10.0


class Latency(NamedTuple):
    """Milliseconds from an append to the row and to the advice, one of each per append."""

    row_ms: list[float]
    advice_ms: list[float]


class Rest(NamedTuple):
    """A watcher while nothing happens."""

    cpu_share: float
    memory_mb: float


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


@contextmanager
def watching(claude_dir: Path, home: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A watcher on a folder, after its first sync."""
    environment = {**os.environ, "TAXIMETER_HOME": str(home), "HOME": str(home.parent)}
    command = [sys.executable, "-I", str(ROOT / "taximeter.py"), "watch", "--claude-dir", str(claude_dir)]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        os.set_blocking(process.stdout.fileno(), False)
        time.sleep(3.0)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def make_tree(claude_dir: Path, files: int) -> None:
    """Sessions that ended days ago, spread over forty projects."""
    for number in range(files):
        start = int(time.time() * 1000) - (files - number) * 600_000 - 86_400_000
        one = Transcript(claude_dir, project=f"/home/dev/project{number % 40}", start_ms=start)
        one.prompt("An old piece of work").tool_turns([30_000, 31_000])


def measure_latency(claude_dir: Path, home: Path, appends: int) -> Latency:
    """Append answers to a running session, each as soon as the one before was seen."""
    live = Transcript(claude_dir, start_ms=int(time.time() * 1000) - 3_600_000)
    live.prompt("The work at hand").call(30_000, ("Bash", {"command": "ls"})).results("ok")
    pause = random.Random(1)
    result = Latency([], [])
    with watching(claude_dir, home) as process:
        db = sqlite3.connect(f"file:{home / 'ledger.db'}?mode=ro", uri=True, isolation_level=None)
        advice = home / "advice" / f"{live.session}.json"
        for number in range(appends):
            live.call(30_500 + 100 * number, ("Bash", {"command": "ls"}))
            appended = time.perf_counter()
            wanted = f"msg_{live.calls:04d}%"
            seen = cost = None
            while seen is None or cost is None:
                now = time.perf_counter()
                if seen is None:
                    row = db.execute("SELECT cost FROM call WHERE message_id LIKE ?", (wanted,)).fetchone()
                    if row is not None:
                        seen = now
                        total = db.execute("SELECT SUM(cost) FROM call JOIN session ON session.id = session_id"
                                           " WHERE native_id = ?", (live.session,)).fetchone()[0]  # fmt: skip
                elif _task_cost(advice) == total:
                    cost = now
                if now - appended > _GIVE_UP_SECONDS:
                    raise TimeoutError(f"append {number} was not seen: {process.poll()}")
                time.sleep(_LOOK_SECONDS)
            result.row_ms.append((seen - appended) * 1000)
            result.advice_ms.append((cost - appended) * 1000)
            live.results("ok")
            if process.stdout is not None:
                process.stdout.read()
            time.sleep(pause.uniform(0.02, 0.15))
        db.close()
    return result


def _task_cost(path: Path) -> int | None:
    try:
        return json.loads(path.read_bytes()).get("task_cost_nano")  # type: ignore[no-any-return]
    except (OSError, ValueError):
        return None


def measure_rest(claude_dir: Path, home: Path, seconds: float) -> Rest:
    """CPU and memory of a watcher that has nothing to do."""
    with watching(claude_dir, home) as process:
        time.sleep(2.0)
        before, started = _cpu_seconds(process.pid), time.monotonic()
        time.sleep(seconds)
        used = _cpu_seconds(process.pid) - before
        return Rest(used / (time.monotonic() - started), _memory_mb(process.pid))


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _memory_mb(pid: int) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise LookupError("no memory figure in /proc")


def main(argv: Sequence[str]) -> int:
    """Print the figures; 1 if one is beyond its limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench latency", description=__doc__)
    parser.add_argument("--appends", type=int, default=APPENDS)
    parser.add_argument("--files", type=int, default=FILES)
    parser.add_argument("--idle-seconds", type=float, default=IDLE_SECONDS)
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        claude_dir, home = Path(folder) / "claude", Path(folder) / "state"
        make_tree(claude_dir, chosen.files)
        rest = measure_rest(claude_dir, home, chosen.idle_seconds)
        latency = measure_latency(claude_dir, home, chosen.appends)
    rows, advice = (
        (percentile(values, 0.5), percentile(values, 0.95), max(values))
        for values in (latency.row_ms, latency.advice_ms)
    )
    print(f"watcher beside {chosen.files:,} files")
    print("  append to row     median {:5.1f} ms   95th percentile {:5.1f} ms   longest {:5.1f} ms".format(*rows))
    print("  append to advice  median {:5.1f} ms   95th percentile {:5.1f} ms   longest {:5.1f} ms".format(*advice))
    print(f"  idle {chosen.idle_seconds:.0f} s         {rest.cpu_share:.2%} of a core   {rest.memory_mb:.0f} MB")
    is_fine = advice[1] <= LATENCY_LIMIT_MS and rest.cpu_share < CPU_LIMIT_SHARE and rest.memory_mb < MEMORY_LIMIT_MB
    return 0 if is_fine else 1
