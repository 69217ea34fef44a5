"""From lines to calls: one id is one call, its fullest line stands for it whole (CLAUDE_CODE sections 1.2, 3 and 8)."""

from pathlib import Path
from typing import Any

import pytest

from store.records import CallFlag
from tests.unit.ledger.captured import Tokens, cost_nano
from tests.unit.ledger.plain import COST, SESSION, TOKENS, answer, at, prompt, usage

from .reading import batch_of, calls_of, marks, tokens


def growing(*outputs: int, final: bool = True) -> list[dict[str, Any]]:
    """Lines of one call as old clients write them: each with the output counted so far."""
    last = len(outputs) - 1
    return [
        answer(
            1,
            message={
                "usage": usage(output_tokens=output),
                "stop_reason": "end_turn" if final and index == last else None,
            },
        )
        for index, output in enumerate(outputs)
    ]


def test_lines_of_a_new_client_are_one_call(tmp_path: Path) -> None:
    (call,) = calls_of(tmp_path, prompt(), *(answer(1, apiBlockIndex=index) for index in range(4)))
    assert (call.message_id, call.request_id) == ("msg_1", "req_1")
    assert tokens(call) == TOKENS
    assert call.cost == COST
    assert call.flags == 0


@pytest.mark.parametrize("outputs", [(3, 3, 500), (3, 500, 3), (500, 1, 1), (500,)])
def test_the_line_with_the_largest_output_stands_for_the_call(outputs: tuple[int, ...], tmp_path: Path) -> None:
    (call,) = calls_of(tmp_path, *growing(*outputs))
    assert call.output == 500


def test_a_call_whose_final_count_was_never_written_is_a_floor(tmp_path: Path) -> None:
    (call,) = calls_of(tmp_path, *growing(3, 3, 3, final=False))
    assert call.output == 3
    assert call.flags == CallFlag.OUTPUT_IS_FLOOR


def test_a_stub_written_again_later_does_not_make_it_a_floor(tmp_path: Path) -> None:
    (call,) = calls_of(tmp_path, *growing(3, 500), *growing(1, final=False))
    assert call.output == 500
    assert call.flags == 0


def test_the_representing_line_is_taken_whole(tmp_path: Path) -> None:
    """A call that falls back in mid-stream changes its model: counts of two models must not be mixed."""
    first = answer(
        1, message={"model": "claude-fable-5", "stop_reason": None, "usage": usage(input_tokens=9000, output_tokens=2)}
    )
    second = answer(1, message={"model": "claude-opus-5-5"})
    (call,) = calls_of(tmp_path, first, second)
    assert call.model == "claude-opus-5-5"
    assert tokens(call) == TOKENS


def test_the_earliest_line_says_when_the_call_was_made(tmp_path: Path) -> None:
    lines = [answer(1, timestamp=at(second)) for second in (9, 4, 7)]
    (call,) = calls_of(tmp_path, prompt(), *lines)
    assert call.last_at - call.first_at == 5000


def test_a_message_id_of_its_own_on_each_line_is_still_one_call(tmp_path: Path) -> None:
    """Client 2.1.45 wrote so in forks: only the request id says it (section 8, point 4)."""
    lines = [
        answer(1, timestamp=at(index), message={"id": f"5b1f{index}", "usage": usage(output_tokens=index)})
        for index in range(3)
    ]
    (call,) = calls_of(tmp_path, *lines)
    assert (call.request_id, call.output, call.last_at - call.first_at) == ("req_1", 2, 2000)
    assert {call.message_id, *call.more_message_ids} == {"5b1f0", "5b1f1", "5b1f2"}


def test_one_message_under_two_requests_is_one_call(tmp_path: Path) -> None:
    (call,) = calls_of(tmp_path, answer(1), answer(1, requestId="req_replay"))
    assert {call.request_id, *call.more_request_ids} == {"req_1", "req_replay"}


