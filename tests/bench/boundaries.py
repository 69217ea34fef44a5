"""Compares the boundary rule with plain rules on labelled prompts of real sessions: `python -m tests.bench boundaries`.

Two figures a rule: the share of dollars on the right task (B-cubed F1 over turns, weighted by cost) and precision,
recall and F1 of task starts inside sessions. Weights were set on the `train` sessions; the `held` ones only report.
The sessions are not kept here: `python -m tests.bench published` makes a folder of most of them for `--claude-dir`.
"""

import argparse
import csv
import random
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from store.ledger import open_ledger
from store.tasks import load_session
from tracker.ingest import sync
from tracker.model.defaults import MINUTE_MS
from tracker.model.tasks.boundaries import Decision, Verdict, decide
from tracker.model.tasks.turns import TurnInfo, arrange, has_commit
from tracker.pricing import PriceBook
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource

ROOT = Path(__file__).parents[2]
LABELS = ROOT / "tests" / "data" / "task_boundaries.csv"
SESSIONS = ROOT.parent / "shared" / "real" / "claude"
_RESAMPLES = 2_000
_FEW_STARTS = 15
_ELSEWHERE = """
The others are public: docs/tasks.md names the repositories. Clone these with --mirror, run `python -m tests.bench
published FOLDER --from CLONE...` and name FOLDER here too: --claude-dir FOLDER ..."""


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


class Tally(NamedTuple):
    """What one session adds to a score; costs in nano-dollars."""

    paid: float
    precise: float
    recalled: float
    hits: int
    said: int
    wanted: int


class Score(NamedTuple):
    """How well a rule does."""

    dollars: float
    precision: float
    recall: float
    f1: float


Rule = Callable[[LabelledSession], list[int]]  # group of each turn


def read_labels() -> dict[str, dict[str, Label]]:
    """The readers' words by session and prompt."""
    words: dict[str, dict[str, Label]] = {}
    with LABELS.open(newline="") as file:
        for row in csv.DictReader(file):
            words.setdefault(row["session"], {})[row["prompt_uuid"]] = Label(row["starts_task"] == "1", row["half"])
    return words


def labelled_sessions(claude_dirs: Sequence[Path] = (SESSIONS,)) -> list[LabelledSession]:
    """Read the labelled sessions of these folders; FileNotFoundError if none of the folders is on this machine."""
    folders = [folder for folder in claude_dirs if folder.is_dir()]
    if not folders:
        raise FileNotFoundError(", ".join(map(str, claude_dirs)))
    words = read_labels()
    source = ClaudeCodeSource()
    with tempfile.TemporaryDirectory() as folder:
        db = open_ledger(Path(folder) / "ledger.db")
        sync(db, [(source, source.roots(folders))], Options(PriceBook()))
        found = []
        for session_id, agent, native_id in db.execute("SELECT id, agent, native_id FROM session").fetchall():
            if native_id in words:
                turns = arrange(load_session(db, session_id))
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


def tally(session: LabelledSession, rule: Rule) -> Tally:
    """B-cubed sums over dollars, and the starts inside the session: found rightly, said, wanted."""
    costs = [sum(call.cost or 0 for call in turn.calls) for turn in session.turns]
    gold, found = truth(session), rule(session)
    in_gold: Counter[int] = Counter()
    in_found: Counter[int] = Counter()
    in_both: Counter[tuple[int, int]] = Counter()
    for cost, wanted, said in zip(costs, gold, found, strict=True):
        in_gold[wanted] += cost
        in_found[said] += cost
        in_both[wanted, said] += cost
    both = [
        (cost, in_both[g, f], in_gold[g], in_found[f]) for cost, g, f in zip(costs, gold, found, strict=True) if cost
    ]
    first = next((turn.index for turn in session.turns if turn.row.prompt_uuid in session.labels), 0)
    inside = [turn.index for turn in session.turns if turn.row.prompt_uuid in session.labels and turn.index != first]
    return Tally(
        sum(costs),
        sum(cost * shared / of_found for cost, shared, _, of_found in both),
        sum(cost * shared / of_gold for cost, shared, of_gold, _ in both),
        sum(gold[index] == index == found[index] for index in inside),
        sum(found[index] == index for index in inside),
        sum(gold[index] == index for index in inside),
    )


