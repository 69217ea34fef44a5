"""Keys stay quick while calls arrive: `python -m tests.tui.speed` at a fifth of its size, with room to spare."""

from pathlib import Path

import pytest

from tests.bench.latency import percentile
from tests.tui.speed import measure

LIMITS = {"keys": 50.0, "stalls": 50.0, "ages": 1000.0, "first picture": 2000.0}  # ms


def _waits(folder: Path, sessions: int, calls: int) -> dict[str, float]:
    folder.mkdir()
    found = measure(folder, sessions=sessions, calls=calls, seconds=8.0, pictures=1)
    assert found.arrived > 50
    return {
        "keys": percentile(found.keys, 0.95),
        "stalls": percentile(found.stalls, 0.99),
        "ages": percentile(found.ages, 0.5),
        "first picture": found.first_picture[0],
    }


@pytest.mark.filterwarnings("default")
def test_keys_do_not_wait_for_the_ledger(tmp_path: Path) -> None:
    large = _waits(tmp_path / "large", sessions=600, calls=20_000)
    allowed = LIMITS
    if any(large[name] >= LIMITS[name] for name in LIMITS):
        # Other programs keep the machine busy, or it is slow: then a ledger with next to nothing in it waits as well.
        small = _waits(tmp_path / "small", sessions=10, calls=50)
        allowed = {name: max(LIMITS[name], 3 * small[name]) for name in LIMITS}
    assert {name: wait for name, wait in large.items() if wait >= allowed[name]} == {}, allowed
