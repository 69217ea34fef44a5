"""Format of `<home>/advice/<session id>.json` and `.today.json`, which hooks and status line read.

Every key is optional, unknown keys are passed over, and a missing or broken file means that there is no advice.
"""

from typing import NotRequired, TypedDict


class Nudge(TypedDict):
    """One sentence for the user, shown once."""

    id: str  # a new one for each firing: what was shown once under an id is never shown again
    text: str  # a whole line for the user, at most 120 characters
    kind: str
    expires_at: int  # epoch ms; from then on it is no longer said
    not_before: NotRequired[int]  # epoch ms; for what becomes true later, such as a cache that has gone cold
    events: NotRequired[list[str]]  # say it only at these of SessionStart, UserPromptSubmit, Stop


class Block(TypedDict):
    """The hard stop of a budget: while it is in the file, UserPromptSubmit blocks every prompt with it."""

    reason: str
    expires_at: NotRequired[int]  # epoch ms; without it the block holds until the file is written anew
    budget: NotRequired[str]  # the key of [budget] that is used up: with room in the settings by now, it is void
    spent_nano: NotRequired[int]  # what was spent of it


class Advice(TypedDict, total=False):
    """One session's advice and the figures of its status line."""

    nudge: Nudge | None
    pending: list[Nudge]  # further ones, in order of worth: for other events or later times
    block: Block | None
    task_cost_nano: int | None  # priced cost of the task in hand, nano-dollars
    task_is_floor: bool  # it cost at least that
    compact_at_tokens: int | None  # context size from which compacting pays (MODEL 7.1)
    api_equivalent: bool  # the user pays by plan: amounts are what the API would have cost


class Today(TypedDict, total=False):
    """What all status lines share, because other sessions and agents spend after a session's last call."""

    today_cost_nano: int  # priced cost of the local day, all agents, nano-dollars
    today_is_floor: bool  # it cost at least that
    today_ends_at: int  # epoch ms; from then on that was another day