@pytest.mark.parametrize("request_id", [..., None, ""])
def test_lines_without_a_request_id_are_distinguished_by_message(request_id: Any, tmp_path: Path) -> None:
    calls = calls_of(tmp_path, *(answer(number, requestId=request_id) for number in (1, 2, 1)))
    assert [(call.message_id, call.request_id) for call in calls] == [("msg_1", None), ("msg_2", None)]


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("API Error: Request rejected (429) \u00b7 Rate limited", "api_error"),
        ("You've hit your limit \u00b7 resets 8pm (Europe/Warsaw)", "limit"),
        ("You've hit your 5-hour limit \u00b7 resets 2:59am (UTC)", "limit"),
        ("You've hit your session limit \u00b7 resets 7:20pm (Europe/Brussels)", "limit"),
        ("You've hit your weekly limit", "limit"),
        ("You've hit your org's monthly usage limit", "limit"),
        ("5-hour limit reached \u2219 resets 6pm", "limit"),
        ("Claude AI usage limit reached|1752000000", "limit"),
    ],
)
def test_synthetic_answers_are_no_calls(said: str, kind: str, tmp_path: Path) -> None:
    nothing = usage(input_tokens=0, cache_read_input_tokens=0, cache_creation_input_tokens=0, output_tokens=0)
    message = {"id": "f3", "model": "<synthetic>", "usage": nothing, "content": [{"type": "text", "text": said}]}
    line = answer(1, isApiErrorMessage=True, error="rate_limit", message=message)
    batch = batch_of(tmp_path, prompt(), line)
    assert batch.calls == []
    assert [event.kind for event in marks(batch)] == [kind]


def test_a_provider_without_cache_fields(tmp_path: Path) -> None:
    counts = {"input_tokens": 700, "output_tokens": 30}
    (call,) = calls_of(tmp_path, answer(1, message={"model": "glm-4.5", "usage": counts}))
    assert tokens(call) == (700, 0, 0, 0, 30)


def test_an_answer_without_usage_has_no_cost_rather_than_none_to_pay(tmp_path: Path) -> None:
    (call,) = calls_of(
        tmp_path,
        answer(1, message={"model": "gpt-5-mini", "usage": ...}) | {"message": {"id": "msg_1", "model": "gpt-5-mini"}},
    )
    assert call.cost is None
    assert call.price_id is None


def test_a_message_of_a_further_request_is_the_same_call(tmp_path: Path) -> None:
    lines = [answer(1), answer(2, message={"id": "msg_1"}), answer(2, message={"id": "msg_3"})]
    (call,) = calls_of(tmp_path, *lines)
    assert (call.more_message_ids, call.more_request_ids) == (("msg_3",), ("req_2",))


@pytest.mark.parametrize(
    ("total", "split", "written"),
    [
        (None, {"ephemeral_5m_input_tokens": 7, "ephemeral_1h_input_tokens": 5}, (7, 5)),
        (None, {"ephemeral_1h_input_tokens": 5}, (0, 5)),
        (None, {"ephemeral_5m_input_tokens": 7}, (7, 0)),
        (9, {"ephemeral_1h_input_tokens": 5}, (4, 5)),
        (9, {"ephemeral_1h_input_tokens": 12}, (0, 9)),
        (9, {}, (9, 0)),
        (9, None, (9, 0)),
        (None, None, (0, 0)),
    ],
)
def test_writes_by_lifetime_make_up_the_total(
    total: int | None, split: dict[str, int] | None, written: tuple[int, int], tmp_path: Path
) -> None:
    counts = usage(cache_creation_input_tokens=total, cache_creation=split)
    (call,) = calls_of(tmp_path, answer(1, message={"usage": counts}))
    assert (call.write_5m, call.write_1h) == written
    assert bool(call.flags & CallFlag.TTL_UNKNOWN) == (split is None and written != (0, 0))


def test_an_unknown_model_is_unpriced_not_free(tmp_path: Path) -> None:
    (call,) = calls_of(tmp_path, answer(1, message={"model": "claude-nobody-9"}))
    assert (call.cost, call.price_id, call.model) == (None, None, "claude-nobody-9")
    assert tokens(call) == TOKENS


