"""Own weights of the boundary score: fitted to corrections, drawn to the shipped ones, used only where they help."""

import random
import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.model.tasks.boundaries import WEIGHTS, Features, score_of
from tracker.model.tasks.boundary_fit import (
    FEATURES,
    FEWEST_CORRECTIONS,
    MAX_WEIGHT,
    Label,
    as_weights,
    fit,
    labels_of,
    own_weights,
)
from tracker.model.tasks.edits import EditBody, Seen

REVIEW = {"finishing": 1.0, "unlike_answer": 0.8, "new_words": 0.8, "length": 0.5}
PLAIN = {"unlike_answer": 0.8, "new_words": 0.8, "length": 0.5}
NEW = {"announces_new": 1.0, "new_folders": 1.0, "unlike_answer": 0.8, "new_words": 0.8}


def features(given: dict[str, float]) -> Features:
    return Features(**given)


def correction(number: int, given: dict[str, float], *, starts: bool, beside: int = 4, session: str = "") -> EditBody:
    """An edit of one turn in a session where one start and some prompts that go on were left alone."""
    name = session or f"s{number}"
    alone = [Seen(name, f"{name}-new", NEW, True)]
    alone += [Seen(name, f"{name}-{place}", PLAIN, False) for place in range(beside)]
    return EditBody(features=FEATURES, seen=(*alone, Seen(name, f"{name}-word-{number}", given, starts, True)))


def reviews_start(count: int) -> list[EditBody]:
    """Corrections of someone for whom the answer to a review is a task."""
    return [correction(number, REVIEW, starts=True) for number in range(count)]


def test_a_changed_preference_is_learnt() -> None:
    assert score_of(features(REVIEW)) < 1
    own = own_weights(reviews_start(FEWEST_CORRECTIONS))
    assert own is not None
    assert own.corrections == FEWEST_CORRECTIONS
    assert own.weights.finishing > WEIGHTS.finishing
    assert score_of(features(REVIEW), own.weights) >= 1
    assert score_of(features(PLAIN), own.weights) < 1
    assert score_of(features(NEW), own.weights) >= 1


def test_corrections_that_saw_other_features_do_not_count() -> None:
    older = [msgspec.structs.replace(body, features=FEATURES - 1) for body in reviews_start(40)]
    assert labels_of(older) == []


def test_below_thirty_corrections_nothing_is_fitted() -> None:
    assert own_weights(reviews_start(FEWEST_CORRECTIONS - 1)) is None
    assert own_weights([]) is None


def test_without_evidence_the_weights_are_the_shipped_ones() -> None:
    assert as_weights(fit([])) == WEIGHTS
    agreed = [correction(number, NEW, starts=True) for number in range(40)]
    assert own_weights(agreed) is None


def test_corrections_that_contradict_each_other_change_nothing() -> None:
    bodies = [correction(number, REVIEW, starts=number % 3 == 0) for number in range(60)]
    assert own_weights(bodies) is None


def test_one_session_alone_changes_nothing() -> None:
    """Thirty corrections of one piece of work: there is no other to see them hold on."""
    bodies = [correction(number, REVIEW, starts=True, session="s") for number in range(40)]
    assert len(labels_of(bodies)) > FEWEST_CORRECTIONS
    assert own_weights(bodies) is None


def test_the_weights_change_with_every_tenth_correction_only() -> None:
    counts = [sum(label.is_word for label in labels_of(reviews_start(count))) for count in (29, 30, 39, 40, 57)]
    assert counts == [0, 30, 30, 40, 50]
    assert labels_of(reviews_start(39)) == labels_of(reviews_start(30))


def test_the_latest_word_on_a_turn_counts_and_more_than_a_decision_left_alone() -> None:
    bodies = reviews_start(30)
    second_thought = EditBody(features=FEATURES, seen=(Seen("s0", "s0-word-0", REVIEW, False, True),))
    passing = EditBody(features=FEATURES, seen=(Seen("s1", "s1-word-1", REVIEW, False),))
    labels = labels_of([second_thought, *bodies[:29], passing, bodies[29]])
    assert {label.starts for label in labels if label.is_word} == {True}
    labels = labels_of([passing, *bodies[:29], second_thought, bodies[29]])
    assert sorted(label.starts for label in labels if label.is_word).count(False) == 1


_LABELS = st.lists(
    st.builds(
        Label,
        st.sampled_from("abcdef"),
        st.builds(Features, *[st.sampled_from([0.0, 0.3, 1.0])] * len(Features._fields)),
        st.booleans(),
        st.booleans(),
    ),
    max_size=40,
)


@given(_LABELS, st.integers(1, 30))
def test_weights_stay_within_bounds_and_are_the_same_each_time(labels: list[Label], times: int) -> None:
    weights = as_weights(fit(labels * times))
    assert all(-MAX_WEIGHT <= weight <= MAX_WEIGHT for weight in weights)
    assert weights == as_weights(fit(labels * times))


@given(_LABELS)
def test_the_order_of_labels_does_not_matter(labels: list[Label]) -> None:
    assert as_weights(fit(labels)) == pytest.approx(as_weights(fit(labels[::-1])), abs=0.0011)


def test_hundreds_of_labels_take_no_noticeable_time() -> None:
    draw = random.Random(3)
    bodies = [
        correction(number, REVIEW | {"gap": draw.random()}, starts=True, beside=draw.randrange(12))
        for number in range(60)
    ]
    assert len(labels_of(bodies)) > 300
    started = time.process_time()
    own_weights(bodies)
    assert time.process_time() - started < 0.5  # measured: 0.03 s; the bound is for loaded machines
