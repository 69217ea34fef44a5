"""A session at 150k on the rates A with an hour's cache, from which tests of the advice take theirs."""

import math

from tests.unit.rates import RATES
from tracker.model.advice.compaction import CompactionShape
from tracker.model.advice.fresh_start import Orientation
from tracker.model.advice.nudge import Billing, Situation
from tracker.model.defaults import TTL_1H_MS

SHAPE = CompactionShape(
    baseline=22_000, static_floor=15_000, summary_kept=6_000, reread=8_000, extra_calls=3, output=500
)
SITUATION = Situation(
    context=150_000,
    shape=SHAPE,
    orientation=Orientation(),
    tariff=RATES["A"].tariff(TTL_1H_MS),
    billing=Billing(),
    cold_probability=0.006,
    remaining_calls=50.0,
    remaining_calls_of_a_fresh_session=50.0,
    calls_to_auto_compaction=math.inf,
    trigger_tokens=167_000,
    mean_calls_per_turn=10.0,
)
