"""Turns a session's state and the user's habits into the inputs of the advice rules (MODEL sections 5 to 7)."""

from dataclasses import dataclass

from tracker.advisor.habits import Habits
from tracker.advisor.state import SessionState
from tracker.advisor.trigger import client_of, trigger_of
from tracker.model.advice.compaction import compact_level, level_inputs
from tracker.model.advice.nudge import Billing, Situation
from tracker.model.cost.rates import Rates, has_cache
from tracker.model.forecast.auto_compaction import Trigger
from tracker.model.forecast.growth import GrowthEstimate, GrowthPool, calls_to_compaction, estimate_growth
from tracker.model.forecast.horizon import cold_probability, remaining_calls
from tracker.model.tasks.boundaries import Decision
from tracker.model.tasks.status import Evidence, TaskStatus

# Evidence that the task is finished. Passing tests and answered questions do not close it.
_CLOSING_EVIDENCE = frozenset({Evidence.YOU, Evidence.REFINED, Evidence.GIT, Evidence.COMPLETION, Evidence.TODOS})


@dataclass(frozen=True, slots=True)
class Assessment:
    """A session's state, the user's habits, and what the advice rules derive from both."""

    state: SessionState
    habits: Habits
    situation: Situation
    estimate: GrowthEstimate
    level: float  # tokens of context at which compacting is due
    trigger: Trigger

    @property
    def boundary_score(self) -> float:
        """How much the current turn looks like the start of a new task; 0 if a rule decided or it is the first."""
        turn = self.state.turn
        if turn is None or turn.decision != Decision.START or turn.score is None:
            return 0.0
        return turn.score / 1000

    @property
    def task_is_done(self) -> bool:
        """Whether the task is completed by evidence that closes it, not just by an answer."""
        task = self.state.task
        return task is not None and task.status == TaskStatus.COMPLETED and task.evidence in _CLOSING_EVIDENCE


def assess(state: SessionState, habits: Habits, rates: Rates, billing: Billing, *, quiet: bool = False) -> Assessment:
    """Assess a session; `rates` are those of its latest call."""
    model, version = state.last.model, state.last.version
    pool = habits.pools.get(model, GrowthPool())
    client = client_of(state.session.agent, state.session.native_id)
    trigger = trigger_of(client, model, version, habits.triggers, max(call.context for call in state.calls))
    inputs = level_inputs(
        first_call_context=state.first_prompt,
        median_first_call_context=habits.first_context,
        static_floor=state.cold_floor,
        output=pool.output,
        cold_probability=cold_probability(habits.cold_calls, habits.calls),
        trigger_tokens=trigger.tokens,
        earlier_sessions=habits.sessions,
        aftermath=habits.aftermath,
    )
    estimate = estimate_growth(state.increments(), [call.output for call in state.epoch], pool)
    tariff = billing.tariff(rates, state.ttl_ms, is_cached=has_cache(state.calls))
    ahead = remaining_calls(habits.lengths, len(state.calls))
    return Assessment(
        state=state,
        habits=habits,
        situation=Situation(
            context=state.last.context,
            shape=inputs.shape,
            orientation=habits.orientation,
            tariff=tariff,
            billing=billing,
            cold_probability=inputs.cold_probability,
            remaining_calls=ahead,
            remaining_calls_of_a_fresh_session=habits.calls_of_a_fresh_session,
            calls_to_auto_compaction=calls_to_compaction(state.last.context, trigger.tokens, estimate),
            trigger_tokens=trigger.tokens,
            mean_calls_per_turn=habits.calls_per_turn.mean,
        ),
        estimate=estimate,
        level=compact_level(inputs, tariff, ahead, quiet=quiet),
        trigger=trigger,
    )
