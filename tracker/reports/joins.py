"""Suggests tasks of different sessions to join (MODEL section 2.1); never done automatically."""

import sqlite3
from typing import Any, NamedTuple

from store.reads.tasks import recent_parts
from store.task_rows import PartRow
from store.tasks import facts_of_sessions
from tracker.model.defaults import DAY_MS
from tracker.model.tasks.links import continued, files_by_part, have_in_common, key_of

_LOOK_BACK_MS = 14 * DAY_MS
_MAX_JOINS = 3


class Join(NamedTuple):
    """A task that seems to continue an earlier one of another session."""

    task_id: str
    into: str

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "task": self.task_id,
            "into": self.into,
            "to_join": f"taximeter task edit merge {self.into} {self.task_id}",
        }


def suggested_joins(db: sqlite3.Connection, latest: int, shown: set[str]) -> list[Join]:
    """The latest pairs among the tasks `shown` that name the same issue or share half of their edited files."""
    by_project: dict[str, list[PartRow]] = {}
    for project, part in recent_parts(db, latest - _LOOK_BACK_MS):
        by_project.setdefault(project, []).append(part)
    several = [parts for parts in by_project.values() if len({part.session_id for part in parts}) > 1]
    session_ids = {part.session_id for parts in several for part in parts}
    edited = files_by_part(facts_of_sessions(db, session_ids))
    pairs: dict[tuple[str, str], int] = {}
    for parts in several:
        by_key = {key_of(part): part for part in parts}
        for key, earlier in continued(parts, edited).items():
            part = by_key[key]
            pair = (part.task_id, earlier.task_id)
            # A linked part is already decided: by a rule, a fork or the user.
            is_free = part.link_kind is None and pair[0] != pair[1] and shown.issuperset(pair)
            # One common file of many may be a changelog or workflow that every task touches.
            if is_free and have_in_common(part, earlier, edited, max):
                pairs[pair] = max(pairs.get(pair, 0), part.first_at)
    latest_first = sorted(pairs, key=lambda pair: (-pairs[pair], pair))
    return [Join(*pair) for pair in latest_first[:_MAX_JOINS]]
