"""Rows of a classic task that stand for several requests at once, or for one without recorded tokens."""

from typing import NamedTuple

from store.records import Call, CallFlag, Chain
from tracker.sources.base import Options
from tracker.sources.cline.calls import Place, ServedBy, make_call
from tracker.sources.cline.dialect import Dialect
from tracker.sources.cline.rows import ApiRequest
from tracker.sources.cline.tokens import Recorded, Tokens, reported_cost

# What a list of subagents calls those that are none.
_NAMES = {"deleted": "rewound", "condense": "condensing"}


class SumRow(NamedTuple):
    """A usage-bearing row that is no request of the main chain; `name` begins the key of a chain of its own.

    `largest_prompt` decides a long-prompt price: the size of the prompts is not their sum. None: unknown, the sum.
    """

    at: int
    name: str  # subagents | deleted | condense
    kind: str  # of the chain
    turn: str | None
    served_by: ServedBy
    info: ApiRequest
    recorded: Recorded
    largest_prompt: int | None = None
    spawned_by: str | None = None  # id of the tool call that started it


def sum_records(row: SumRow, key: str, task: str, dialect: Dialect, options: Options) -> tuple[Chain, Call]:
    """The chain and the call of a sum. Its model is the task's own, which is an assumption for subagents: ESTIMATED.

    Condensing in Roo has a cost and no tokens: REPORTED_ONLY, without a price.
    """
    chain = f"{row.name}-{row.at}"
    is_cost_only = row.recorded.total == 0
    call = make_call(
        key,
        Place(dialect.agent, task, chain, row.turn, row.at, dialect.version_at(row.at)),
        row.served_by,
        Tokens(0, 0, 0, 0, 0) if is_cost_only else dialect.tokens(row.recorded, row.served_by, row.info),
        reported_cost(row.recorded, row.served_by.provider),
        options,
        flags=int(CallFlag.REPORTED_ONLY if is_cost_only else CallFlag.ESTIMATED),
        prompt_tokens=row.largest_prompt,
    )
    return Chain(dialect.agent, task, chain, row.kind, row.at, row.spawned_by, row.turn, _NAMES.get(row.name)), call
