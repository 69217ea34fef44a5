"""Status of a task and its evidence (MODEL section 2.2). Silence is no evidence.

A status that depends on time passing is kept apart (`if_left`); reports apply it.
"""

import re
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from tracker.model.defaults import DEFAULTS
from tracker.model.tasks.turns import Ending

# Claude Code's own files, which nobody commits or checks: plans and memory in the home folder, scratch files.
_ITS_OWN = re.compile(
    r"(?:/Users/[^/]+|/home/[^/]+|/root|[A-Z]:\\Users\\[^\\]+)[/\\]\.claude[/\\](?:plans|projects)[/\\]"
    r"|.*[/\\]claude(?:-\d+)?[/\\][^/\\]+[/\\][0-9a-f-]{36}[/\\]scratchpad[/\\]"
)


class TaskStatus(StrEnum):
    """Outcomes of a task."""

    COMPLETED = "completed"
    OPEN = "open"
    INTERRUPTED = "interrupted"
    ABANDONED = "abandoned"
    REVERTED = "reverted"


class Evidence(StrEnum):
    """Evidence for a status, strongest first."""

    YOU = "you"
    GIT = "git"
    COMPLETION = "completion"  # the agent declared completion and the user had no feedback (Cline)
    CHECK = "check"
    TODOS = "to-dos"
    REFINED = "refined"  # suggested by a small model at the user's request
    MOVED_ON = "moved on"
    QUESTION = "question"  # only the agent's own files were edited: the answer was the result


class TurnFacts(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Facts of a turn for judging its task, stored with the turn so that its calls are not needed."""

    text: str
    kind: str
    ending: str
    edited: tuple[str, ...] = ()
    is_retry: bool = False
    has_commit: bool = False
    commits: tuple[str, ...] = ()
    reverts: tuple[str, ...] = ()
    has_pull_request: bool = False
    check_passed: bool | None = None
    todos_closed: int | None = None
    todos_entries: int | None = None
    is_completion: bool = False
    is_feedback: bool = False
    next_starts_other: bool = False  # the next prompt of the session starts another task
    anchors: tuple[str, ...] = ()  # message ids of its first calls, a permanent name of the turn
    unrecorded: int = 0  # modelled nano-dollars of unrecorded requests
    waited_ms: int = 0  # time in which nothing ran


class GitFacts(NamedTuple):
    """Facts from repositories and other tasks about a task's commits."""

    has_commit: bool = False  # one with a file the task touched, within the task's time
    is_reverted: bool = False


NOTHING_KNOWN = GitFacts()


class Judged(NamedTuple):
    """A task's status; `if_left` is what an open task becomes once its user has worked elsewhere for a day."""

    status: str
    evidence: str | None
    if_left: str | None = None


def judge(turns: Sequence[TurnFacts], git: GitFacts = NOTHING_KNOWN) -> Judged:
    """Status of a task from its turns (at least one), in order of time."""
    if git.is_reverted:
        return Judged(TaskStatus.REVERTED, Evidence.GIT)
    ending = turns[-1].ending
    if ending in (Ending.INTERRUPTED, Ending.ERROR):
        return Judged(TaskStatus.OPEN, None, TaskStatus.INTERRUPTED)
    signal = _signal(turns, git, ending)
    if signal is not None:
        return Judged(TaskStatus.COMPLETED, signal)
    if not _changed_files(turns):
        done = ending == Ending.NORMAL
        return Judged(TaskStatus.COMPLETED if done else TaskStatus.OPEN, Evidence.QUESTION if done else None)
    return Judged(TaskStatus.OPEN, None, TaskStatus.ABANDONED)


def _signal(turns: Sequence[TurnFacts], git: GitFacts, ending: str) -> str | None:
    """The strongest completion signal that nothing later contradicts."""
    found: set[str] = set()
    for turn in turns:
        _weigh(found, turn)
    if git.has_commit:
        found.add(Evidence.GIT)
    if _todos_closed(turns):
        found.add(Evidence.TODOS)
    if ending == Ending.NORMAL and turns[-1].next_starts_other:
        found.add(Evidence.MOVED_ON)
    if ending != Ending.NORMAL:
        found.discard(Evidence.CHECK)
    if not _changed_files(turns):
        found -= {Evidence.CHECK, Evidence.MOVED_ON}
    return next((signal for signal in Evidence if signal in found), None)


def _changed_files(turns: Sequence[TurnFacts]) -> bool:
    return any(not _ITS_OWN.match(file) for turn in turns for file in turn.edited)


def _weigh(found: set[str], turn: TurnFacts) -> None:
    """Add a turn's signals, and remove earlier ones that it contradicts."""
    if turn.edited or turn.check_passed is not None:
        found.discard(Evidence.CHECK)
    if turn.check_passed is False:
        found.discard(Evidence.GIT)
    elif turn.check_passed:
        found.add(Evidence.CHECK)
    if turn.has_commit or turn.has_pull_request:
        found.add(Evidence.GIT)
    if turn.is_feedback:
        found.discard(Evidence.COMPLETION)
    if turn.is_completion:
        found.add(Evidence.COMPLETION)


def _todos_closed(turns: Sequence[TurnFacts]) -> bool:
    """Whether the latest to-do list is all closed, or as many single entries were closed as added."""
    written = [turn for turn in turns if turn.todos_entries is not None]
    if not written:
        return False
    last = written[-1]
    if last.todos_entries and (last.todos_closed or 0) >= last.todos_entries:
        return True
    added = sum(turn.todos_entries or 0 for turn in written)
    return bool(added) and sum(turn.todos_closed or 0 for turn in written) >= added


def settled(
    status: str,
    if_left: str | None,
    ended_at: int,
    *,
    now: int,
    latest_activity: int,
) -> str:
    """The status as of `now`: interrupted after a day, abandoned after a day of work elsewhere."""
    if status != TaskStatus.OPEN or if_left is None:
        return status
    until = ended_at + DEFAULTS.abandonment_ms
    reference = now if if_left == TaskStatus.INTERRUPTED else latest_activity
    return if_left if reference >= until else status


def meets(evidence: str | None, minimum: str | None) -> bool:
    """Whether the evidence of a completion is at least as strong as `minimum`; None accepts any."""
    if minimum is None or evidence is None:
        return True
    order: list[str] = list(Evidence)
    return order.index(evidence) <= order.index(minimum)
