"""Runs a command and takes its time, or the memory of all its processes together."""

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

_SAMPLE_SECONDS = 0.01


def wall_seconds(command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> float:
    """From start to exit, the interpreter's own start included; RuntimeError if the command fails."""
    started = time.perf_counter()
    ran = subprocess.run(
        command, env=environment, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False
    )
    seconds = time.perf_counter() - started
    if ran.returncode:
        raise RuntimeError(f"{command[0]} ended with {ran.returncode}: {ran.stderr.decode(errors='replace')[-500:]}")
    return seconds


class Times(NamedTuple):
    """What a command took, in seconds: by the clock, and of all cores together."""

    wall: float
    cpu: float


def times_of(command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> Times:
    """Run it to its end; RuntimeError if it fails."""
    before = os.times()
    wall = wall_seconds(command, environment, cwd)
    after = os.times()
    return Times(wall, after.children_user + after.children_system - before.children_user - before.children_system)


def peak_megabytes(command: Sequence[str], environment: Mapping[str, str], cwd: Path) -> float | None:
    """The largest sum, over moments, of the memory of the command's processes; pages they share count once.

    Sampled from /proc every 10 ms; None where there is none.
    """
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    peak = 0
    process = subprocess.Popen(command, env=environment, cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        peak = max(peak, sum(map(_proportional_kilobytes, _with_descendants(process.pid))))
        time.sleep(_SAMPLE_SECONDS)
    return peak * 1024 / 1e6


def _with_descendants(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        try:
            found += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
        except OSError:
            continue
    return found


def _proportional_kilobytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def machine() -> str:
    """Cores and memory, for the table's heading."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} cores, {memory:.0f} GB"
