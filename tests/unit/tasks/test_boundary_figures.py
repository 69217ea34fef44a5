"""The figures of `python -m tests.bench boundaries`, the labels behind them, and where their sessions come from."""

import csv
import json
from pathlib import Path

import pytest

from tests.bench.boundaries import LABELS, RULES, Label, LabelledSession, interval, read_labels, score_of, tally
from tests.bench.published import extract
from tests.unit.tasks.making import NEEDS_GIT, call, git, records, turn
from tracker.model.tasks.turns import arrange

A, B = "0a000000-0000-4000-8000-000000000001", "0b000000-0000-4000-8000-000000000002"


def session_of(costs: list[int], starts: set[int]) -> LabelledSession:
    """A session whose turns cost this much, with labels."""
    made = records(
        calls=[call(at + 1, 10 * at + 1, turn=f"p{at}", cost=cost) for at, cost in enumerate(costs)],
        turns=[turn(f"p{at}", 10 * at, f"prompt number {at}") for at in range(len(costs))],
    )
    labels = {f"p{at}": Label(at == 0 or at in starts, "held") for at in range(len(costs))}
    return LabelledSession("s", "claude-code", arrange(made), labels)


def test_a_rule_that_finds_every_start_has_all_dollars_right() -> None:
    session = session_of([5, 7, 9], {1, 2})
    assert score_of([tally(session, RULES["every prompt is a task"])]) == (1.0, 1.0, 1.0, 1.0)


def test_dollars_are_b_cubed_and_weighted_by_cost() -> None:
    """Truth {10, 20} {70}, found one task of 100: precision (30 * .3 + 70 * .7) / 100 = .58, recall 1."""
    figures = score_of([tally(session_of([10, 20, 70], {2}), RULES["every session is a task"])])
    assert figures.dollars == pytest.approx(2 * 0.58 / 1.58)
    assert figures[1:] == (0.0, 0.0, 0.0)


def test_the_first_prompt_of_a_session_is_no_find() -> None:
    figures = score_of([tally(session_of([1, 1, 1, 1], {2}), RULES["every prompt is a task"])])
    assert figures.precision == pytest.approx(1 / 3)
    assert figures.recall == 1.0


def test_the_interval_holds_the_figure_and_is_the_same_every_time() -> None:
    tallies = [tally(session_of([3, 4, 5 + at], {1 + at % 2}), RULES["every session is a task"]) for at in range(8)]
    low, high = interval(tallies, lambda one: one.dollars)
    assert low <= score_of(tallies).dollars <= high
    assert (low, high) == interval(tallies, lambda one: one.dollars)


def test_labels_hold_whole_sessions_and_no_text() -> None:
    with LABELS.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert all(row["why"].isalpha() and row["starts_task"] in ("0", "1") for row in rows)
    assert len({row["prompt_uuid"] for row in rows}) == len(rows)
    for labels in read_labels().values():
        words = list(labels.values())
        assert words[0].starts_task
        assert len({word.half for word in words}) == 1


@NEEDS_GIT
def test_the_longest_transcript_of_each_published_session_is_kept(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    git(clone, "init", "-q", "-b", "entire/checkpoints/v1")
    line = {name: json.dumps({"type": "user", "sessionId": name}) + "\n" for name in (A, B)}
    for place, text in {"1a/0": line[A], "2b/0": line[A] * 3, "2b/1": line[B], "3c/0": "no session\n"}.items():
        (clone / place).mkdir(parents=True)
        (clone / place / "full.jsonl").write_text(text)
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "x")
    git(clone, "switch", "-q", "-c", "main")
    (clone / "full.jsonl").write_text(line[B] * 9)
    git(clone, "add", ".")
    git(clone, "commit", "-q", "-m", "y")
    found = extract(clone, tmp_path / "claude", "them")
    assert found == {A: 3 * len(line[A]), B: len(line[B])}
    assert (tmp_path / "claude" / "projects" / "them" / f"{A}.jsonl").read_text() == line[A] * 3
