"""MODEL section 12: the value of every assumption until the user's own history replaces it, each with its unit."""

from dataclasses import dataclass

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

TTL_5M_MS = 5 * MINUTE_MS
TTL_1H_MS = HOUR_MS

CHARS_PER_TOKEN = 3.6  # where no tokenizer was asked


@dataclass(frozen=True, slots=True)
class Defaults:
    """Assumptions of the model."""

    # Tasks (sections 2.1, 2.2)
    boundary_score: float = 1.0
    completion_window_ms: int = 30 * MINUTE_MS
    abandonment_ms: int = DAY_MS
    tasks_for_a_rate: int = 5

    # Cache misses (section 4)
    noise_tokens: int = 2_000
    noise_share_of_expected: float = 0.05
    major_share_of_expected: float = 0.5
    history_cut_tokens: int = 2_000
    expiry_grace_ms: int = 10 * SECOND_MS
    static_floor_slack_tokens: int = 300
    parallel_tool_results: int = 5

    # Growth and forecast (section 5)
    growth_tokens_per_call: float = 1_300.0
    growth_p99_tokens: float = 14_000.0
    output_tokens_per_call: float = 600.0
    growth_window_calls: int = 60
    growth_shrink_calls: int = 20
    dropped_context_tokens: int = 2_000
    values_before_own_tails: int = 100
    calls_per_turn: float = 11.0
    auto_compact_trigger_tokens: int = 167_000
    auto_compact_trigger_old_client_tokens: int = 155_000
    context_window_tokens: int = 200_000

    # Horizon (section 6)
    remaining_calls: float = 50.0
    remaining_shrink_sessions: int = 10
    return_window_ms: int = 12 * HOUR_MS
    return_probability: float = 0.10
    return_shrink_gaps: int = 20
    cold_probability: float = 0.018

    # Compaction (section 7.1)
    summary_output_tokens: int = 5_000
    summary_kept_tokens: int = 12_000
    reread_tokens: int = 8_000
    extra_calls: int = 3
    baseline_tokens: int = 38_000
    baseline_cap_over_median: float = 1.25
    static_share_of_baseline: float = 0.6
    payback_share: float = 0.3  # of the calls to come; this and the next two stand for MODEL's level factor
    payback_calls: float = 20.0
    quiet_payback_factor: float = 2 / 3
    plan_patience: float = 1.25
    cooldown_calls: int = 12
    effective_cut_share: float = 0.30
    sessions_before_own_statistics: int = 3

    # New session (section 7.2)
    orientation_tokens: int = 15_000
    orientation_calls: int = 6
    handover_note_tokens: int = 500
    fresh_margin: float = 1.5
    fresh_context_over_baseline: float = 3.0

    # Idle and cold (sections 7.3, 7.4)
    min_saving_nano: int = 250_000_000
    large_context_over_context_after: float = 2.0
    warn_at_share_of_ttl: float = 0.85
    measured_return_probability: float = 0.3
    measured_return_gaps: int = 20

    # Habits (section 7.5)
    ttl_min_saving_share: float = 0.03
    light_output_tokens: int = 1_500
    light_calls: int = 6
    light_share_of_spend: float = 0.10
    baseline_share_of_spend: float = 0.10
    large_result_tokens: int = 10_000
    storm_window_calls: int = 20
    storm_misses: int = 3

    # Delivery (section 7.6)
    nudges_per_session_hour: int = 3
    dismissal_growth: float = 1.5
    dismissals_until_off: int = 3
    followed_within_calls: int = 3

    # Plans (section 9)
    capacity_spread_share: float = 0.35
    calibration_window_days: int = 21
    weightless_read_share: float = 0.05


DEFAULTS = Defaults()
