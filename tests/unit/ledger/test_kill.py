"""A sync that is killed at any moment loses nothing and counts nothing twice."""

import multiprocessing
import os
import random
import signal
import time
from contextlib import closing
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from store.invariants import check_invariants
from store.ledger import open_ledger

from .dump import differences, dump
from .plain import session_of
from .reading import dump_of_tree, take_in, take_in_at, write_tree
from .synthetic import World

pytestmark = pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="this system cannot fork")
KILLS = 10  # for each way to read


def _sync(home: Path, root: Path, workers: int) -> None:
    os.setsid()  # what it starts can be found by its group
    take_in_at(home, root, workers)


def start(home: Path, root: Path, workers: int) -> BaseProcess:
    """A sync in a process of its own."""
    process = multiprocessing.get_context("fork").Process(target=_sync, args=(home, root, workers))
    process.start()
    return process


def kill_after(process: BaseProcess, seconds: float) -> bool:
    """SIGKILL after a while; True if the process was still at work. Fails if processes that it started live on."""
    time.sleep(seconds)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert ends_within(5, group=process.pid), "worker processes outlive the sync that started them"
    return process.exitcode == -signal.SIGKILL


def ends_within(seconds: float, *, group: int) -> bool:
    """Whether every process of the group ends by itself in that time; those that do not are killed."""
    deadline = time.monotonic() + seconds
    while runs(group):
        if time.monotonic() > deadline:
            os.killpg(group, signal.SIGKILL)
            return False
        time.sleep(0.01)
    return True


def runs(group: int) -> bool:
    """Whether a process of the group is alive; one that has ended and was not yet waited for is not."""
    if not Path("/proc/self/stat").exists():
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return False
        return True
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, process_group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if int(process_group) == group and state not in "ZX":
            return True
    return False


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    """Enough sessions for a sync to take a good while."""
    return World(20).grow(300).contents()


@pytest.mark.parametrize("workers", [0, 2])
def test_killed_at_random_moments_then_finished(workers: int, files: dict[str, bytes], tmp_path: Path) -> None:
    whole = dump_of_tree(tmp_path / "whole", files)
    root = write_tree(tmp_path / "claude", files)
    started = time.monotonic()
    start(tmp_path / "timing", root, workers).join()
    duration = time.monotonic() - started
    pick = random.Random(workers)
    caught = attempt = 0
    # On a busy machine many a sync is done before its turn to be killed comes: then there are more of them.
    while attempt < KILLS // 2 or (caught < KILLS // 4 and attempt < 3 * KILLS):
        attempt += 1
        home = tmp_path / str(attempt)
        # Twice in a row: the second one goes on from what the first one left.
        for _ in range(2):
            caught += kill_after(start(home, root, workers), pick.uniform(0, duration))
        with closing(open_ledger(home / "ledger.db")) as db:
            take_in(db, root)
            assert differences(whole, dump(db, root)) == []
            assert [check for check in check_invariants(db) if check.broken] == []
    assert caught >= KILLS // 4, "most kills have to hit a sync at work, or this shows nothing"


def test_workers_of_a_killed_sync_end_too(tmp_path: Path) -> None:
    """Also those that wait for the killed process to take what they have read."""
    sessions = {
        f"-home-dev-app/{number}.jsonl": session_of(1500, str(number), first=number * 1500) for number in range(16)
    }
    root = write_tree(tmp_path / "claude", sessions)
    process = start(tmp_path / "home", root, workers=2)
    assert process.pid is not None
    time.sleep(0.2)
    os.kill(process.pid, signal.SIGSTOP)
    kill_after(process, 0.5)  # long enough for the workers to fill their pipes
