"""A call whose lines stand on both sides of a new price costs what it did when it began, however it is read."""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.ledger import open_ledger
from tracker.reprice import reprice_ledger

from .pieces import check, line_by_line
from .plain import FILE, OTHER, OTHER_FILE, SESSION, answer, encoded, usage
from .reading import price_book, take_in

# Sonnet 5.5 has another price from 2026-10-07 on.
AROUND_MIDNIGHT = ("2026-10-06T23:59:58.000Z", "2026-10-06T23:59:59.900Z", "2026-10-07T00:00:00.000Z")


def check_lines(lines: list[dict[str, Any]], *, copied: bool) -> None:
    """Read the lines of a call in any order, between copies that a fork has of them."""
    pieces = line_by_line(*lines)
    if copied:
        copies = [line | {"sessionId": OTHER, "requestSessionId": SESSION} for line in reversed(lines)]
        pieces = [*line_by_line(*copies[1:], name=OTHER_FILE), *pieces, (OTHER_FILE, encoded(copies[0]))]
    with TemporaryDirectory() as place:
        check(Path(place), *pieces, besides="price")  # the row that a call had for a while stays


@settings(max_examples=30)
@given(
    written=st.lists(st.tuples(st.sampled_from(AROUND_MIDNIGHT), st.integers(1, 300)), min_size=2, max_size=5),
    copied=st.booleans(),
)
def test_lines_of_one_call_on_both_sides_of_a_new_price(written: list[tuple[str, int]], copied: bool) -> None:
    lines = [
        answer(1, timestamp=time, message={"model": "claude-sonnet-5-5", "usage": usage(output_tokens=output)})
        for time, output in written
    ]
    check_lines(lines, copied=copied)


# Until 13 March 2026 a prompt of Sonnet 4.6 above 200,000 tokens cost twice as much.
AROUND_ANOTHER = ("2026-03-12T23:59:58.000Z", "2026-03-12T23:59:59.900Z", "2026-03-13T00:00:00.000Z")


def of_prompts(time: str, output: int, *prompts: int) -> dict[str, Any]:
    """A line of a call of Sonnet 4.6, made of requests with prompts of these tokens."""
    parts = [
        {"type": "message", "input_tokens": prompt, "output_tokens": output if index == 0 else 0}
        for index, prompt in enumerate(prompts)
    ]
    without = {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "cache_creation": ...}
    counts = usage(input_tokens=sum(prompts), output_tokens=output, iterations=parts, **without)
    return answer(1, timestamp=time, message={"model": "claude-sonnet-4-6", "usage": counts})


@pytest.mark.parametrize(
    ("prompts", "cost"),
    [
        ((100_000,), 100_000 * 3000 + 300 * 15_000),
        ((250_000,), 250_000 * 6000 + 300 * 22_500),
        ((250_000, 100_000), 250_000 * 6000 + 300 * 22_500 + 100_000 * 3000),
        ((250_000, 210_000), 460_000 * 6000 + 300 * 22_500),
        ((100_000, 110_000), 210_000 * 3000 + 300 * 15_000),
    ],
)
@settings(max_examples=10)
@given(lines=st.permutations([(AROUND_ANOTHER[0], 1), (AROUND_ANOTHER[1], 2), (AROUND_ANOTHER[2], 300)]))
def test_requests_inside_a_call_are_long_or_not_by_the_price_when_it_began(
    prompts: tuple[int, ...], cost: int, lines: list[tuple[str, int]]
) -> None:
    pieces = line_by_line(*(of_prompts(time, output, *prompts) for time, output in lines))
    with TemporaryDirectory() as place:
        check(Path(place), *pieces, besides="price")
        with closing(open_ledger(Path(place, "pieces", "ledger.db"))) as db:
            assert db.execute("SELECT cost FROM call").fetchall() == [(cost,)]
            assert reprice_ledger(db, price_book(), dry_run=True) == []


@settings(max_examples=30)
@given(
    written=st.lists(st.tuples(st.sampled_from(AROUND_ANOTHER), st.integers(1, 300)), min_size=2, max_size=5),
    prompts=st.lists(st.sampled_from((100_000, 150_000, 250_000)), min_size=1, max_size=3),
    copied=st.booleans(),
)
def test_lines_of_a_call_of_several_requests_on_both_sides_of_a_new_price(
    written: list[tuple[str, int]], prompts: list[int], copied: bool
) -> None:
    lines = [of_prompts(time, output, *prompts) for time, output in written]
    check_lines(lines, copied=copied)


def test_a_call_costs_what_it_did_when_it_began(tmp_path: Path) -> None:
    def line(time: str, output: int) -> dict[str, Any]:
        counts = usage(cache_read_input_tokens=1_000_000, output_tokens=output)
        return answer(1, timestamp=time, message={"model": "claude-sonnet-5-5", "usage": counts})

    pieces = line_by_line(line(AROUND_MIDNIGHT[1], 3), line(AROUND_MIDNIGHT[2], 300))
    root = tmp_path / "claude"
    path = root / "projects" / FILE
    path.parent.mkdir(parents=True)
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        for _, content in pieces:
            with path.open("ab") as handle:
                handle.write(content)
            take_in(db, root)
        # 10 in, 1,000,000 read, 100 written, 300 out at the price until 6 October.
        assert db.execute("SELECT cost, price_id FROM call").fetchall() == [
            (10 * 2000 + 1_000_000 * 200 + 100 * 2500 + 300 * 10_000, "claude-sonnet-5-5@2026-09-28/standard")
        ]
