"""How fast transcripts are read, beside ccusage's native binary on the same tree: `python -m tests.bench`.

A generated tree (tests.bench.tree) lies in the page cache when the clock starts. Each round runs in turn a cold
`sync` into an empty state folder, ccusage, and a warm `spend --json` that finds nothing new; medians count. Memory is
taken in runs of its own, summed over the processes. The last part is the warm report over a history of the size of
400 MB of transcripts and of ten times as much, whose transcripts are long deleted.
"""

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.ccusage import daily_report, find_ccusage
from tests.bench.history import write_history
from tests.bench.processes import machine, peak_megabytes, wall_seconds
from tests.bench.tree import TreeFacts, write_tree

ROOT = Path(__file__).parents[2]
COLD_LIMIT, WARM_LIMIT, MEMORY_LIMIT_MB = 1.0, 0.2, 200.0
_CALLS_IN_400_MB = 27_000


class Contest:
    """The commands to compare, on one tree."""

    def __init__(self, place: Path, tree: Path, ccusage: Path | None) -> None:
        self._place = place
        self._tree = tree
        self._ccusage = ccusage
        home = place / "user"
        home.mkdir()
        self._environment = {"PATH": os.environ["PATH"], "HOME": str(home)}

    def environment(self, state: str) -> dict[str, str]:
        """An own home without any agent's records but the tree's."""
        return {**self._environment, "TAXIMETER_HOME": str(self._place / state), "CLAUDE_CONFIG_DIR": str(self._tree)}

    def taximeter(self, *words: str) -> list[str]:
        """The command line of this working copy."""
        return [sys.executable, str(ROOT / "taximeter.py"), *words, "--claude-dir", str(self._tree)]

    def ccusage(self) -> list[str] | None:
        """ccusage's daily report, prices from its own table."""
        return daily_report(self._ccusage) if self._ccusage else None

    def seconds(self, command: Sequence[str], state: str = "warm") -> float:
        """One run."""
        return wall_seconds(command, self.environment(state), self._place)

    def cold_seconds(self) -> float:
        """One `sync` into an empty state folder."""
        shutil.rmtree(self._place / "cold", ignore_errors=True)
        return self.seconds(self.taximeter("sync"), "cold")

    def megabytes(self, command: Sequence[str], state: str) -> float | None:
        """Peak memory of one run."""
        return peak_megabytes(command, self.environment(state), self._place)


class Figures(NamedTuple):
    """Seconds of each round, and peak megabytes of one run each."""

    cold: list[float]
    warm: list[float]
    ccusage: list[float]
    cold_megabytes: float | None
    warm_megabytes: float | None
    ccusage_megabytes: float | None


def race(contest: Contest, rounds: int) -> Figures:
    """Run the commands in turn."""
    ccusage = contest.ccusage()
    report = contest.taximeter("spend", "--json")
    contest.seconds(report)  # fills the ledger that the warm runs read, and the page cache
    cold, warm, other = [], [], []
    for _ in range(rounds):
        cold.append(contest.cold_seconds())
        if ccusage:
            other.append(contest.seconds(ccusage))
        warm.append(contest.seconds(report))
    return Figures(
        cold,
        warm,
        other,
        contest.megabytes(contest.taximeter("sync"), "cold-memory"),
        contest.megabytes(report, "warm"),
        contest.megabytes(ccusage, "warm") if ccusage else None,
    )


def main(argv: Sequence[str]) -> int:
    """Print the table; 1 if a figure is beyond its limit (without ccusage only the memory can be)."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--mb", type=float, default=400, help="size of the tree in 10^6 bytes")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ccusage", metavar="PATH", help="its native binary, if it is not found by itself")
    parser.add_argument("--no-history", action="store_true", help="leave out the part with the long history")
    parser.add_argument("--keep", metavar="DIR", help="write everything here and leave it there")
    chosen = parser.parse_args(argv)
    ccusage = find_ccusage(chosen.ccusage)
    with tempfile.TemporaryDirectory(prefix="taximeter-bench-") as temporary:
        place = Path(chosen.keep or temporary).resolve()
        place.mkdir(exist_ok=True)
        tree = place / "claude"
        facts = write_tree(tree, chosen.mb)
        figures = race(Contest(place, tree, ccusage), chosen.rounds)
        is_fine = _print_race(facts, figures)
        if not chosen.no_history:
            _print_history(place, tree, chosen.rounds)
    return 0 if is_fine else 1


def _print_race(facts: TreeFacts, figures: Figures) -> bool:
    print(f"{facts.bytes / 1e6:.0f} MB in {facts.files} files, {facts.calls:,} calls")
    print(f"{machine()}, Python {platform.python_version()}")
    print(f"{'':30}{'median':>9}{'fastest':>9}{'ratio':>8}{'memory':>9}")
    other = median(figures.ccusage) if figures.ccusage else None
    is_fine = True
    for name, seconds, megabytes, limit in (
        ("ccusage daily", figures.ccusage, figures.ccusage_megabytes, None),
        ("taximeter sync, cold", figures.cold, figures.cold_megabytes, COLD_LIMIT),
        ("taximeter spend, nothing new", figures.warm, figures.warm_megabytes, WARM_LIMIT),
    ):
        if not seconds:
            print(f"{name:30}  not found: npm install ccusage@20.0.24, or --ccusage PATH")
            continue
        ratio = median(seconds) / other if other else None
        print(
            f"{name:30}{median(seconds):7.3f} s{min(seconds):7.3f} s"
            f"{f'{ratio:.2f}' if ratio else '':>8}{f'{megabytes:.0f} MB' if megabytes else '':>9}"
        )
        if limit is not None:
            is_fine &= (ratio is None or ratio <= limit) and (megabytes is None or megabytes <= MEMORY_LIMIT_MB)
    return is_fine


def _print_history(place: Path, tree: Path, rounds: int) -> None:
    """The warm report, with a history in the ledger that the tree no longer shows."""
    print(f"{'warm report over a history':30}{'median':>9}{'fastest':>9}")
    for times in (1, 10):
        folder = place / f"history-{times}"
        write_history(folder / "ledger.db", times * _CALLS_IN_400_MB)
        contest = Contest(folder, tree, None)
        report = contest.taximeter("spend", "--json")
        contest.seconds(report, "")
        seconds = [contest.seconds(report, "") for _ in range(rounds)]
        print(f"{f'  of {times * _CALLS_IN_400_MB:,} calls':30}{median(seconds):7.3f} s{min(seconds):7.3f} s")