def score_of(tallies: Sequence[Tally]) -> Score:
    """B-cubed F1 over dollars, and precision, recall and F1 of the starts inside sessions."""
    paid, precise, recalled, hits, said, wanted = (sum(column) for column in zip(*tallies, strict=True))
    share, covered = precise / paid, recalled / paid
    precision, recall = hits / said if said else 0.0, hits / wanted if wanted else 0.0
    return Score(
        2 * share * covered / (share + covered),
        precision,
        recall,
        2 * precision * recall / (precision + recall) if hits else 0.0,
    )


def score(sessions: Sequence[LabelledSession], rule: Rule) -> Score:
    """How well a rule does on these sessions."""
    return score_of([tally(session, rule) for session in sessions])


def interval(tallies: Sequence[Tally], figure: Callable[[Score], float]) -> tuple[float, float]:
    """The middle 90 % of a figure over resampled sessions."""
    draw = random.Random(1)
    figures = sorted(figure(score_of(draw.choices(tallies, k=len(tallies)))) for _ in range(_RESAMPLES))
    return figures[_RESAMPLES // 20], figures[-_RESAMPLES // 20]


def main(argv: Sequence[str]) -> int:
    """Print the table, or that there are no sessions to make it from; 0 either way."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench boundaries", description=__doc__)
    parser.add_argument(
        "--half", choices=["held", "train", "both"], default="held", help="which labels (default: held)"
    )
    parser.add_argument(
        "--claude-dir", type=Path, nargs="+", default=[SESSIONS], help="folders with the sessions (one or more)"
    )
    parser.add_argument("--misses", action="store_true", help="list the prompts that are decided wrongly, by id")
    options = parser.parse_args(list(argv))
    try:
        sessions = labelled_sessions(options.claude_dir)
    except FileNotFoundError as error:
        print(f"no real sessions at {error}{_ELSEWHERE}")
        return 0
    _print_found(sessions)
    chosen = [session for session in sessions if options.half in ("both", session.half)]
    if not sessions:
        return 0
    if not chosen:
        other = sessions[0].half
        print(f"no {options.half} session is here; these are of the {other} half:")
        options.half, chosen = other, sessions
    inside = sum(len(session.labels) for session in chosen) - len(chosen)
    starts = sum(label.starts_task for session in chosen for label in session.labels.values()) - len(chosen)
    few = ": too few to judge F1 by" if starts < _FEW_STARTS else ""
    print(
        f"{options.half}: {len(chosen)} sessions, {inside} prompts inside them, {starts} of these start a task{few}\n"
    )
    print(f"{'rule':26}{'dollars':>9}{'90 %':>13}{'precision':>11}{'recall':>8}{'F1':>7}{'90 %':>13}")
    for name, rule in RULES.items():
        tallies = [tally(session, rule) for session in chosen]
        result = score_of(tallies)
        dollars, f1 = _band(tallies, lambda one: one.dollars), _band(tallies, lambda one: one.f1)
        print(
            f"{name:26}{result.dollars:9.2f}{dollars}{result.precision:11.2f}{result.recall:8.2f}{result.f1:7.2f}{f1}"
        )
    if options.misses:
        _print_misses(chosen)
    return 0


def _band(tallies: Sequence[Tally], figure: Callable[[Score], float]) -> str:
    low, high = interval(tallies, figure)
    return f"{low:.2f}-{high:.2f}".rjust(13)


def _print_found(sessions: Sequence[LabelledSession]) -> None:
    labelled = sum(map(len, read_labels().values()))
    found = sum(turn.row.prompt_uuid in session.labels for session in sessions for turn in session.turns)
    print(f"{found:,} of {labelled:,} labelled prompts are here.{_ELSEWHERE if found < labelled else ''}\n")


def _print_misses(sessions: Sequence[LabelledSession]) -> None:
    for session in sessions:
        for turn, verdict in zip(session.turns, verdicts_of(session), strict=True):
            label = session.labels.get(turn.row.prompt_uuid)
            if label is None or verdict.decision == Decision.FIRST:
                continue
            if label.starts_task != (verdict.decision == Decision.START):
                said = "-" if verdict.score is None else f"{verdict.score:.2f}"
                print(f"{session.native_id[:8]} {turn.row.prompt_uuid[:8]} {verdict.decision} {said} {verdict.reasons}")
