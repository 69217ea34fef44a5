"""Advice as no ingest writes it, and JSON of any kind, for the tests of those who read it."""

from hypothesis import strategies as st

SCALARS = st.none() | st.text() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.recursive(
    SCALARS | st.booleans(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
FIELDS = st.sampled_from(["id", "text", "kind", "expires_at", "not_before", "events", "reason"])
ODD_ADVICE = st.dictionaries(
    st.sampled_from(["nudge", "pending", "block", "task_cost_nano"]),
    ANYTHING | st.dictionaries(FIELDS, ANYTHING) | st.lists(st.dictionaries(FIELDS, ANYTHING), max_size=3),
)
