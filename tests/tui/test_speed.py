"""Keys stay quick while calls arrive: `python -m tests.tui.speed` at a fifth of its size, with room to spare."""

from pathlib import Path

import pytest

from tests.tui.speed import measure, percentile


@pytest.mark.filterwarnings("default")
def test_keys_do_not_wait_for_the_ledger(tmp_path: Path) -> None:
    # Other programs on the machine make single measurements slow: the quickest of three counts.
    for attempt in range(3):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        found = measure(folder, sessions=600, calls=20_000, seconds=8.0, pictures=1)
        if percentile(found.keys, 0.95) < 50 and percentile(found.stalls, 0.99) < 50:
            break
    assert found.arrived > 50
    assert percentile(found.keys, 0.95) < 50
    assert percentile(found.stalls, 0.99) < 50
    assert percentile(found.ages, 0.5) < 1000
    assert found.first_picture[0] < 2000