@pytest.mark.parametrize("model", [..., None, ""])
def test_an_answer_that_names_no_model_is_unpriced_and_its_tokens_count(model: Any, tmp_path: Path) -> None:
    """Gateways for other providers may leave the name out."""
    plain, inner = answer(1), answer(2)
    for line in (plain, inner):
        line["message"] = {key: value for key, value in {**line["message"], "model": model}.items() if value is not ...}
    data = {"type": "agent_progress", "agentId": "a1", "message": inner}
    calls = calls_of(tmp_path, plain, {"type": "progress", "sessionId": SESSION, "timestamp": at(2), "data": data})
    assert [(call.message_id, call.model, call.cost, call.price_id) for call in calls] == [
        ("msg_1", "unknown", None, None),
        ("msg_2", "unknown", None, None),
    ]
    assert {tokens(call) for call in calls} == {TOKENS}


@pytest.mark.parametrize("counts", [{}, {"input_tokens": 0, "output_tokens": 0}, None])
def test_neither_a_model_nor_tokens_are_no_call(counts: Any, tmp_path: Path) -> None:
    assert calls_of(tmp_path, answer(1, message={"model": None, "usage": counts})) == []


class TestCacheWrites:
    """The split by lifetime."""

    def test_without_a_split_everything_is_five_minutes_and_says_so(self, tmp_path: Path) -> None:
        (call,) = calls_of(tmp_path, answer(1, message={"usage": usage(cache_creation=...)}))
        assert (call.write_5m, call.write_1h) == (100, 0)
        assert call.flags & CallFlag.TTL_UNKNOWN

    def test_nothing_written_leaves_nothing_unknown(self, tmp_path: Path) -> None:
        (call,) = calls_of(
            tmp_path, answer(1, message={"usage": usage(cache_creation=..., cache_creation_input_tokens=0)})
        )
        assert (call.write_5m, call.write_1h, call.flags) == (0, 0, 0)

    @pytest.mark.parametrize(
        ("total", "five_minutes", "one_hour", "expected"),
        [
            (100, 100, 0, (100, 0)),
            (100, 60, 40, (60, 40)),
            (100, 0, 100, (0, 100)),
            (100, 0, 150, (0, 100)),  # at most the total
            (0, 0, 500, (0, 0)),
            (..., 0, 500, (0, 500)),
            (..., 7, 500, (7, 500)),
            # With an advisor between two inner requests the split is that of the first, the total that of both.
            (100, 0, 30, (70, 30)),
        ],
    )
    def test_a_split_tells_the_lifetimes_of_the_total(
        self, total: Any, five_minutes: int, one_hour: int, expected: tuple[int, int], tmp_path: Path
    ) -> None:
        split = {"ephemeral_5m_input_tokens": five_minutes, "ephemeral_1h_input_tokens": one_hour}
        counts = usage(cache_creation_input_tokens=total, cache_creation=split)
        (call,) = calls_of(tmp_path, answer(1, message={"usage": counts}))
        assert (call.write_5m, call.write_1h) == expected


