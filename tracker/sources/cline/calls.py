"""Builds priced Call records, for both stores and for Roo."""

from collections.abc import Iterable
from typing import NamedTuple

from store.records import NAME_CHARS, Call, CallFlag, Price
from tracker.pricing import cost
from tracker.sources.base import Options
from tracker.sources.cline.sdk_rows import Metrics
from tracker.sources.cline.tokens import UNKNOWN, Recorded, Tokens, count, inclusive_tokens, is_plan_paid, nano_cost

# These bill each response themselves and say what it cost: their figure wins over a list price (PRICES 1.5). Every
# other cost that Cline writes is its own arithmetic, which counts cached tokens twice for some providers.
_BILLS_ITSELF = frozenset({"openrouter", "cline", "vercel-ai-gateway"})


class ServedBy(NamedTuple):
    """The model and provider that served a request, as the agent names them."""

    model: str
    provider: str


class Place(NamedTuple):
    """Where and when a request was made. The time is also its position: files are rewritten, so offsets are no use."""

    agent: str
    session: str
    chain: str
    turn: str | None
    at: int
    version: str | None = None
    requested_at: int | None = None
    last_at: int | None = None  # where the answer ended later
    copy_rank: int = 0


def make_call(
    key: str,
    place: Place,
    served_by: ServedBy,
    tokens: Tokens,
    reported: int | None,
    options: Options,
    *,
    thinking: int = 0,
    retries: int = 0,
    flags: int,
    stop: str | None = None,
    prompt_tokens: int | None = None,
) -> Call:
    """A priced call. `prompt_tokens` is the size that decides a long-prompt tier, where it is not the sum of the parts.

    `flags` are added to those of `tokens`. The cost is the provider's own figure where it bills by the response or
    where nothing else is known (flag REPORTED_COST), else the list price; None if the model has none. What the agent
    reported is kept beside it in any case. Neither store says why an answer ended (`stop`): it is known by what
    follows.
    """
    flags |= tokens.flags
    is_reported_only = bool(flags & CallFlag.REPORTED_ONLY)
    price = None if is_reported_only else _list_price(served_by, place.at, tokens, prompt_tokens, options)
    amount = cost(price, tokens.input, tokens.cache_read, tokens.write_5m, 0, tokens.output, 0) if price else None
    if reported is not None and (is_reported_only or served_by.provider in _BILLS_ITSELF):
        amount = reported
        flags |= CallFlag.REPORTED_COST
    return Call(
        agent=place.agent,
        message_id=key,
        request_id=None,
        more_message_ids=(),
        session=place.session,
        chain=place.chain,
        seen_session=place.session,
        copy_rank=place.copy_rank,
        turn=place.turn,
        position=place.at,
        requested_at=place.requested_at,
        first_at=place.at,
        last_at=place.at if place.last_at is None else place.last_at,
        model=served_by.model[:NAME_CHARS],
        provider=served_by.provider[:NAME_CHARS],
        input=tokens.input,
        cache_read=tokens.cache_read,
        write_5m=tokens.write_5m,
        write_1h=0,
        output=tokens.output,
        thinking=min(thinking, tokens.output),
        web_searches=0,
        speed=None,
        tier=None,
        geo=None,
        stop=stop,
        effort=None,
        version=place.version,
        retries=retries,
        flags=int(flags),
        price_id=price.id if price else None,
        cost=amount,
        reported_cost=reported,
    )


def _list_price(
    served_by: ServedBy, at: int, tokens: Tokens, prompt_tokens: int | None, options: Options
) -> Price | None:
    if served_by.model == UNKNOWN:
        return None
    prompt = tokens.input + tokens.cache_read + tokens.write_5m if prompt_tokens is None else prompt_tokens
    return options.pricer.resolve(
        served_by.model, None if served_by.provider == UNKNOWN else served_by.provider, at, prompt
    )


def metered_call(
    key: str, place: Place, served_by: ServedBy, metrics: Metrics, options: Options, *, stop: str | None = None
) -> Call:
    """The call described by metrics of the newer generation; ValueError if the counts are absurd.

    If all counts are zero, the stream broke (which an error says) or the provider counts nothing.
    """
    recorded = Recorded(
        count(metrics.input_tokens),
        count(metrics.output_tokens),
        count(metrics.cache_write_tokens),
        count(metrics.cache_read_tokens),
        nano_cost(metrics.cost),
    )
    return make_call(
        key,
        place,
        served_by,
        inclusive_tokens(recorded),
        recorded.cost,
        options,
        thinking=count(metrics.reasoning_token_count),
        flags=0 if recorded.total else int(CallFlag.OUTPUT_IS_FLOOR),
        stop=stop,
    )


def billing_of(calls: Iterable[Call]) -> str | None:
    """What pays for a session, "plan" or "api"; None if it has no calls or both paid."""
    paid_by_plan = {is_plan_paid(call.provider, call.reported_cost) for call in calls}
    if len(paid_by_plan) != 1:
        return None
    return "plan" if True in paid_by_plan else "api"
