"""Hidden spend of sessions that are written here: what the client's counter has beyond the records."""

from pathlib import Path
from typing import Any

import pytest

from store.spend import Filter
from tracker.reports.hidden import hidden_in, hidden_spend

from .plain import COST, FILE, MODEL, OTHER, OTHER_FILE, SESSION, TOKENS, answer, encoded, prompt
from .reading import ledger_of, write_tree

COUNTED_FROM = 1_795_100_000_000  # some hours before every line
CENT = 10_000_000


def counter(calls: int, hidden: int, session: str = SESSION, *, model: str = MODEL) -> dict[str, Any]:
    """The client's total of plain calls, and of unrecorded output that cost `hidden` nano-dollars at 20,000 a token."""
    usd = (calls * COST + hidden) / 10**9
    used = {
        "inputTokens": calls * TOKENS.input,
        "cacheReadInputTokens": calls * TOKENS.cache_read,
        "cacheCreationInputTokens": calls * TOKENS.write_5m,
        "outputTokens": calls * TOKENS.output + hidden // 20_000,
        "costUSD": usd,
    }
    return {
        "type": "cost-state",
        "sessionId": session,
        "totalCostUSD": usd,
        "startTime": COUNTED_FROM,
        "modelUsage": {model: used},
    }


def of_both(place: Path, files: dict[str, bytes]) -> dict[str, int | None]:
    """Hidden spend by session."""
    with ledger_of(place, write_tree(place / "claude", files)) as db:
        return {row.session: row.cost for row in hidden_spend(db).rows}


def test_a_session_without_a_recorded_call_counts(tmp_path: Path) -> None:
    files = {
        FILE: encoded(prompt("/btw what is this"), counter(0, 25 * CENT)),
        OTHER_FILE: encoded(prompt(session=OTHER), answer(1, OTHER), counter(1, 10 * CENT, OTHER)),
    }
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
        for chosen in (Filter(), Filter(agent="claude-code"), Filter(since="2026-11-20", until="2026-11-20", utc=True)):
            found = hidden_in(db, chosen)
            assert (found.cost, found.sessions) == (35 * CENT, 2)


def test_it_stands_on_the_day_of_the_last_word_and_on_no_other(tmp_path: Path) -> None:
    next_day = {"timestamp": "2026-11-21T09:00:00.000Z"}
    lines = [prompt(), answer(1), counter(1, 3 * CENT), prompt(second=2), answer(3, **next_day), counter(2, 5 * CENT)]
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", {FILE: encoded(*lines)})) as db:
        by_day = [hidden_in(db, Filter(since=day, until=day, utc=True)).cost for day in ("2026-11-20", "2026-11-21")]
    assert by_day == [None, 5 * CENT]


@pytest.mark.parametrize(("model", "cost"), [(MODEL, 5 * CENT), ("claude-haiku-5-5", 0)])
def test_it_is_known_by_model(model: str, cost: int, tmp_path: Path) -> None:
    files = {FILE: encoded(prompt(), answer(1), counter(1, 5 * CENT))}
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
        assert hidden_in(db, Filter(model=model)).cost == cost


def test_of_a_total_without_models_nothing_is_known_by_model(tmp_path: Path) -> None:
    files = {FILE: encoded(prompt(), answer(1), {**counter(1, 5 * CENT), "modelUsage": {}})}
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
        assert hidden_in(db, Filter(model=MODEL)).cost is None
        assert hidden_in(db, Filter()).cost == 5 * CENT
