"""Tasks that go on in another session (MODEL section 2.1): never by guess alone.

A teammate's session is linked to its lead's, and one that carries out an approved plan to the one that planned: the
one that its prompt names or, failing that, the one that ended in the same moment.
Otherwise a link is made only between sessions of one project on the same branch that is not a default one, when they
name the same issue or share half of the files they edited, within seven days. On any other branch it is a suggestion.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from store.task_rows import PartRow, TeamRow
from tracker.model.defaults import DAY_MS
from tracker.model.tasks.session_tasks import decode_facts

LINK_BRANCH = "branch"
LINK_TEAM = "team"
LINK_PLAN = "plan"
APPROVAL_MS = 2_000  # between the end of planning and the first prompt of the session that carries it out
PLAN_WAITS_MS = 7 * DAY_MS  # between the last call of the planning and its end
_WINDOW_MS = 7 * DAY_MS
_MIN_OVERLAP = 0.5
_DEFAULT_BRANCHES = frozenset(
    {"", "main", "master", "trunk", "develop", "development", "dev", "default", "next", "HEAD"}
)

PartKey = tuple[int, str]  # session id, root


def key_of(part: PartRow) -> PartKey:
    """What names a part."""
    return part.session_id, part.root


def files_by_part(facts: Iterable[tuple[int, str, bytes]]) -> dict[PartKey, frozenset[str]]:
    """Files that each part edited, from the facts of its turns as `store.tasks.facts_of_sessions` gives them."""
    edited: dict[PartKey, set[str]] = {}
    for session_id, root, encoded in facts:
        edited.setdefault((session_id, root), set()).update(decode_facts(encoded).edited)
    return {key: frozenset(files) for key, files in edited.items()}


def is_default_branch(branch: str | None) -> bool:
    """Whether work of many tasks goes to this branch."""
    return (branch or "") in _DEFAULT_BRANCHES


def continued(parts: Sequence[PartRow], files: Mapping[PartKey, frozenset[str]]) -> dict[PartKey, PartRow]:
    """For parts that open their session, the latest earlier part of another session that they go on with.

    `parts` are those of one project on one branch; the caller decides what follows from the branch being a default one.
    """
    found: dict[PartKey, PartRow] = {}
    ordered = sorted(parts, key=lambda part: (part.last_at, part.session_id, part.root))
    for part in parts:
        if not part.opens_session:
            continue
        for earlier in reversed(ordered):
            if earlier.session_id == part.session_id or earlier.last_at > part.first_at:
                continue
            if part.first_at - earlier.last_at > _WINDOW_MS:
                break
            if have_in_common(part, earlier, files):
                found[key_of(part)] = earlier
                break
    return found


def leads_of(sessions: Sequence[TeamRow], touched: Collection[int]) -> dict[TeamRow, TeamRow | None]:
    """For each teammate in a team of the `touched` sessions its lead, None if that is not on record.

    A team's name may be used again: of several leads, one of the teammate's project, then the latest that had begun.
    """
    by_team: dict[tuple[str, str], list[TeamRow]] = {}
    for one in sessions:
        for team in _teams(one):
            by_team.setdefault(team, []).append(one)
    near = {other for one in sessions if one.id in touched for team in _teams(one) for other in by_team[team]}
    found: dict[TeamRow, TeamRow | None] = {}
    for mate in near:
        if mate.teammate is not None:
            leads = (one for team in _teams(mate) for one in by_team[team] if one.teammate is None)
            found[mate] = min(leads, key=partial(_distance, mate), default=None)
    return found


def _teams(session: TeamRow) -> list[tuple[str, str]]:
    return [(session.agent, name) for name in session.team.split("\n")]


def _distance(mate: TeamRow, lead: TeamRow) -> tuple[bool, bool, int, str]:
    later_ms = lead.began_at - mate.began_at
    return lead.project != mate.project, later_ms > 0, abs(later_ms), lead.native_id


def have_in_common(
    part: PartRow, earlier: PartRow, files: Mapping[PartKey, frozenset[str]], of: Callable[[int, int], int] = min
) -> bool:
    """Whether two parts name the same issue, or share half of what the one that edited fewer files edited.

    `of`: `max` for half of what the one that edited more did.
    """
    if part.keys and set(part.keys.split(",")) & set(earlier.keys.split(",")):
        return True
    ours, theirs = files.get(key_of(part), frozenset()), files.get(key_of(earlier), frozenset())
    return bool(ours and theirs) and len(ours & theirs) >= _MIN_OVERLAP * of(len(ours), len(theirs))
