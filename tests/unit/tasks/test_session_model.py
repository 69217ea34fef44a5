"""Any session: each call on one turn, parts sum to the bill, turns sum to their calls."""

from hypothesis import given, settings
from hypothesis import strategies as st

from store.task_rows import COST_PARTS, ChainRow, SessionRecords
from tests.unit.tasks.making import RATES, call, event, records, tool, turn
from tracker.model.tasks.session_tasks import decode_facts, model_session

KINDS = ("prompt", "command", "bash", "notification")
MARKS = ("compact", "clear", "rewind", "microcompact", "interrupt", "api_error", "exit", "command")


@st.composite
def sessions(draw: st.DrawFn) -> SessionRecords:
    """Sessions with prompts, subagents, copies, resets and unpriced calls in any order."""
    calls, turns, tools, events, chains = [], [], [], [], set()
    foreign: dict[str, int] = {}
    for position in range(1, draw(st.integers(1, 25))):
        what = draw(st.sampled_from(("turn", "call", "call", "call", "tool", "event")))
        recent = [one.prompt_uuid for one in turns]
        of = draw(st.sampled_from([None, "unknown", *recent]))
        if what == "turn":
            kind = draw(st.sampled_from(KINDS))
            text = draw(
                st.sampled_from(("", "yes", "add a button", "now fix the billing page for invoices", "still broken"))
            )
            source = draw(st.sampled_from([None, *[one.id for one in tools]]))
            turns.append(turn(f"u{position}", position, text, kind=kind, source_tool_use=source))
            if draw(st.integers(0, 9)) == 0:
                foreign[f"u{position}"] = 2
        elif what == "call":
            chain = draw(st.sampled_from(("", "", "", "x", "y")))
            chains.add(chain)
            numbers = st.integers(0, 200_000)
            given: dict[str, object] = {
                "chain": chain, "turn": of, "input": draw(st.integers(0, 5000)), "cache_read": draw(numbers),
                "write_5m": draw(numbers), "write_1h": draw(st.sampled_from((0, 0, 7000))),
                "output": draw(st.integers(0, 9000)),
                "flags": draw(st.sampled_from((0, 0, 1, 4, 8))), "copied": draw(st.integers(0, 9)) == 0,
            }  # fmt: skip
            if draw(st.integers(0, 9)) == 0:
                given |= {"cost": None, "price_id": None}
            elif draw(st.integers(0, 9)) == 0:
                given |= {"cost": draw(st.integers(0, 10**9)), "price_id": None}
            calls.append(call(position, position, **given))
        elif what == "tool":
            chain = draw(st.sampled_from(("", "x", "y")))
            spawned = draw(st.sampled_from((None, None, "x", "y")))
            tools.append(tool(f"t{position}", position, chain=chain, turn=of, spawned=spawned))
        else:
            events.append(event(draw(st.sampled_from(MARKS)), position))
    rows = [ChainRow(key, None, None, None) for key in sorted(chains)]
    return records(calls=calls, turns=turns, tools=tools, events=events, chains=rows, foreign=foreign)


@given(sessions())
@settings(max_examples=300)
def test_every_call_is_on_one_turn_and_parts_sum_to_the_bill(made: SessionRecords) -> None:
    model = model_session(made, RATES, {})
    own = {one.id: one for one in made.calls if not one.copied}
    assert sorted(split.call_id for split in model.splits) == sorted(own)
    uuids = {row.prompt_uuid for row in model.turns}
    for split in model.splits:
        assert split.turn in uuids
        cost = own[split.call_id].cost
        parts = [getattr(split, part) for part in COST_PARTS]
        assert (parts == [None] * 7) if cost is None else sum(parts) == cost
    assert sum(row.calls for row in model.turns) == len(own)
    assert sum(row.cost for row in model.turns) == sum(one.cost or 0 for one in own.values())
    for row in model.turns:
        assert sum(getattr(row, part) for part in COST_PARTS) == row.cost
        mine = [own[split.call_id] for split in model.splits if split.turn == row.prompt_uuid]
        assert (row.calls, row.output) == (len(mine), sum(one.output for one in mine))
    assert {row.root for row in model.turns} == {part.root for part in model.parts}
    assert all(decode_facts(row.facts).kind == row.kind for row in model.turns)


@given(sessions())
@settings(max_examples=100)
def test_the_order_of_the_records_does_not_matter(made: SessionRecords) -> None:
    shuffled = made._replace(
        calls=made.calls[::-1], turns=made.turns[::-1], tools=made.tools[::-1], events=made.events[::-1]
    )
    one, other = model_session(made, RATES, {}), model_session(shuffled, RATES, {})
    assert sorted(one.splits) == sorted(other.splits)
    assert one.turns == other.turns


def test_carry_over_is_what_a_new_session_would_not_have_paid() -> None:
    made = records(
        calls=[
            call(1, 11, turn="a", input=0, write_5m=20_000, output=0),
            call(2, 12, turn="a", input=0, cache_read=20_000, write_5m=30_000, output=0),
            call(3, 21, turn="b", input=0, cache_read=50_000, write_5m=1000, output=0),
        ],
        turns=[turn("a", 10, "add retries"), turn("b", 20, "yes")],
    )
    from tracker.model.tasks.edits import Overlay, Placement

    model = model_session(made, RATES, {}, Overlay({(1, "b"): Placement("start", None, "you")}, {}))
    last = next(split for split in model.splits if split.call_id == 3)
    # 0.50 $ per million: 20,000 tokens of baseline, 30,000 that the first task left behind.
    assert (last.baseline, last.carry_over, last.own) == (10_000_000, 15_000_000, 0)
    assert [row.context_begin for row in model.turns] == [0, 50_000]
    assert [row.context_end for row in model.turns] == [50_000, 51_000]


def test_the_fifth_call_of_the_reference_chain_reads_again_what_the_fourth_lost() -> None:
    """MODEL section 10, check 1, by way of a whole session: the parts of all five calls."""
    tokens = [
        (3, 0, 22_000, 400),
        (3, 22_000, 9_000, 600),
        (3, 31_000, 4_000, 900),
        (3, 14_000, 22_500, 500),
        (3, 36_500, 1_500, 300),
    ]
    made = records(
        calls=[
            call(key, key * 10, turn="a", input=fresh, cache_read=read, write_5m=write, output=out)
            for key, (fresh, read, write, out) in enumerate(tokens, start=1)
        ],
        turns=[turn("a", 5)],
    )
    row = model_session(made, RATES, {}).turns[0]
    rent = row.baseline + row.carry_over + row.own
    assert [round(value / 1e9, 4) for value in (rent, row.waste, row.fresh, row.generation, row.cost)] == [
        0.0622, 0.1207, 0.2376, 0.0675, 0.4881,
    ]  # fmt: skip
    assert row.misses == 1
