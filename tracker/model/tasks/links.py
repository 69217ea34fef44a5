"""Finds tasks that continue in another session (MODEL section 2.1); never by guess alone.

A teammate's session is linked to its lead's. A session that carries out an approved plan is linked to the planning one:
the one its prompt names, else the one that ended at the same moment. Other links need the same project and the same
non-default branch within seven days, and either the same issue or half of the edited files in common. On any other
branch that is only a suggestion.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial

from store.task_rows import PartRow, TeamRow
from tracker.model.defaults import DAY_MS
from tracker.model.tasks.session_tasks import decode_facts

LINK_BRANCH = "branch"
LINK_TEAM = "team"
LINK_PLAN = "plan"
APPROVAL_MS = 2_000  # between the end of the planning and the first prompt that carries out the plan
PLAN_WAITS_MS = 7 * DAY_MS  # between the last planning call and the plan's approval
_WINDOW_MS = 7 * DAY_MS
_MIN_OVERLAP = 0.5
_DEFAULT_BRANCHES = frozenset(
    {"", "main", "master", "trunk", "develop", "development", "dev", "default", "next", "HEAD"}
)

PartKey = tuple[int, str]  # session id, root


def key_of(part: PartRow) -> PartKey:
    """Key of a part."""
    return part.session_id, part.root


def files_by_part(facts: Iterable[tuple[int, str, bytes]]) -> dict[PartKey, frozenset[str]]:
    """Files edited by each part, from its turns' facts as returned by `store.tasks.facts_of_sessions`."""
    edited: dict[PartKey, set[str]] = {}
    for session_id, root, encoded in facts:
        edited.setdefault((session_id, root), set()).update(decode_facts(encoded).edited)
    return {key: frozenset(files) for key, files in edited.items()}


def is_default_branch(branch: str | None) -> bool:
    """Whether this branch is shared by many tasks."""
    return (branch or "") in _DEFAULT_BRANCHES


def continued(parts: Sequence[PartRow], files: Mapping[PartKey, frozenset[str]]) -> dict[PartKey, PartRow]:
    """For each part that opens its session, the latest earlier part of another session that it continues, if any.

    `parts` must be of one project and branch; the caller handles default branches.
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
    """The lead of each teammate in the teams of the `touched` sessions; None if it is not recorded.

    Team names may be reused: of several leads, one of the teammate's project is preferred, then the latest to begin
    before it.
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
    """Whether two parts name the same issue, or have half of the smaller set of edited files in common.

    `of`: `max` requires half of the larger set.
    """
    if part.keys and set(part.keys.split(",")) & set(earlier.keys.split(",")):
        return True
    ours, theirs = files.get(key_of(part), frozenset()), files.get(key_of(earlier), frozenset())
    return bool(ours and theirs) and len(ours & theirs) >= _MIN_OVERLAP * of(len(ours), len(theirs))
