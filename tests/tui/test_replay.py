"""`python -m tests.tui.replay` in short: a quarter of an hour of work, two hundred times as fast."""

from pathlib import Path

import pytest

from tests.tui.replay import day_of_work, replay


@pytest.mark.filterwarnings("default")
async def test_a_replayed_quarter_of_an_hour_ends_as_the_ledger_says(tmp_path: Path) -> None:
    outcome = await replay(tmp_path, hours=0.25, speed=200)
    assert outcome.calls > 800
    assert outcome.keys > 0
    assert outcome.trouble == []
    assert outcome.wrong == []
    assert outcome.drift == []


def test_a_day_has_the_lines_of_all_agents_in_order() -> None:
    rows = list(day_of_work(0.0, 8 * 3600.0))
    assert [row.at for row in rows] == sorted(row.at for row in rows)
    assert rows[-1].at < 8 * 3600
    assert len({row.file for row in rows}) > 30
