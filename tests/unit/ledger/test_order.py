"""The same files give the same ledger, in whatever pieces, order and number of reads they are taken in."""

import multiprocessing
import random
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from store.ledger import open_ledger

from .captured import SCENARIOS, tree
from .dump import differences, dump
from .reading import dump_of_tree, ledger_of, take_in, take_in_at, write_tree
from .schedules import grow_tree, replace_by_copy
from .scribe import EVENING_MS, START_MS
from .synthetic import World

SEEDS = st.integers(0, 2**32)
STARTS = st.sampled_from((START_MS, EVENING_MS))
WITHOUT_PRICES = frozenset({"price"})  # the row that a call had for a while stays
WITHOUT_FILES = frozenset({"source_file"})
FORK = multiprocessing.get_context("fork") if "fork" in multiprocessing.get_all_start_methods() else None
needs_fork = pytest.mark.skipif(FORK is None, reason="this system cannot fork")


def differences_when_grown(
    files: Mapping[str, bytes], seed: int, *, without: frozenset[str] = frozenset()
) -> list[str]:
    """Between the ledger of a tree that is read while it grows, and that of the finished tree."""
    with TemporaryDirectory() as place:
        whole = dump_of_tree(Path(place, "whole"), files, without=without)
        root = Path(place, "grown", "claude")
        with closing(open_ledger(Path(place, "grown", "ledger.db"))) as db:
            for _ in grow_tree(root, files, seed):
                take_in(db, root)
            return differences(whole, dump(db, root, without=without))


@settings(max_examples=70)
@given(seed=SEEDS, steps=st.integers(1, 30))
def test_pieces_cut_at_any_byte_in_any_order(seed: int, steps: int) -> None:
    assert differences_when_grown(World(seed).grow(steps).contents(), seed) == []


@settings(max_examples=70)
@given(seed=SEEDS, steps=st.integers(1, 30))
@example(seed=87, steps=17)  # these hold a call that is cut at midnight
@example(seed=144, steps=24)
def test_pieces_in_the_night_of_another_price(seed: int, steps: int) -> None:
    files = World(seed, EVENING_MS).grow(steps).contents()
    assert differences_when_grown(files, seed, without=WITHOUT_PRICES) == []


@settings(max_examples=40)
@given(scenario=st.sampled_from(SCENARIOS), seed=SEEDS)
def test_pieces_of_captured_sessions(scenario: str, seed: int) -> None:
    assert differences_when_grown(tree(scenario), seed) == []


@settings(max_examples=40)
@given(seed=SEEDS, steps=st.integers(1, 30), start_ms=STARTS)
def test_files_in_any_order_one_by_one(seed: int, steps: int, start_ms: int) -> None:
    files = World(seed, start_ms).grow(steps).contents()
    names = sorted(files)
    random.Random(seed).shuffle(names)
    with TemporaryDirectory() as place:
        whole = dump_of_tree(Path(place, "whole"), files, without=WITHOUT_PRICES)
        root = Path(place, "claude")
        with ledger_of(Path(place)) as db:
            for name in names:
                write_tree(root, {name: files[name]})
                take_in(db, root)
            assert differences(whole, dump(db, root, without=WITHOUT_PRICES)) == []


@settings(max_examples=25)
@given(seed=SEEDS, steps=st.integers(1, 30), start_ms=STARTS)
def test_reading_everything_again_from_the_start_changes_nothing(seed: int, steps: int, start_ms: int) -> None:
    with TemporaryDirectory() as place:
        root = write_tree(Path(place, "claude"), World(seed, start_ms).grow(steps).contents())
        with ledger_of(Path(place), root) as db:
            before = dump(db, root)
            for path in root.rglob("*.jsonl"):
                replace_by_copy(path)
            report = take_in(db, root)
            assert report.new_calls == 0
            assert report.files == len(list(root.rglob("*.json*")))
            assert differences(before, dump(db, root)) == []


@settings(max_examples=15)
@given(seed=SEEDS, steps=st.integers(1, 30))
def test_a_backup_of_the_same_tree_counts_nothing_twice(seed: int, steps: int) -> None:
    files = World(seed).grow(steps).contents()
    with TemporaryDirectory() as place:
        root, backup = write_tree(Path(place, "claude"), files), write_tree(Path(place, "backup"), files)
        with ledger_of(Path(place), root) as db:
            before = dump(db, without=WITHOUT_FILES)
            assert take_in(db, backup).new_calls == 0
            assert differences(before, dump(db, without=WITHOUT_FILES)) == []


@settings(max_examples=25)
@given(seed=SEEDS, steps=st.integers(1, 30))
def test_deleting_files_loses_no_records(seed: int, steps: int) -> None:
    with TemporaryDirectory() as place:
        root = write_tree(Path(place, "claude"), World(seed).grow(steps).contents())
        with ledger_of(Path(place), root) as db:
            before = dump(db, root)
            for path in root.rglob("*.jsonl"):
                path.unlink()
            take_in(db, root)
            assert differences(before, dump(db, root)) == []
            assert db.execute("SELECT COUNT(*) FROM source_file WHERE gone_at IS NULL").fetchone()[0] == 0


def test_worker_processes_give_the_same_ledger(tmp_path: Path) -> None:
    files = World(7).grow(300).contents()
    whole = dump_of_tree(tmp_path / "whole", files)
    root = write_tree(tmp_path / "claude", files)
    take_in_at(tmp_path, root, workers=3)
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert differences(whole, dump(db, root)) == []


def _keep_taking_in(ledger: Path, root: Path, rounds: int) -> None:
    with closing(open_ledger(ledger)) as db:
        for _ in range(rounds):
            take_in(db, root)


@needs_fork
@settings(max_examples=6)
@given(seed=SEEDS, start_ms=STARTS)
@example(seed=3, start_ms=START_MS)
@example(seed=3, start_ms=EVENING_MS)
def test_two_processes_at_once_while_the_files_grow(seed: int, start_ms: int) -> None:
    assert FORK is not None
    files = World(seed, start_ms).grow(60).contents()
    with TemporaryDirectory() as place:
        whole = dump_of_tree(Path(place, "whole"), files, without=WITHOUT_PRICES)
        root, ledger = Path(place, "claude"), Path(place, "ledger.db")
        (root / "projects").mkdir(parents=True)
        readers = [FORK.Process(target=_keep_taking_in, args=(ledger, root, 25)) for _ in range(2)]
        for reader in readers:
            reader.start()
        for _ in grow_tree(root, files, seed, disturb=False):
            pass
        for reader in readers:
            reader.join()
        assert [reader.exitcode for reader in readers] == [0, 0]
        with closing(open_ledger(ledger)) as db:
            take_in(db, root)
            assert differences(whole, dump(db, root, without=WITHOUT_PRICES)) == []
