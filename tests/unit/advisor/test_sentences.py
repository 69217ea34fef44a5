"""What every sentence must hold, over generated sessions: action, saving with its range, payback, one line of 120."""

import re
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.rates import RATES
from tracker.model.advice.compaction import CompactionShape, CompactionState
from tracker.model.advice.fresh_start import Orientation
from tracker.model.advice.habit_nudges import (
    BaselineMonth,
    baseline_nudge,
    large_result_nudge,
    miss_storm_nudge,
    routing_nudge,
    ttl_nudge,
)
from tracker.model.advice.habits import Storm, TurnProfile
from tracker.model.advice.nudge import LONGEST_TEXT, Billing, Evaluation, Meter, NudgeKind, Situation
from tracker.model.advice.saving import SavingRange
from tracker.model.advice.session_nudges import (
    Pause,
    answer_now_nudge,
    before_expiry_nudge,
    cold_resume_nudge,
    compact_nudge,
    new_session_nudge,
)
from tracker.model.advice.ttl_choice import TtlChoice
from tracker.model.defaults import TTL_1H_MS, TTL_5M_MS
from tracker.model.forecast.horizon import CallsRange

ACTIONS: dict[str, str | tuple[str, ...]] = {
    NudgeKind.COMPACT: "Compact now if you go on",
    NudgeKind.NEW_SESSION: "New task? Start over with `taximeter handover`",
    NudgeKind.BEFORE_EXPIRY: "Compact before the cache goes cold",
    NudgeKind.ANSWER_NOW: "Answer before the cache goes cold",
    NudgeKind.COLD_RESUME: ("Compact before going on", "Start over with `taximeter handover`"),
    NudgeKind.TTL: "Set the cache lifetime to ",
    NudgeKind.ROUTING: "Start questions and small jobs on a smaller model",
    NudgeKind.BASELINE: "Trim the first prompt",
    NudgeKind.LARGE_RESULT: "Shorten what `",
    NudgeKind.MISS_STORM: "Stop what breaks the cache",
}
AMOUNT = r"(\$[\d,]+\.\d+|[\d.]+%)"
FIGURES = re.compile(rf"saves ~{AMOUNT}( of the (week|5-hour window))? \(-?{AMOUNT} to -?{AMOUNT}\)")
PAYBACK = re.compile(r", (back in [\d,]+ turns?|pays at once)$")

tokens = st.integers(0, 1_200_000)
rates = st.sampled_from([RATES["A"], RATES["N"], RATES["H"]])
billings = st.sampled_from(
    [
        Billing(),
        Billing(is_plan=True),
        Billing(True, Meter(0.4, 5e9, "week")),
        Billing(True, Meter(0.02, 2e8, "5-hour window")),
    ]
)
amounts = st.integers(0, 10**13)
shares = st.floats(0, 1)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    billing, ttl_ms = draw(billings), draw(st.sampled_from([TTL_5M_MS, TTL_1H_MS]))
    baseline = draw(st.integers(5_000, 80_000))
    return Situation(
        context=draw(tokens),
        shape=CompactionShape(baseline=baseline, static_floor=draw(shares) * baseline),
        orientation=Orientation(draw(st.integers(0, 60_000)), draw(st.integers(1, 30))),
        tariff=billing.tariff(draw(rates), ttl_ms),
        billing=billing,
        cold_probability=draw(st.floats(0, 0.2)),
        remaining_calls=draw(st.floats(0, 2_000)),
        remaining_calls_of_a_fresh_session=draw(st.floats(0, 2_000)),
        calls_to_auto_compaction=draw(st.floats(0, 800)),
        trigger_tokens=167_000,
        mean_calls_per_turn=draw(st.floats(0, 60)),
    )


@st.composite
def evaluations(draw: st.DrawFn) -> list[Evaluation]:
    """Every kind, each at a moment at which it may well fire."""
    here = draw(situations())
    billing = here.billing
    ttl_ms = draw(st.sampled_from([TTL_5M_MS, TTL_1H_MS]))
    pause = Pause(round(0.9 * ttl_ms), ttl_ms, draw(shares), 50, True, True, enabled=True)
    calls = CallsRange(*sorted(draw(st.tuples(*[st.floats(0, 20_000)] * 3))))
    low, point, high = sorted(draw(st.tuples(amounts, amounts, amounts)))
    choice = TtlChoice(TTL_5M_MS, TTL_1H_MS, 0.5, 0.4, high, SavingRange(point, low, high), draw(shares))
    storm = Storm(draw(st.integers(0, 20)), 20, draw(amounts), ("system_or_tools_changed",))
    month = BaselineMonth(draw(st.floats(0, 90_000)), calls, draw(st.floats(0, 500)), draw(amounts))
    turns = [TurnProfile(edits, 900, 3, cost) for edits, cost in draw(turn_costs)] * 20  # fewer are no habit
    return [
        compact_nudge(here, CompactionState(here.context, None, False, False), draw(st.floats(0, 200_000))),
        new_session_nudge(here, boundary_score=1.2, task_completed=False),
        before_expiry_nudge(here, pause),
        answer_now_nudge(here, pause),
        cold_resume_nudge(here, ttl_ms=ttl_ms, task_completed=draw(st.booleans())),
        ttl_nudge(choice, billing),
        routing_nudge(turns, billing),
        baseline_nudge(month, here.tariff, billing),
        large_result_nudge(here, command_pattern=draw(st.text(max_size=40)), result_tokens=draw(tokens)),
        miss_storm_nudge(storm, billing),
    ]


turn_costs = st.lists(st.tuples(st.booleans(), amounts), max_size=5)


@given(evaluations())
def test_every_sentence_names_action_saving_range_and_payback(made: list[Evaluation]) -> None:
    assert {one.kind for one in made} == set(ACTIONS)
    for one in made:
        if not one.fired:
            continue
        assert one.text is not None
        assert len(one.text) <= LONGEST_TEXT
        assert one.text.isprintable()
        assert one.text.startswith(ACTIONS[one.kind])
        if one.kind == NudgeKind.ROUTING:
            assert one.saving is None
            assert one.text.endswith("of spend went to light turns")
            continue
        assert one.saving is not None
        assert one.saving.low_nano <= one.saving.high_nano
        if one.kind in {NudgeKind.COMPACT, NudgeKind.NEW_SESSION} and one.saving.point_nano <= 0:
            assert "saves" not in one.text, "a saving that is none is not shown"
            continue
        assert PAYBACK.search(one.text), one.text
        if "saves plan usage" not in one.text:
            assert FIGURES.search(one.text), one.text


@given(situations())
def test_a_plan_hears_of_its_own_limits_and_never_of_dollars(here: Situation) -> None:
    paid_by_plan = replace(here, billing=Billing(is_plan=True))
    made = cold_resume_nudge(paid_by_plan, ttl_ms=TTL_1H_MS, task_completed=False)
    if made.text is not None:
        assert "$" not in made.text
        assert "plan usage" in made.text
