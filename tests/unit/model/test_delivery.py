"""Delivery: one nudge a turn end, three per session and hour, dismissals, subjects once a day, the better of rivals."""

from hypothesis import given
from hypothesis import strategies as st

from tracker.model.advice.delivery import DeliveryContext, LogEntry, NudgeAction, deliver, was_followed
from tracker.model.advice.nudge import Evaluation, NudgeKind
from tracker.model.advice.saving import SavingRange
from tracker.model.defaults import DAY_MS, HOUR_MS, MINUTE_MS

NOW = 1_800_000_000_000
HERE = DeliveryContext(now_ms=NOW, session="s1", context=100_000)


def candidate(kind=NudgeKind.COMPACT, worth=1_000, *, fired=True, subject=None):
    saving = SavingRange(worth, 0, 2 * worth)
    return Evaluation(kind, fired, "reason", "text" if fired else None, saving, 1.0, {}, subject)


def entry(action, kind=NudgeKind.COMPACT, *, ago_ms=MINUTE_MS, session="s1", context=80_000, subject=None):
    return LogEntry(kind, action, NOW - ago_ms, session, context, subject)


SHOWN, DISMISSED, ENABLED = NudgeAction.SHOWN, NudgeAction.DISMISSED, NudgeAction.ENABLED


def test_the_highest_expected_value_wins_and_the_rest_is_logged():
    small, large = candidate(NudgeKind.MISS_STORM, 10), candidate(NudgeKind.COLD_RESUME, 20)
    delivery = deliver([small, large], [], HERE)
    assert delivery.chosen == large
    assert [refusal.evaluation for refusal in delivery.refused] == [small]


def test_a_candidate_that_did_not_fire_is_never_shown():
    assert deliver([candidate(fired=False)], [], HERE).chosen is None
    assert deliver([], [], HERE).chosen is None


def test_three_an_hour_in_one_session():
    other = candidate(NudgeKind.COLD_RESUME)
    log = [entry(SHOWN, NudgeKind.TTL, ago_ms=minutes * MINUTE_MS) for minutes in (1, 20, 59)]
    assert deliver([other], log, HERE).chosen is None
    assert deliver([other], log[:2], HERE).chosen == other
    aged = [*log[:2], entry(SHOWN, NudgeKind.TTL, ago_ms=HOUR_MS)]
    assert deliver([other], aged, HERE).chosen == other
    elsewhere = [*log[:2], entry(SHOWN, NudgeKind.TTL, session="s2")]
    assert deliver([other], elsewhere, HERE).chosen == other


def test_a_dismissal_silences_the_kind_until_the_context_has_grown_by_half():
    at_limit = [entry(DISMISSED, context=66_667)]
    assert deliver([candidate()], at_limit, HERE).chosen is None
    assert deliver([candidate()], [entry(DISMISSED, context=66_666)], HERE).chosen is not None
    assert deliver([candidate(NudgeKind.COLD_RESUME)], at_limit, HERE).chosen is not None
    assert deliver([candidate()], [entry(DISMISSED, session="s2")], HERE).chosen is not None


def test_the_last_dismissal_counts():
    log = [entry(DISMISSED, context=90_000, ago_ms=MINUTE_MS), entry(DISMISSED, context=20_000, ago_ms=HOUR_MS)]
    assert deliver([candidate()], log, HERE).chosen is None


def test_three_dismissals_switch_a_kind_off_everywhere_until_enabled():
    log = [entry(DISMISSED, session=f"old{number}", ago_ms=number * DAY_MS) for number in (1, 2, 3)]
    assert deliver([candidate()], log, HERE).chosen is None
    assert deliver([candidate()], log[:2], HERE).chosen is not None
    assert deliver([candidate()], [*log, entry(ENABLED)], HERE).chosen is not None
    enabled_before = [*log, entry(ENABLED, ago_ms=4 * DAY_MS)]
    assert deliver([candidate()], enabled_before, HERE).chosen is None


def test_enabling_lifts_the_dismissal_of_this_session():
    log = [entry(DISMISSED, ago_ms=HOUR_MS), entry(ENABLED)]
    assert deliver([candidate()], log, HERE).chosen is not None


def test_one_notice_per_command_pattern_a_day():
    large = candidate(NudgeKind.LARGE_RESULT, subject="pytest")
    log = [entry(SHOWN, NudgeKind.LARGE_RESULT, session="s2", subject="pytest", ago_ms=DAY_MS - 1)]
    assert deliver([large], log, HERE).chosen is None
    assert deliver([large], [log[0]._replace(at_ms=NOW - DAY_MS)], HERE).chosen == large
    assert deliver([large], [log[0]._replace(subject="cargo test")], HERE).chosen == large


def test_compacting_goes_before_a_new_session_as_what_comes_next_is_not_known():
    compact, fresh = candidate(NudgeKind.COMPACT, 10), candidate(NudgeKind.NEW_SESSION, 10_000)
    assert deliver([compact, fresh], [], HERE).chosen == compact


def test_a_dismissed_rival_does_not_silence_the_other():
    compact, fresh = candidate(NudgeKind.COMPACT), candidate(NudgeKind.NEW_SESSION)
    assert deliver([compact, fresh], [entry(DISMISSED)], HERE).chosen == fresh


kinds = st.sampled_from([NudgeKind.COMPACT, NudgeKind.NEW_SESSION, NudgeKind.COLD_RESUME, NudgeKind.TTL])
logs = st.lists(
    st.builds(
        LogEntry,
        kinds,
        st.sampled_from([SHOWN, DISMISSED, ENABLED]),
        st.integers(NOW - 3 * HOUR_MS, NOW),
        st.sampled_from(["s1", "s2"]),
        st.integers(0, 300_000),
    ),
    max_size=20,
)


@given(st.lists(st.builds(candidate, kinds, st.integers(-100, 100)), max_size=6), logs)
def test_every_fired_candidate_is_chosen_or_refused_with_a_reason(candidates, log):
    delivery = deliver(candidates, log, HERE)
    said = [delivery.chosen] if delivery.chosen else []
    assert len(said) + len(delivery.refused) == len(candidates)
    assert all(refusal.reason for refusal in delivery.refused)


def test_followed_within_three_calls():
    assert was_followed(3)
    assert not was_followed(4)
    assert not was_followed(None)
