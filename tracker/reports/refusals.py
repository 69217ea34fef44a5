"""Why requests of a task were refused: no credit, the key's own limit, access refused, too many requests.

Only the provider's status or code is recorded (CLINE section 3, PRICES section 1.5), never its message.
"""

import sqlite3
from collections.abc import Iterable
from typing import Any, NamedTuple

from store.reads.tasks import RefusalMark, refusals_of_task
from store.records import EventKind
from tracker.clock import iso


class RefusalKind:
    """Reasons, as named in JSON."""

    CREDIT = "no_credit"
    KEY_LIMIT = "key_limit"
    REFUSED = "refused"
    KEY = "key_not_accepted"
    RATE = "rate_limit"
    PLAN = "plan_limit"
    OVERLOADED = "overloaded"
    OTHER = "other"


# Details as written by the sources: HTTP statuses, or words if there is no status.
_DETAILS = {
    RefusalKind.CREDIT: "402 credits insufficient_credits billing_error",
    RefusalKind.KEY_LIMIT: "key_limit",
    RefusalKind.REFUSED: "403",
    RefusalKind.KEY: "401 authentication_failed",
    RefusalKind.RATE: "429 rate_limit",
    RefusalKind.OVERLOADED: "503 529 overloaded",
}
_KINDS = {detail: kind for kind, details in _DETAILS.items() for detail in details.split()}
_WORDS = {
    RefusalKind.CREDIT: ("no credit left", "add credit to the account at the provider"),
    RefusalKind.KEY_LIMIT: ("the key's own limit is reached", "raise the limit of this key at the provider"),
    RefusalKind.REFUSED: ("refused", "the key may not use this model, or the provider's moderation said no"),
    RefusalKind.KEY: ("the key was not accepted", "check the key in the agent's settings"),
    RefusalKind.RATE: ("too many requests", "the agent tries again by itself; slower work or another model helps"),
    RefusalKind.PLAN: ("a limit of the plan is reached", "wait for its reset, or go on by paid usage"),
    RefusalKind.OVERLOADED: ("the provider was overloaded", "the agent tries again by itself"),
    RefusalKind.OTHER: ("request failed", ""),
}


class Refusal(NamedTuple):
    """All refusals with one reason; times in epoch milliseconds."""

    kind: str
    details: tuple[str, ...]
    times: int
    first_at: int | None
    last_at: int | None

    @property
    def status(self) -> str | None:
        """The HTTP status, if all have the same."""
        return self.details[0] if len(self.details) == 1 and self.details[0].isdigit() else None

    @property
    def words(self) -> str:
        """What happened: "402 no credit left, 3 times"."""
        said = _WORDS[self.kind][0]
        if self.kind == RefusalKind.OTHER and self.status is None and self.details[0] not in ("", "other"):
            said = f"{said} ({', '.join(self.details)})"
        head = f"{self.status} {said}" if self.status else said
        return head if self.times == 1 else f"{head}, {self.times} times"

    @property
    def advice(self) -> str:
        """What to do about it; empty if unknown."""
        return _WORDS[self.kind][1]

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "kind": self.kind,
            "details": list(self.details),
            "times": self.times,
            "first_at": iso(self.first_at),
            "last_at": iso(self.last_at),
            "words": self.words,
            "advice": self.advice,
        }


def task_refusals(db: sqlite3.Connection, task_id: str) -> list[Refusal]:
    """Refusals in a task, by full id; those that only the user can resolve come first."""
    return grouped(refusals_of_task(db, task_id))


def grouped(marks: Iterable[RefusalMark]) -> list[Refusal]:
    """One entry per reason; those that only the user can resolve come first."""
    by_kind: dict[str, list[RefusalMark]] = {}
    for mark in marks:
        kind = RefusalKind.PLAN if mark.kind == EventKind.LIMIT else _KINDS.get(mark.detail, RefusalKind.OTHER)
        by_kind.setdefault(kind, []).append(mark)
    made = []
    for kind in sorted(by_kind, key=list(_WORDS).index):
        found = by_kind[kind]
        times = [mark.at for mark in found if mark.at is not None]
        details = tuple(dict.fromkeys(mark.detail for mark in found))
        made.append(Refusal(kind, details, len(found), min(times, default=None), max(times, default=None)))
    return made
