"""One call of a chain as the model needs it (MODEL section 1): a chain is a sequence of these in file order.

A tuple, because a cold import judges a hundred thousand of them.
"""

from collections.abc import Iterable
from typing import NamedTuple

from store.records import CallFlag
from tracker.model.cost.rates import Rates

_ITERATION = int(CallFlag.ITERATION)  # enum arithmetic is slow


class Reset:
    """What ended the epoch before a call."""

    COMPACT = "compact"
    CLEAR = "clear"
    REWIND = "rewind"
    MICROCOMPACT = "microcompact"


class ChainCall(NamedTuple):
    """Tokens, times (epoch milliseconds) and circumstances of one call; money in nano-dollars."""

    call_id: int
    position: int  # position in this chain's file; of a copy, the copy's position
    requested_at: int | None
    first_at: int
    last_at: int
    model: str
    effort: str | None
    speed: str | None
    version: str | None
    session: str
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    rates: Rates | None  # None while unpriced
    cost: int | None  # None while unpriced
    flags: int = 0  # CallFlag
    copied: bool = False  # copied from another file: counts for the expected read, not for cost
    reset_before: str | None = None  # Reset
    restart_before: bool = False  # resume, exit or a synthetic reply since the previous call
    skill_or_command: bool = False  # skill, slash command, plan-mode switch or tool search since the previous call
    tool_results: int = 0  # results of the previous call's parallel tool uses
    miss_reason: str | None = None  # as given by the API or the client
    reset_at: int | None = None  # time of the reset before it

    @property
    def written(self) -> int:
        """Tokens written to the cache, both lifetimes."""
        return self.write_5m + self.write_1h

    @property
    def context(self) -> int:
        """Prompt size C: everything the model was shown."""
        return self.input + self.cache_read + self.write_5m + self.write_1h

    @property
    def started_at(self) -> int:
        """When the request was sent; if not recorded, when its first line was written."""
        return self.first_at if self.requested_at is None else self.requested_at

    @property
    def grows_the_chain(self) -> bool:
        """False for billed calls that do not extend the prompt: inner requests and calls without tokens."""
        return not self.flags & _ITERATION and self.context > 0


def carry_circumstances_forward(calls: Iterable[ChainCall]) -> list[ChainCall]:
    """Calls in file order, with the circumstances of each call that does not grow the prompt copied to the next one."""
    taken: list[ChainCall] = []
    for call in calls:
        if taken and not taken[-1].grows_the_chain:
            aside = taken[-1]
            call = call._replace(
                reset_before=call.reset_before or aside.reset_before,
                reset_at=call.reset_at if call.reset_before else aside.reset_at,
                restart_before=call.restart_before or aside.restart_before,
                skill_or_command=call.skill_or_command or aside.skill_or_command,
                tool_results=max(call.tool_results, aside.tool_results),
            )
        taken.append(call)
    return taken
