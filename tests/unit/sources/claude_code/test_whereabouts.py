"""Where a line belongs: its time, its session and chain, and whether it is a copy (CLAUDE_CODE sections 1 and 8)."""

from pathlib import Path
from typing import Any

import pytest

from store.records import CopyRank, Session
from tests.unit.ledger.plain import OTHER, SESSION, answer, at, prompt
from tracker.sources.claude_code.lines import epoch_ms

from .reading import batch_of, calls_of

THIRD = "0a1b2c3d-0000-4000-8000-000000000003"
SIDE: dict[str, Any] = {"isSidechain": True}


def ms(second: int) -> int:
    found = epoch_ms(at(second))
    assert found is not None
    return found


def row(second: int) -> dict[str, Any]:
    """A line of a client's own bookkeeping."""
    return {"type": "queue-operation", "timestamp": at(second), "sessionId": SESSION}


def session_of(place: Path, *lines: dict[str, Any]) -> Session:
    """The file's own session."""
    return next(one for one in batch_of(place, *lines).sessions if one.native_id == SESSION)


@pytest.mark.parametrize(
    ("before", "time"),
    [([], 0), ([row(3)], ms(3)), ([row(3), prompt(second=5)], ms(5)), ([prompt(second=5), answer(4)], ms(4))],
)
def test_a_line_without_a_time_has_that_of_the_line_before(
    before: list[dict[str, Any]], time: int, tmp_path: Path
) -> None:
    assert calls_of(tmp_path, *before, answer(9, timestamp=...))[-1].first_at == time


def test_a_session_spans_its_lines_whatever_their_order(tmp_path: Path) -> None:
    own = session_of(tmp_path, answer(6), answer(5), answer(9), answer(7))
    assert (own.first_at, own.last_at, own.own_start_at) == (ms(5), ms(9), ms(5))


def test_a_copy_does_not_begin_the_sessions_own_work(tmp_path: Path) -> None:
    own = session_of(tmp_path, answer(1, requestSessionId=OTHER), answer(6))
    assert (own.first_at, own.own_start_at) == (ms(1), ms(6))


def test_a_line_without_a_session_is_of_the_session_before(tmp_path: Path) -> None:
    assert [call.session for call in calls_of(tmp_path, prompt(), answer(1, sessionId=...), name="-p/x.jsonl")] == [
        SESSION
    ]


@pytest.mark.parametrize(
    ("line", "origin", "rank", "parent"),
    [
        (answer(11), SESSION, CopyRank.OWN, None),
        (answer(9), SESSION, CopyRank.OWN, None),  # a second before the file's first row
        (answer(8), SESSION, CopyRank.FORK, None),
        (answer(11, requestSessionId=SESSION), SESSION, CopyRank.OWN, None),
        (answer(11, requestSessionId=OTHER), OTHER, CopyRank.FORK, OTHER),
        (answer(11, forkedFrom={"sessionId": OTHER}), OTHER, CopyRank.BRANCH, OTHER),
        (answer(11, forkedFrom={"sessionId": OTHER}, requestSessionId=OTHER), OTHER, CopyRank.BRANCH, OTHER),
        (answer(11, forkedFrom={"sessionId": "b"}, requestSessionId=OTHER), OTHER, CopyRank.BRANCH, OTHER),
        (answer(11, forkedFrom={"sessionId": SESSION}), SESSION, CopyRank.OWN, None),
        (answer(11, forkedFrom={"messageUuid": "x"}), SESSION, CopyRank.OWN, None),
        (answer(11, OTHER), OTHER, CopyRank.FOREIGN, None),
    ],
)
def test_a_copy_names_the_session_that_made_it(
    line: dict[str, Any], origin: str, rank: CopyRank, parent: str | None, tmp_path: Path
) -> None:
    batch = batch_of(tmp_path, row(10), line)
    assert [(call.session, call.seen_session, call.copy_rank) for call in batch.calls] == [(origin, SESSION, rank)]
    parents = {one.native_id: one.parent for one in batch.sessions}
    assert parents == {SESSION: parent} | ({} if origin == SESSION else {OTHER: None})


@pytest.mark.parametrize(("seconds", "parent"), [((1, 2), THIRD), ((2, 1), OTHER)])
def test_the_latest_copy_tells_the_parent(seconds: tuple[int, int], parent: str, tmp_path: Path) -> None:
    copies = [answer(second, requestSessionId=origin) for second, origin in zip(seconds, (OTHER, THIRD), strict=True)]
    assert session_of(tmp_path, *copies, answer(9)).parent == parent


def test_a_chain_begins_at_its_earliest_line_and_has_the_agents_type(tmp_path: Path) -> None:
    agent = {**SIDE, "agentId": "ab1"}
    lines = [answer(1), answer(5, **agent, attributionAgent="Explore"), answer(3, **agent), answer(7, **agent)]
    chains = {one.key: one for one in batch_of(tmp_path, *lines).chains}
    assert (chains["ab1"].first_at, chains["ab1"].agent_type, chains[""].agent_type) == (ms(3), "Explore", None)


def test_lines_on_the_same_parent_are_of_one_chain(tmp_path: Path) -> None:
    """The results of parallel tools hang on the answer that asked for them."""
    lines = [
        prompt("look", uuid="s1", parentUuid=None, **SIDE),
        *(answer(number, uuid=f"s{number}", parentUuid="s1", **SIDE) for number in (2, 3, 4)),
    ]
    assert {call.chain for call in calls_of(tmp_path, *lines)} == {"inline-s1"}