class TestPrice:
    """What besides the counts moves the price (section 3)."""

    @pytest.mark.parametrize(
        ("model", "changes", "expected"),
        [
            ("claude-opus-5-5", {"speed": "fast"}, cost_nano("claude-opus-5-5", TOKENS, fast=True)),
            ("claude-haiku-5-5", {"speed": "fast"}, cost_nano("claude-haiku-5-5", TOKENS)),
            ("claude-opus-5-5", {"inference_geo": "us"}, cost_nano("claude-opus-5-5", TOKENS, geo="us")),
            ("claude-opus-5-5", {"inference_geo": "not_available"}, COST),
            ("claude-opus-5-5", {"server_tool_use": {"web_search_requests": 3}}, COST + 30_000_000),
            ("claude-opus-5-5", {"server_tool_use": {"web_fetch_requests": 3}}, COST),
            ("claude-opus-5-5", {"service_tier": "priority"}, COST),
            ("claude-opus-5-5", {"output_tokens_details": {"thinking_tokens": 40}}, COST),
            ("claude-opus-5-5[1m]", {}, COST),
        ],
    )
    def test_a_call_costs_its_tokens_at_the_rates_of_its_model(
        self, model: str, changes: dict[str, Any], expected: int, tmp_path: Path
    ) -> None:
        (call,) = calls_of(tmp_path, answer(1, message={"model": model, "usage": usage(**changes)}))
        assert call.cost == expected

    @pytest.mark.parametrize(("read", "rates"), [(99_890, (10, 125, 500)), (99_891, (50, 625, 2500))])
    def test_a_long_prompt_pays_the_long_rates_for_all_of_it(
        self, read: int, rates: tuple[int, int, int], tmp_path: Path
    ) -> None:
        """Input 10 + written 100 + read: 100,000 is within the bound, 100,001 above it. Rates in nano-dollars."""
        line = answer(1, message={"model": "claude-haiku-5-5", "usage": usage(cache_read_input_tokens=read)})
        (call,) = calls_of(tmp_path, line)
        assert call.cost == cost_nano("claude-haiku-5-5", Tokens(10, read, 100, 0, 50))
        rate_read, rate_written, rate_out = rates
        rate_in = rate_written * 4 // 5
        assert call.cost == 10 * rate_in + read * rate_read + 100 * rate_written + 50 * rate_out

    @pytest.mark.parametrize(("long_lived", "rate_read"), [(390, 10), (391, 50)])
    def test_writes_of_both_lifetimes_belong_to_the_prompt(
        self, long_lived: int, rate_read: int, tmp_path: Path
    ) -> None:
        split = {"ephemeral_5m_input_tokens": 600, "ephemeral_1h_input_tokens": long_lived}
        counts = usage(
            cache_read_input_tokens=99_000, cache_creation_input_tokens=600 + long_lived, cache_creation=split
        )
        (call,) = calls_of(tmp_path, answer(1, message={"model": "claude-haiku-5-5", "usage": counts}))
        rest = 10 * 10 + 600 * 12.5 + long_lived * 20 + 50 * 50
        assert call.cost == 99_000 * rate_read + rest * rate_read


def test_an_answer_that_the_user_stopped_is_marked(tmp_path: Path) -> None:
    stopped = answer(1, isAbortedMidStream=True, message={"stop_reason": None, "usage": usage(output_tokens=3)})
    (call,) = calls_of(tmp_path, stopped)
    assert call.flags == CallFlag.ABORTED | CallFlag.OUTPUT_IS_FLOOR
    assert call.output == 3


def test_a_later_line_may_say_that_the_user_stopped_the_answer(tmp_path: Path) -> None:
    (call,) = calls_of(
        tmp_path, *growing(3, final=False), *(line | {"isAbortedMidStream": True} for line in growing(3))
    )
    assert call.flags == CallFlag.ABORTED


@pytest.mark.parametrize(
    ("diagnostics", "reason"),
    [
        (None, None),
        ({"cache_miss_reason": None}, None),
        ({"cache_miss_reason": "tools_changed"}, "tools_changed"),
        ({"cache_miss_reason": {"type": "tools_changed", "n": 7}}, '{"type":"tools_changed","n":7}'),
        ({"cache_miss_reason": "x" * 201}, "x" * 200),
    ],
)
def test_what_the_api_says_of_a_cache_miss_is_kept(diagnostics: Any, reason: str | None, tmp_path: Path) -> None:
    (call,) = calls_of(tmp_path, answer(1, message={"diagnostics": diagnostics}))
    assert call.miss_reason == reason


def test_failed_attempts_before_a_call_are_counted_with_it(tmp_path: Path) -> None:
    error = {
        "type": "system",
        "subtype": "api_error",
        "uuid": "e",
        "sessionId": SESSION,
        "timestamp": at(1),
        "error": {"status": 529},
    }
    batch = batch_of(tmp_path, prompt(), error, {**error, "uuid": "f"}, answer(2), answer(3))
    assert [call.retries for call in batch.calls] == [2, 0]
    assert [(event.kind, event.detail) for event in marks(batch)] == [("api_error", "529")] * 2


def test_the_request_began_at_the_latest_prompt_or_tool_result(tmp_path: Path) -> None:
    result = [{"type": "tool_result", "tool_use_id": "t", "content": "x"}]
    lines = [prompt(second=0), answer(5), prompt("", second=7, message={"role": "user", "content": result}), answer(9)]
    first, second = calls_of(tmp_path, *lines)
    assert first.requested_at is not None
    assert second.requested_at is not None
    assert first.first_at - first.requested_at == 5000
    assert second.first_at - second.requested_at == 2000
