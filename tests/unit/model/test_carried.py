"""What each part of a context cost, worked out by hand; and that nothing of a bill is lost, whatever happens."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.cost.carried import (
    FIRST_PROMPT,
    OWN_TEXT,
    PROMPT,
    SUMMARY,
    UNRECORDED,
    Account,
    ContextPart,
    InputCost,
    Kind,
    Source,
    Step,
    walk_chain,
    whole_nano,
)
from tracker.model.cost.chain_call import Reset
from tracker.model.cost.result_tokens import result_tokens

READ = Source(Kind.TOOL, "Read", "a.py")


def accounts_of(*steps: Step) -> tuple[dict[Source, Account], list[ContextPart]]:
    accounts: dict[Source, Account] = {}
    parts = walk_chain(steps, accounts)
    return accounts, parts


def step(context: int, cost: InputCost | None, *added: tuple[Source, int], reread: int = 0, reset: str | None = None):
    return Step(context, reread, reset, added, cost)


def test_a_result_costs_fresh_once_and_then_its_share_of_the_rent_after_the_first_prompt():
    accounts, parts = accounts_of(
        step(1000, InputCost(0, 0, 0, 5000)),
        step(1400, InputCost(100, 0, 0, 800), (OWN_TEXT, 100), (READ, 300), reread=1000),
        step(1500, InputCost(100, 40, 0, 200), (OWN_TEXT, 100), reread=1400),
        step(2000, InputCost(100, 50, 0, 900), (PROMPT, 500), reread=1500),
    )
    # Of 800 for 400 new tokens, 300 are the result's; then 300 of 400, and 300 of 500 tokens.
    assert accounts[READ] == Account(1, 300, 2, 600.0, 30.0 + 30.0)
    # Of the agent's text, 100 tokens were carried twice, 100 once.
    assert accounts[OWN_TEXT] == Account(2, 200, 3, 200.0 + 200.0, 10.0 + 10.0 + 10.0)
    assert accounts[PROMPT] == Account(1, 500, 0, 900.0, 0.0)
    assert accounts[FIRST_PROMPT] == Account(1, 1000, 3, 5000.0, 300.0)
    assert parts == [
        ContextPart(FIRST_PROMPT, 1000, 3),
        ContextPart(OWN_TEXT, 100, 2),
        ContextPart(READ, 300, 2),
        ContextPart(OWN_TEXT, 100, 1),
        ContextPart(PROMPT, 500, 0),
    ]


def test_waste_is_shared_by_the_whole_context():
    accounts, _ = accounts_of(
        step(1000, InputCost(0, 0, 0, 0)),
        step(2000, InputCost(0, 0, 0, 0), (READ, 1000), reread=1000),
        step(2000, InputCost(0, 0, 600, 0), reread=2000),
    )
    assert accounts[READ].carried == 300.0
    assert accounts[FIRST_PROMPT].carried == 300.0


def test_a_rewind_cuts_the_end_and_leaves_the_rest_whole():
    """The result that was cut is no longer carried; what is not of the parts before it is the new prompt."""
    accounts, parts = accounts_of(
        step(1000, InputCost(0, 0, 0, 0)),
        step(1400, InputCost(0, 0, 0, 0), (PROMPT, 400), reread=1000),
        step(1500, InputCost(0, 0, 0, 0), (OWN_TEXT, 100), reread=1400),
        step(5500, InputCost(0, 0, 0, 0), (READ, 4000), reread=1500),
        step(5600, InputCost(0, 4500, 0, 0), (OWN_TEXT, 100), reread=5500),
        step(1550, InputCost(0, 500, 0, 50), reread=1500, reset=Reset.REWIND),
        step(1600, InputCost(0, 550, 0, 0), (OWN_TEXT, 50), reread=1550),
    )
    assert accounts[READ] == Account(1, 4000, 1, 0.0, 4000.0)
    # Of 500 tokens after the first prompt, 400 were prompts; of 550 later ones, 450.
    assert accounts[PROMPT] == Account(2, 450, 6, 50.0, 400.0 + 400.0 + 400.0 + 50.0)
    assert accounts[OWN_TEXT] == Account(3, 250, 4, 0.0, 100.0 + 100.0 + 100.0)
    assert [(part.source.kind, part.tokens) for part in parts] == [
        (Kind.FIRST_PROMPT, 1000),
        (Kind.PROMPT, 400),
        (Kind.OWN_TEXT, 100),
        (Kind.PROMPT, 50),
        (Kind.OWN_TEXT, 50),
    ]


def test_a_rewind_cuts_the_latest_prompt_however_long_the_new_one_is():
    """The context is larger than before, yet the answer and the result that were cut are gone."""
    accounts, parts = accounts_of(
        step(1000, InputCost(0, 0, 0, 0)),
        step(1100, InputCost(0, 0, 0, 0), (OWN_TEXT, 100), reread=1000),
        step(1200, InputCost(0, 0, 0, 0), (PROMPT, 100), reread=1100),
        step(2200, InputCost(0, 200, 0, 0), (READ, 1000), reread=1200),
        step(5000, InputCost(0, 100, 0, 3900), (OWN_TEXT, 500), (PROMPT, 2300), reread=1100, reset=Reset.REWIND),
    )
    assert accounts[READ] == Account(1, 1000, 0, 0.0, 0.0)
    assert accounts[PROMPT] == Account(2, 4000, 1, 3900.0, 100.0)
    assert [(part.source.kind, part.tokens) for part in parts] == [
        (Kind.FIRST_PROMPT, 1000),
        (Kind.OWN_TEXT, 100),
        (Kind.PROMPT, 3900),
    ]


def test_a_rewind_after_the_cache_expired_sends_what_it_kept_once_more():
    """Of 1,200 tokens that are not in the cache, 100 are the new prompt."""
    accounts, _ = accounts_of(
        step(1000, InputCost(0, 0, 0, 0)),
        step(1600, InputCost(0, 0, 0, 0), (READ, 600), reread=1000),
        step(1700, InputCost(0, 0, 0, 0), (PROMPT, 100), reread=1600),
        step(1700, InputCost(500, 0, 0, 1200), reread=500, reset=Reset.REWIND),
    )
    assert accounts[PROMPT].fresh == 100.0
    assert accounts[FIRST_PROMPT].carried == 500.0 + 1100.0 * 1000 / 1600
    assert accounts[READ].carried == 1100.0 * 600 / 1600


def test_a_rewind_to_the_first_prompt_after_a_compaction_keeps_the_summary():
    _, parts = accounts_of(
        step(1000, InputCost(0, 0, 0, 0)),
        step(9000, InputCost(0, 0, 0, 0), (READ, 8000), reread=1000),
        step(1500, InputCost(0, 0, 0, 0), reread=1000, reset=Reset.COMPACT),
        step(1800, InputCost(0, 0, 0, 0), (READ, 300), reread=1500),
        step(1550, InputCost(0, 0, 0, 0), reread=1000, reset=Reset.REWIND),
    )
    assert [(part.source.kind, part.tokens) for part in parts] == [
        (Kind.FIRST_PROMPT, 1000),
        (Kind.SUMMARY, 500),
        (Kind.PROMPT, 50),
    ]


def test_a_compaction_leaves_the_first_prompt_and_a_summary():
    accounts, parts = accounts_of(
        step(1000, InputCost(0, 0, 0, 0)),
        step(5000, InputCost(0, 0, 0, 0), (READ, 4000), reread=1000),
        step(3000, InputCost(80, 0, 0, 2200), (UNRECORDED, 7), reread=800, reset=Reset.COMPACT),
        step(3500, InputCost(100, 200, 0, 0), (READ, 500), reread=3000),
    )
    # 800 of the first prompt were in the cache: 200 of it and 2,000 of the summary were written for 2,200.
    assert accounts[FIRST_PROMPT] == Account(1, 1000, 3, 200.0, 180.0)
    assert accounts[SUMMARY] == Account(1, 2000, 1, 2000.0, 200.0)
    assert accounts[READ] == Account(2, 4500, 0, 0.0, 0.0)
    assert UNRECORDED not in accounts
    assert [one.source for one in parts] == [FIRST_PROMPT, SUMMARY, READ]


def test_without_a_compaction_all_but_the_first_prompt_shrinks_in_proportion():
    accounts, parts = accounts_of(
        step(1000, InputCost(0, 0, 0, 0)),
        step(5000, InputCost(0, 0, 0, 0), (READ, 3000), (OWN_TEXT, 1000), reread=1000),
        step(3000, InputCost(0, 0, 0, 0), reread=3000),
        step(3500, InputCost(0, 250, 0, 0), (PROMPT, 500), reread=3000),
        step(3500, InputCost(0, 250, 0, 0), reread=3500),
    )
    assert parts[1:] == [ContextPart(READ, 1500, 3), ContextPart(OWN_TEXT, 500, 3), ContextPart(PROMPT, 500, 1)]
    # 1,500 of 2,000 tokens, then of 2,500.
    assert accounts[READ].carried == pytest.approx(187.5 + 150)
    assert accounts[PROMPT].carried == pytest.approx(50)


def test_after_a_cleared_context_there_is_another_first_prompt():
    accounts, parts = accounts_of(
        step(1000, InputCost(0, 0, 0, 10)),
        step(4000, InputCost(0, 0, 0, 0), (READ, 3000), reread=1000),
        step(1200, InputCost(5, 0, 0, 7), reread=500, reset=Reset.CLEAR),
    )
    assert accounts[FIRST_PROMPT] == Account(2, 2200, 1, 17.0, 5.0)
    assert parts == [ContextPart(FIRST_PROMPT, 1200, 0)]


def test_parts_from_before_the_chosen_calls_count_if_these_carry_them():
    accounts, _ = accounts_of(
        step(1000, None),
        step(2000, None, (READ, 1000), reread=1000),
        step(2100, InputCost(50, 60, 0, 70), (OWN_TEXT, 100), reread=2000),
    )
    assert accounts[READ] == Account(1, 1000, 1, 0.0, 60.0)
    assert accounts[FIRST_PROMPT] == Account(1, 1000, 1, 0.0, 50.0)
    gone, _ = accounts_of(
        step(1000, None),
        step(2000, None, (READ, 1000), reread=1000),
        step(1500, InputCost(0, 0, 0, 9), reset=Reset.COMPACT),
    )
    assert gone[READ] == Account()


money = st.integers(0, 10**12)
paid = st.none() | st.builds(InputCost, money, money, money, money)
resets = st.sampled_from([None, None, None, Reset.COMPACT, Reset.CLEAR, Reset.MICROCOMPACT, Reset.REWIND])
sources = st.sampled_from([READ, OWN_TEXT, PROMPT, UNRECORDED, Source(Kind.TOOL, "Bash", "ls")])


@given(
    st.lists(
        st.tuples(st.integers(1, 1_000_000), st.integers(0, 1_000_000), resets, paid, st.lists(sources, max_size=3)),
        max_size=25,
    )
)
def test_accounts_sum_to_the_cost_and_parts_to_the_context(calls):
    steps = []
    before = 0
    for context, reread, reset, pays, came_from in calls:
        grown = context - before if before else 0
        came = [(source, grown // len(came_from)) for source in came_from] if grown >= len(came_from) > 0 else []
        if grown > sum(tokens for _, tokens in came):
            came.append((UNRECORDED, grown - sum(tokens for _, tokens in came)))
        steps.append(Step(context, reread, reset, came, pays))
        before = context
    accounts, parts = accounts_of(*steps)
    total = sum(sum(pays) for *_, pays, _ in calls if pays is not None)
    amounts = [amount for one in accounts.values() for amount in (one.fresh, one.carried)]
    assert sum(amounts) == pytest.approx(total, rel=1e-9, abs=1)
    assert sum(whole_nano(amounts, total)) == total
    assert min(amounts) >= -1
    if calls:
        assert sum(one.tokens for one in parts) == pytest.approx(calls[-1][0], abs=len(parts))


@given(st.lists(st.floats(0, 1e12), min_size=1, max_size=20), st.integers(-3, 3))
def test_whole_amounts_sum_to_the_total_and_are_close_to_the_exact_ones(amounts, off):
    total = round(sum(amounts)) + off
    whole = whole_nano(amounts, total)
    assert sum(whole) == total
    assert all(abs(one - amount) <= 2 + abs(off) for one, amount in zip(whole, amounts, strict=True))


def test_the_largest_remainders_are_rounded_up():
    assert whole_nano([1.2, 2.7, 3.1], 7) == [1, 3, 3]
    assert whole_nano([], 0) == []


def test_results_share_the_growth_by_length():
    assert result_tokens(300, [2000, 4000]) == [100, 200]
    assert result_tokens(10, [1000, 1000, 1000]) == [3, 3, 3]


def test_no_result_has_more_tokens_than_characters():
    assert result_tokens(5000, [30, 9970]) == [15, 4985]
    assert result_tokens(50_000, [30, 9970]) == [30, 9970]


def test_results_of_unknown_length_share_equally_unless_one_is_known():
    assert result_tokens(900, [None, None, None]) == [300, 300, 300]
    assert result_tokens(900, [None, 3000]) == [0, 900]
    assert result_tokens(900, [0]) == [0]
    assert result_tokens(-5, [10]) == [0]
