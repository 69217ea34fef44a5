"""Compares the boundary rule with plain rules on labelled prompts of real sessions: `python -m tests.bench boundaries`.

Two figures a rule: the share of dollars on the right task (B-cubed F1 over turns, weighted by cost) and precision,
recall and F1 of task starts inside sessions. Weights were set on the `fit` half; the `held` half only reports.
"""

import argparse
import csv
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from store.ledger import open_ledger
from store.tasks import load_session
from tracker.ingest import sync
from tracker.model.boundaries import Decision, Verdict, decide
from tracker.model.defaults import MINUTE_MS
from tracker.model.turns import TurnInfo, arrange, has_commit
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource

ROOT = Path(__file__).parents[2]
LABELS = ROOT / "tests" / "data" / "task_boundaries.csv"
SESSIONS = ROOT.parent / "shared" / "real" / "claude"


class Label(NamedTuple):
    """A reader's word on one prompt."""

    starts_task: bool
    half: str


class LabelledSession(NamedTuple):
    """A session's turns with the labels of its prompts."""

    native_id: str
    agent: str
    turns: list[TurnInfo]
    labels: dict[str, Label]

    @property
    def half(self) -> str:
        """The half that the session belongs to: sessions are never cut."""
        return next(iter(self.labels.values())).half


class Score(NamedTuple):
    """How well a rule does."""

    dollars: float
    precision: float
    recall: float
    f1: float


Rule = Callable[[LabelledSession], list[int]]  # group of each turn


def labelled_sessions(labels: Path = LABELS, claude_dir: Path = SESSIONS) -> list[LabelledSession]:
    """Read the labelled sessions; FileNotFoundError if the sessions are not on this machine."""
    if not claude_dir.is_dir():
        raise FileNotFoundError(claude_dir)
    words: dict[str, dict[str, Label]] = {}
    with labels.open(newline="") as file:
        for row in csv.DictReader(file):
            words.setdefault(row["session"], {})[row["prompt_uuid"]] = Label(row["starts_task"] == "1", row["half"])
    source = ClaudeCodeSource()
    with tempfile.TemporaryDirectory() as folder:
        db = open_ledger(Path(folder) / "ledger.db")
        sync(db, [(source, source.roots([claude_dir]))], Options(PriceBook()), workers=0)
        found = []
        for session_id, agent, native_id in db.execute("SELECT id, agent, native_id FROM session").fetchall():
            if native_id in words:
                turns = arrange(load_session(db, session_id)).turns
                found.append(LabelledSession(native_id, agent, turns, words[native_id]))
        db.close()
    return found


def _by_starts(session: LabelledSession, starts: Callable[[TurnInfo, TurnInfo], bool]) -> list[int]:
    """Groups of a rule that looks at a prompt and the turn before; notifications go back to their origin."""
    groups: list[int] = []
    current = 0
    for turn in session.turns:
        if turn.origin is not None:
            groups.append(groups[turn.origin])
            continue
        if turn.index and turn.row.kind in ("prompt", "command") and starts(turn, session.turns[turn.index - 1]):
            current = turn.index
        groups.append(current)
    return groups


def truth(session: LabelledSession) -> list[int]:
    """The groups of the labels; a prompt without a label goes on."""
    none = Label(False, "")
    return _by_starts(session, lambda turn, _: session.labels.get(turn.row.prompt_uuid, none).starts_task)


def verdicts_of(session: LabelledSession) -> list[Verdict]:
    """What the shipped rule decides."""
    return decide(session.turns, session.agent)


RULES: dict[str, Rule] = {
    "taximeter": lambda session: [verdict.group for verdict in verdicts_of(session)],
    "every session is a task": lambda session: _by_starts(session, lambda *_: False),
    "every prompt is a task": lambda session: _by_starts(session, lambda *_: True),
    "gap over 15 minutes": lambda session: _by_starts(session, lambda turn, _: turn.gap_ms > 15 * MINUTE_MS),
    "gap over 30 minutes": lambda session: _by_starts(session, lambda turn, _: turn.gap_ms > 30 * MINUTE_MS),
    "after a commit": lambda session: _by_starts(session, lambda _, previous: has_commit(previous)),
}


def score(sessions: Sequence[LabelledSession], rule: Rule) -> Score:
    """B-cubed F1 over dollars, and precision, recall and F1 of the starts inside sessions."""
    paid = precise = recalled = 0.0
    hits = said = wanted = 0
    for session in sessions:
        costs = [sum(call.cost or 0 for call in turn.calls) for turn in session.turns]
        gold, found = truth(session), rule(session)
        for index, cost in enumerate(costs):
            both = sum(c for c, g, f in zip(costs, gold, found, strict=True) if g == gold[index] and f == found[index])
            in_found = sum(c for c, f in zip(costs, found, strict=True) if f == found[index])
            in_gold = sum(c for c, g in zip(costs, gold, strict=True) if g == gold[index])
            if cost:
                paid += cost
                precise += cost * both / in_found
                recalled += cost * both / in_gold
        first = next((turn.index for turn in session.turns if turn.row.prompt_uuid in session.labels), 0)
        for turn in session.turns:
            if turn.row.prompt_uuid in session.labels and turn.index != first:
                is_start, is_said = gold[turn.index] == turn.index, found[turn.index] == turn.index
                hits += is_start and is_said
                said += is_said
                wanted += is_start
    share, covered = precise / paid, recalled / paid
    precision, recall = hits / said if said else 0.0, hits / wanted if wanted else 0.0
    return Score(
        2 * share * covered / (share + covered),
        precision,
        recall,
        2 * precision * recall / (precision + recall) if hits else 0.0,
    )


def main(argv: Sequence[str]) -> int:
    """Print the table; 0, or 1 without the sessions."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench boundaries", description=__doc__)
    parser.add_argument("--half", choices=["held", "fit", "both"], default="held", help="which labels (default: held)")
    parser.add_argument("--misses", action="store_true", help="list the prompts that are decided wrongly, by id")
    options = parser.parse_args(list(argv))
    try:
        sessions = labelled_sessions()
    except FileNotFoundError as error:
        print(f"no real sessions at {error}")
        return 1
    chosen = [session for session in sessions if options.half in ("both", session.half)]
    prompts = sum(len(session.labels) for session in chosen)
    inside = prompts - len(chosen)
    starts = sum(label.starts_task for session in chosen for label in session.labels.values()) - len(chosen)
    print(f"{options.half}: {len(chosen)} sessions, {inside} prompts inside them, {starts} of these start a task\n")
    print(f"{'rule':28}{'dollars':>9}{'precision':>11}{'recall':>8}{'F1':>6}")
    for name, rule in RULES.items():
        result = score(chosen, rule)
        print(f"{name:28}{result.dollars:9.2f}{result.precision:11.2f}{result.recall:8.2f}{result.f1:6.2f}")
    if options.misses:
        _print_misses(chosen)
    return 0


def _print_misses(sessions: Sequence[LabelledSession]) -> None:
    for session in sessions:
        for turn, verdict in zip(session.turns, verdicts_of(session), strict=True):
            label = session.labels.get(turn.row.prompt_uuid)
            if label is None or verdict.decision == Decision.FIRST:
                continue
            if label.starts_task != (verdict.decision == Decision.START):
                said = "-" if verdict.score is None else f"{verdict.score:.2f}"
                print(f"{session.native_id[:8]} {turn.row.prompt_uuid[:8]} {verdict.decision} {said} {verdict.reasons}")
