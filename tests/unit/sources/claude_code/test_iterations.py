"""Requests inside a call: `usage.iterations` (CLAUDE_CODE section 8, point 9)."""

from pathlib import Path
from typing import Any

import pytest

from store.records import CallFlag
from tests.unit.ledger.captured import Tokens, cost_nano
from tests.unit.ledger.plain import COST, answer, usage

from .reading import calls_of, tokens


def inner(kind: str = "message", model: str | None = None, **counts: int) -> dict[str, Any]:
    """An entry of `usage.iterations`."""
    whole = {
        "input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation_input_tokens": 0,
        "output_tokens": 0,
        **counts,
    }
    return {"type": kind, **whole, **({"model": model} if model else {})}


class TestIterations:
    """Requests inside a call: billed once, each on its own model (section 8, point 9)."""

    def test_iterations_that_make_up_the_top_level_add_nothing(self, tmp_path: Path) -> None:
        parts = [
            inner(input_tokens=10, cache_read_input_tokens=1000, output_tokens=20),
            inner(cache_creation_input_tokens=100, output_tokens=30),
        ]
        calls = calls_of(tmp_path, answer(1, message={"usage": usage(iterations=parts)}))
        assert [call.cost for call in calls] == [COST]

    def test_a_refused_first_try_is_billed_on_its_own_model(self, tmp_path: Path) -> None:
        """The top level repeats the last iteration; the first one ran on another model and counts too."""
        last = inner(input_tokens=10, cache_read_input_tokens=1000, cache_creation_input_tokens=100, output_tokens=50)
        first = inner(model="claude-sonnet-5-5", input_tokens=2000, output_tokens=7)
        whole, left_out = calls_of(tmp_path, answer(1, message={"usage": usage(iterations=[first, last])}))
        assert whole.cost == COST
        assert (left_out.model, tokens(left_out)) == ("claude-sonnet-5-5", (2000, 0, 0, 0, 7))
        assert left_out.cost == cost_nano("claude-sonnet-5-5", Tokens(2000, 0, 0, 0, 7)) == 4_070_000
        assert left_out.flags & CallFlag.ITERATION
        assert left_out.message_id != whole.message_id

    def test_what_belongs_to_the_whole_call_is_not_told_of_its_inner_request_again(self, tmp_path: Path) -> None:
        last = inner(input_tokens=10, cache_read_input_tokens=1000, cache_creation_input_tokens=100, output_tokens=50)
        first = inner(cache_read_input_tokens=300, cache_creation_input_tokens=40, output_tokens=7)
        told = {"server_tool_use": {"web_search_requests": 2}, "output_tokens_details": {"thinking_tokens": 40}}
        line = answer(1, message={"stop_reason": None, "usage": usage(iterations=[first, last], **told)})
        whole, left_out = calls_of(tmp_path, line)
        assert (whole.web_searches, whole.thinking, whole.flags) == (2, 40, CallFlag.OUTPUT_IS_FLOOR)
        assert (left_out.web_searches, left_out.thinking, left_out.flags) == (0, 0, CallFlag.ITERATION)
        assert tokens(left_out) == (0, 300, 40, 0, 7)

    def test_the_lines_of_such_a_call_do_not_multiply_its_inner_request(self, tmp_path: Path) -> None:
        last = inner(input_tokens=10, cache_read_input_tokens=1000, cache_creation_input_tokens=100, output_tokens=50)
        first = inner(model="claude-sonnet-5-5", input_tokens=2000, output_tokens=7)
        line = answer(1, message={"usage": usage(iterations=[first, last])})
        assert len(calls_of(tmp_path, line, line, line)) == 2

    @pytest.mark.parametrize("kind", ["compaction", "advisor_message", "fallback_message"])
    def test_kinds_that_the_top_level_never_holds_are_billed_beside_it(self, kind: str, tmp_path: Path) -> None:
        part = inner(kind, "claude-sonnet-5-5", input_tokens=1000, output_tokens=1000)
        whole, left_out = calls_of(tmp_path, answer(1, message={"usage": usage(iterations=[part])}))
        assert (whole.cost, left_out.cost) == (COST, 12_000_000)

    def test_what_the_messages_of_the_top_level_leave_out_is_billed_beside_them(self, tmp_path: Path) -> None:
        parts = [
            inner(input_tokens=10, cache_read_input_tokens=1000, output_tokens=20),
            inner("compaction", "claude-sonnet-5-5", input_tokens=2000, output_tokens=7),
            inner(cache_creation_input_tokens=100, output_tokens=30),
        ]
        whole, left_out = calls_of(tmp_path, answer(1, message={"usage": usage(iterations=parts)}))
        assert (whole.cost, whole.flags) == (COST, CallFlag.SEVERAL_REQUESTS)
        assert (left_out.message_id, left_out.request_id) == ("msg_1#1", "req_1#1")
        assert (tokens(left_out), left_out.cost) == ((2000, 0, 0, 0, 7), 4_070_000)

    @pytest.mark.parametrize(
        "more", ["input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens"]
    )
    def test_what_adds_up_but_for_one_count_does_not_make_up_the_top_level(self, more: str, tmp_path: Path) -> None:
        counts: dict[str, Any] = {name: count for name, count in usage().items() if isinstance(count, int)}
        part = inner("compaction", **counts | {more: counts[more] + 1})
        assert len(calls_of(tmp_path, answer(1, message={"usage": usage(iterations=[part])}))) == 2

    def test_a_request_inside_a_call_may_be_of_a_model_without_a_price(self, tmp_path: Path) -> None:
        part = inner("compaction", "claude-unheard-of", input_tokens=2000, output_tokens=7)
        whole, left_out = calls_of(tmp_path, answer(1, requestId=None, message={"usage": usage(iterations=[part])}))
        assert (whole.cost, whole.request_id) == (COST, None)
        assert (left_out.message_id, left_out.request_id) == ("msg_1#0", None)
        assert (left_out.provider, left_out.price_id, left_out.cost) == ("unknown", None, None)

    def test_a_call_of_several_requests_may_be_of_a_model_without_a_price(self, tmp_path: Path) -> None:
        parts = [inner(input_tokens=10, cache_read_input_tokens=1000), inner(cache_creation_input_tokens=100)]
        message = {"model": "claude-unheard-of", "usage": usage(output_tokens=0, iterations=parts)}
        (call,) = calls_of(tmp_path, answer(1, message=message))
        assert (call.flags, call.price_id, call.cost) == (CallFlag.SEVERAL_REQUESTS, None, None)

    def test_a_fallback_whose_answer_the_top_level_has_begun_to_tell_is_billed_once(self, tmp_path: Path) -> None:
        part = inner("fallback_message", "claude-opus-5-5", input_tokens=10, output_tokens=900)
        assert len(calls_of(tmp_path, answer(1, message={"usage": usage(iterations=[part])}))) == 1

    def test_each_iteration_is_judged_by_the_long_prompt_bound_on_its_own(self, tmp_path: Path) -> None:
        """Two prompts of 60,000 are no prompt of 120,000."""
        parts = [inner(input_tokens=60_000, output_tokens=10), inner(input_tokens=60_000, output_tokens=20)]
        counts = usage(
            input_tokens=120_000,
            cache_read_input_tokens=0,
            cache_creation_input_tokens=0,
            output_tokens=30,
            iterations=parts,
        )
        calls = calls_of(tmp_path, answer(1, message={"model": "claude-haiku-5-5", "usage": counts}))
        assert sum(call.cost or 0 for call in calls) == 2 * 60_000 * 100 + 30 * 500

    def test_of_a_short_and_a_long_iteration_only_the_long_one_pays_the_long_rates(self, tmp_path: Path) -> None:
        parts = [inner(input_tokens=120_000, output_tokens=20), inner(cache_read_input_tokens=60_000, output_tokens=10)]
        counts = usage(
            input_tokens=120_000,
            cache_read_input_tokens=60_000,
            cache_creation_input_tokens=0,
            output_tokens=30,
            server_tool_use={"web_search_requests": 2},
            iterations=parts,
        )
        (call,) = calls_of(tmp_path, answer(1, message={"model": "claude-haiku-5-5", "usage": counts}))
        assert call.cost == 120_000 * 500 + 20 * 2500 + 60_000 * 10 + 10 * 500 + 2 * 10_000_000
        assert (call.price_id or "").endswith("/standard")
        assert call.flags & CallFlag.SEVERAL_REQUESTS
