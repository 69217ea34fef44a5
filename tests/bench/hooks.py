"""What an agent waits for at each event: `python -m tests.bench hooks`.

Whole processes, from start to exit, run in turn with a bare interpreter of the same flags; medians count. A watcher is
at work, so no hook starts an ingest of its own, and the ledger behind the status line has a long history.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from hooks.advice import write_advice, write_today
from hooks.spool_reader import ReaderLock
from store.advice_format import Advice
from tests.bench.history import write_history
from tests.unit.hooks.program import FAR_FUTURE_MS, NUDGE_TEXT, STATUSES, payload_of

ROOT = Path(__file__).parents[2]
LAUNCHER = str(ROOT / "taximeter.py")
PLUGIN_SCRIPT = str(ROOT / "hooks" / "claude_code" / "scripts" / "launch.sh")
ROUNDS, HISTORY_CALLS = 100, 27_000
CAPTURE_LIMIT_MS, MESSAGE_LIMIT_MS, STATUS_LIMIT_MS = 15.0, 60.0, 40.0
_BARE = (sys.executable, "-I", "-S")


class Case(NamedTuple):
    """One command, what it is fed, and how long it may take."""

    name: str
    command: tuple[str, ...]
    payload: bytes
    limit_ms: float | None
    is_whole: bool = False  # the limit is for the whole process, not for what it takes beyond the bare interpreter
    prints: bytes = b""  # what has to be in its output, so that the right thing is measured


def cases(home: str) -> list[Case]:
    """What is measured, the bare interpreter first."""
    status = {**STATUSES[-1], "session_id": payload_of("Stop")["session_id"]}

    def hook(event: str) -> tuple[tuple[str, ...], bytes]:
        return (*_BARE, LAUNCHER, "hook", event, "--home", home), json.dumps(payload_of(event)).encode()

    said = NUDGE_TEXT.encode()
    return [
        Case("bare interpreter", (*_BARE, "-c", "pass"), b"", None),
        Case("hook, capture only (PostToolUse)", *hook("PostToolUse"), CAPTURE_LIMIT_MS),
        Case("hook, Stop with a nudge", *hook("Stop"), MESSAGE_LIMIT_MS, prints=said),
        Case("the same, by the plugin", ("sh", PLUGIN_SCRIPT, "Stop"), hook("Stop")[1], MESSAGE_LIMIT_MS, prints=said),
        Case(
            "status line",
            (*_BARE, LAUNCHER, "statusline", "--home", home),
            json.dumps(status).encode(),
            STATUS_LIMIT_MS,
            is_whole=True,
            prints=b"task $1.50",
        ),
    ]  # fmt: skip


def measure(home: Path, rounds: int) -> dict[Case, list[float]]:
    """Milliseconds of every run of every case."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(home.parent), "TAXIMETER_HOME": str(home)}
    (home / "command").write_text(f"{sys.executable}\n{LAUNCHER}\n")
    chosen = cases(str(home))
    took: dict[Case, list[float]] = {case: [] for case in chosen}
    for number in range(rounds):
        for index, case in enumerate(chosen):
            _advise(str(home), f"{number}-{index}")
            took[case].append(_milliseconds(case, environment))
    return took


def _advise(home: str, nudge_id: str) -> None:
    """A nudge that nobody has seen yet."""
    advice: Advice = {
        "nudge": {"id": nudge_id, "text": NUDGE_TEXT, "kind": "compact", "expires_at": FAR_FUTURE_MS},
        "task_cost_nano": 1_500_000_000,
        "compact_at_tokens": 90_000,
    }
    write_today(home, {"today_cost_nano": 9_000_000_000, "today_ends_at": FAR_FUTURE_MS})
    write_advice(home, payload_of("Stop")["session_id"], advice)


def _milliseconds(case: Case, environment: dict[str, str]) -> float:
    started = time.perf_counter()
    done = subprocess.run(case.command, input=case.payload, capture_output=True, env=environment, check=True)
    took = (time.perf_counter() - started) * 1000
    if case.prints not in done.stdout:
        raise RuntimeError(f"{case.name} printed {done.stdout!r} {done.stderr!r}")
    return took


def main(argv: Sequence[str]) -> int:
    """Print the table; 1 if a median is beyond its limit."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench hooks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "state"
        write_history(home / "ledger.db", HISTORY_CALLS)
        lock = ReaderLock(str(home))
        if not lock.acquire():
            raise RuntimeError("a new state folder has a reader")
        took = measure(home, chosen.rounds)
        lock.release()
    return 0 if _print(took) else 1


def _print(took: dict[Case, list[float]]) -> bool:
    rounds = len(next(iter(took.values())))
    bare = median(next(iter(took.values())))
    is_fine = True
    print(f"{f'medians of {rounds}':36}{'whole':>10}{'over bare':>12}{'limit':>9}")
    for case, times in took.items():
        whole, over = median(times), median(times) - bare
        limit = "" if case.limit_ms is None else f"{case.limit_ms:.0f} ms"
        print(f"{case.name:36}{whole:7.1f} ms{over:9.1f} ms{limit:>9}{' whole' if case.is_whole else ''}")
        is_fine &= case.limit_ms is None or (whole if case.is_whole else over) <= case.limit_ms
    return is_fine
