"""What came in before each call of a session, from its records alone."""

import pytest

from store.records import CallFlag, ToolFlag
from store.task_rows import SessionRecords
from tests.unit.tasks.making import call, event, records, tool, turn
from tracker.model.cost.carried import FIRST_PROMPT, OWN_TEXT, PROMPT, SUMMARY, UNRECORDED, Kind, Source
from tracker.model.cost.carried_session import Bill, CallCost, add_session

COST = CallCost(0, 1, 2, 3, 4, 5, 6, 7)


def grown(number: int, context: int, output: int = 0, **given: object):
    return call(number, 10 * number, input=0, write_5m=context, output=output, **given)


def bill_of(session: SessionRecords) -> Bill:
    bill = Bill()
    add_session(session, {one.id: COST for one in session.calls}, bill)
    return bill


def tokens_of(session: SessionRecords) -> dict[Source, int]:
    return {source: one.tokens for source, one in bill_of(session).accounts.items()}


def test_the_context_grows_by_the_answer_before_then_by_results_then_by_the_prompt():
    session = records(
        calls=[grown(1, 1000, 50), grown(2, 1400, 20), grown(3, 1500)],
        tools=[tool("t1", 11, message_id="msg_1", name="Read", target="/a.py", result_chars=1000)],
        turns=[turn("u1", 1), turn("u2", 25)],
    )
    assert tokens_of(session) == {
        FIRST_PROMPT: 1000, OWN_TEXT: 70, Source(Kind.TOOL, "Read", "/a.py"): 350, PROMPT: 80,
    }  # fmt: skip


def test_the_answer_never_counts_for_more_than_the_context_grew_by():
    assert tokens_of(records(calls=[grown(1, 1000, 500), grown(2, 1200)])) == {FIRST_PROMPT: 1000, OWN_TEXT: 200}


def test_results_that_came_in_together_share_by_length_and_the_rest_is_unrecorded():
    ran = int(ToolFlag.RUN)
    session = records(
        calls=[grown(1, 1000), grown(2, 2000)],
        tools=[
            tool("t1", 11, message_id="msg_1", target="cd /x && ls -la", result_chars=100, flags=ran),
            tool("t2", 12, message_id="msg_1", target="git log -3", result_chars=300, flags=ran),
        ],
    )
    assert tokens_of(session) == {
        FIRST_PROMPT: 1000, Source(Kind.TOOL, "Bash", "ls"): 100,
        Source(Kind.TOOL, "Bash", "git log"): 300, UNRECORDED: 600,
    }  # fmt: skip


def test_rounding_leaves_no_part_of_its_own():
    tools = [tool(f"t{number}", 10 + number, message_id="msg_1", result_chars=500) for number in (1, 2, 3)]
    session = records(calls=[grown(1, 1000), grown(2, 1200)], tools=tools)
    assert tokens_of(session) == {FIRST_PROMPT: 1000, Source(Kind.TOOL, "Bash"): 200}


def test_what_a_skill_loads_beside_its_result_counts_as_its_result():
    session = records(
        calls=[grown(1, 1000), grown(2, 3000)],
        tools=[tool("t1", 11, message_id="msg_1", name="Skill", target="pdf", result_chars=30)],
    )
    assert tokens_of(session) == {FIRST_PROMPT: 1000, Source(Kind.TOOL, "Skill", "pdf"): 2000}
    assert bill_of(session).accounts[Source(Kind.TOOL, "Skill", "pdf")].parts == 1


def test_a_prompt_instead_of_a_result_is_no_result():
    session = records(
        calls=[grown(1, 1000), grown(2, 1100)],
        tools=[tool("t1", 11, message_id="msg_1", result_chars=None)],
        turns=[turn("u1", 1), turn("u2", 15)],
    )
    assert tokens_of(session) == {FIRST_PROMPT: 1000, PROMPT: 100}


def test_results_of_unrecorded_length_are_results():
    session = records(
        calls=[grown(1, 1000), grown(2, 1500)],
        tools=[tool("t1", 11, message_id="msg_1", name="readFile", target="a.py", result_chars=None)],
        agent="cline",
    )
    assert tokens_of(session)[Source(Kind.TOOL, "readFile", "a.py")] == 500


def test_a_subagents_first_prompt_is_a_source_of_its_own_and_a_compaction_leaves_a_summary():
    session = records(
        calls=[grown(1, 1000), grown(2, 9000), grown(3, 4000), grown(4, 700, chain="a1")],
        events=[event("compact", 25)],
    )
    assert tokens_of(session) == {
        FIRST_PROMPT: 1000, UNRECORDED: 8000, SUMMARY: 3000, Source(Kind.SUBAGENT_PROMPT): 700,
    }  # fmt: skip


def test_inner_requests_cost_but_are_no_part_of_the_context():
    inner = call(2, 15, input=400, write_5m=0, output=9, flags=int(CallFlag.ITERATION))
    bill = bill_of(records(calls=[grown(1, 1000), inner, grown(3, 1300)]))
    assert bill.prompts == 2 * (1 + 2 + 3 + 4 + 5)
    assert bill.generation == 3 * 6
    assert bill.other == 3 * 7 + (1 + 2 + 3 + 4 + 5)


def test_copied_calls_build_the_context_and_cost_nothing():
    session = records(calls=[grown(1, 1000, copied=True), grown(2, 3000)])
    bill = bill_of(session)
    assert bill.accounts[FIRST_PROMPT].calls == 1
    assert bill.prompts == 1 + 2 + 3 + 4 + 5


def test_unpriced_calls_carry_and_cost_nothing():
    bill = Bill()
    session = records(calls=[grown(1, 1000), grown(2, 1300)])
    add_session(session, dict.fromkeys((1, 2), CallCost(0, None, None, None, None, None, None, None)), bill)
    assert bill.accounts[UNRECORDED].tokens == 300
    assert (bill.prompts, bill.generation, bill.other, bill.unpriced) == (0, 0, 0, 2)


def test_where_nothing_is_cached_the_input_of_a_call_is_shared_by_all_that_it_sends() -> None:
    contexts = enumerate((1000, 2000, 4000), 1)
    calls = [call(number, 10 * number, input=context, write_5m=0, output=0) for number, context in contexts]
    session = records(calls=calls, turns=[turn("u1", 1), turn("u2", 15), turn("u3", 25)])
    costs = {one.id: CallCost(0, 0, 0, 0, 0, one.input, 0, 0) for one in session.calls}
    bill = Bill()
    add_session(session, costs, bill)
    first, prompts = bill.accounts[FIRST_PROMPT], bill.accounts[PROMPT]
    assert (first.fresh, first.carried) == pytest.approx((1000, 2 * 1000))
    assert (prompts.fresh, prompts.carried) == pytest.approx((1000 + 2000, 1000))
