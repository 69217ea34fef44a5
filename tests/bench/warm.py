"""What each report takes over a long history with nothing new: `python -m tests.bench warm`.

The history is a generated tree (tests.bench.tree), or that of `--claude-dir`, read and derived before the clock starts.
Times are of whole processes, the interpreter's start included; of several rounds that with the least CPU time counts.
Memory is taken in a run of its own.
"""

import argparse
import platform
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.bench.processes import machine, times_of
from tests.bench.reading import Contest
from tests.bench.tree import write_tree

REPORTS = (
    "sync",
    "spend",
    "spend --by session --json",
    "sessions",
    "calls --limit 20",
    "tasks",
    "tasks --json",
    "context",
    "cache",
    "cache --since 4w",
    "nudges",
    "budget",
    "plans",
    "whatif",
    "doctor",
    "reprice",
    "whatif --since 26w",
    "calls --json",
    "export EXPORTED",
    "backtest",
)


def main(argv: Sequence[str]) -> int:
    """Print the table; there are no limits."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench warm", description=__doc__)
    parser.add_argument("--mb", type=float, default=3000, help="size of the tree in 10^6 bytes")
    parser.add_argument("--claude-dir", type=Path, help="sessions in place of the generated tree")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--report", action="append", metavar="WORDS", help="only this one; repeatable")
    chosen = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="taximeter-bench-") as temporary:
        place = Path(temporary)
        tree = chosen.claude_dir
        if tree is None:
            tree = place / "claude"
            write_tree(tree, chosen.mb)
        exported = place / "exported"
        contest = Contest(place, tree.resolve(), None)
        for words in (["sync"], ["tasks", "--limit", "1"], ["context"]):  # reads, derives, measures habits
            contest.seconds(contest.taximeter(*words))
        print(f"{machine()}, Python {platform.python_version()}")
        print(f"{'':30}{'wall':>9}{'CPU':>9}{'memory':>9}")
        for report in chosen.report or REPORTS:
            command = contest.taximeter(*(str(exported) if word == "EXPORTED" else word for word in report.split()))
            rounds = (times_of(command, contest.environment("warm"), place) for _ in range(chosen.rounds))
            best = min(rounds, key=lambda one: one.cpu)
            megabytes = contest.megabytes(command, "warm")
            memory = f"{megabytes:.0f} MB" if megabytes else ""
            print(f"{report:30}{best.wall:7.2f} s{best.cpu:7.2f} s{memory:>9}", flush=True)
    return 0
