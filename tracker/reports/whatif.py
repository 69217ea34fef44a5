"""The what-if report: recorded work under other conditions, each case a range with its assumptions."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from store.money import usd
from store.reads.first_prompts import first_prompts
from store.reads.plans import plan_calls
from tracker.errors import UsageError
from tracker.model.cost.rates import Rates
from tracker.model.defaults import DEFAULTS, TTL_5M_MS
from tracker.model.plans.billing import LoggedCall
from tracker.model.plans.plan import Range
from tracker.model.plans.whatif import (
    Case,
    in_batches,
    on_another_model,
    other_cache_life,
    other_lifetime,
    token_factor,
    without_baseline_above,
)
from tracker.model.quantiles import quantile
from tracker.plan_data.load import logged_call, price_rates
from tracker.pricing import PriceBook, facts_for, normalise

# In sessions started by a program, nobody waits for the answers.
_UNATTENDED = "sdk"


class WhatIfCase(NamedTuple):
    """One case: what was changed, the figures, and their assumptions."""

    what: str  # model | cache | batch | baseline
    change: str
    case: Case
    assumptions: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """JSON form; all amounts but the actual one are modelled."""
        return {
            "what": self.what,
            "change": self.change,
            "label": "modelled",
            "calls": self.case.calls,
            "left_out_calls": self.case.left_out,
            "calls_that_do_not_fit": self.case.does_not_fit,
            "actual_usd": usd(self.case.actual),
            "otherwise_usd": _range_json(self.case.otherwise),
            "saving_usd": _range_json(self.case.saving),
            "assumptions": list(self.assumptions),
        }


@dataclass(frozen=True, slots=True)
class WhatIfReport:
    """The cases over the calls of some local days."""

    since: str
    until: str
    calls: int
    actual_nano: int
    unpriced: int
    floor: int  # calls whose output is only partly recorded
    cases: Sequence[WhatIfCase]

    def as_json(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "schema_version": 1,
            "since": self.since,
            "until": self.until,
            "calls": self.calls,
            "unpriced_calls": self.unpriced,
            "floor_calls": self.floor,
            "actual_usd": usd(self.actual_nano),
            "cases": [case.as_json() for case in self.cases],
        }


class WhatIfRequest(NamedTuple):
    """The cases to work out; a batch share of None puts the unattended sessions in batches."""

    models: Sequence[str] = ()
    cache: bool = True
    batch: bool = True
    batch_share: float | None = None
    baseline_tokens: int | None = 20_000


def whatif_report(
    db: sqlite3.Connection,
    book: PriceBook,
    request: WhatIfRequest,
    since: str,
    until: str,
    now_ms: int,
    *,
    project: str | None = None,
) -> WhatIfReport:
    """Work out the requested cases for the calls of these local days; UsageError for a model without a price."""
    rates = price_rates(db)
    calls: list[LoggedCall] = []
    unattended: list[LoggedCall] = []
    main_chains: set[int] = set()
    floor = 0
    for row in plan_calls(db, since, until, project=project):
        calls.append(logged_call(row, rates))
        floor += row.is_floor
        if row.chain_kind == "main":
            main_chains.add(row.chain_id)
        if (row.entrypoint or "").startswith(_UNATTENDED):
            unattended.append(calls[-1])
    cases = [_model(book, calls, model, now_ms) for model in request.models]
    begun = first_prompts(db, {call.chain_id for call in calls})
    if request.cache:
        cases.append(_cache(calls, begun))
    if request.batch:
        cases.append(_batch(calls, unattended, request.batch_share))
    if request.baseline_tokens is not None:
        cases.append(_baseline(calls, main_chains, begun, request.baseline_tokens))
    return WhatIfReport(
        since,
        until,
        len(calls),
        sum(call.cost or 0 for call in calls),
        sum(call.cost is None for call in calls),
        floor,
        cases,
    )


def newest_models(book: PriceBook, today: str) -> dict[str, str]:
    """The newest generally available model of each family, by the price table as of an ISO day."""
    released: dict[str, str] = {}
    for row in book.rows():
        released[row.model] = min(released.get(row.model, row.effective_from), row.effective_from)
    newest: dict[str, tuple[str, str]] = {}
    for model, day in released.items():
        family = next((name for name in ("opus", "sonnet", "haiku", "fable") if f"-{name}-" in model), None)
        if family is not None and day <= today:
            newest[family] = max(newest.get(family, ("", "")), (day, model))
    return {family: newest[family][1] for family in ("fable", "opus", "sonnet", "haiku") if family in newest}


def _model(book: PriceBook, calls: Sequence[LoggedCall], model: str, now_ms: int) -> WhatIfCase:
    facts = facts_for(model)
    if book.resolve(model, None, now_ms, 0) is None:
        raise UsageError(f"no price for {model!r} (taximeter prices lists the models)")
    tokenizer = facts.tokenizer if facts else "new"
    rates_of = cache(Rates.from_price)

    def rates_for(prompt_tokens: int) -> Rates | None:
        price = book.resolve(model, None, now_ms, prompt_tokens)
        return None if price is None else rates_of(price)

    @cache
    def factor_of(other: str) -> Range | None:
        known = facts_for(other)
        return None if known is None else token_factor(known.tokenizer, tokenizer)

    name = normalise(model).canonical or model
    case = on_another_model(calls, factor_of, rates_for, facts.context_window if facts else None)
    crossed = {known.tokenizer for other in {call.model for call in calls} if (known := facts_for(other))} - {tokenizer}
    notes = ["Same prompts, answers and number of calls; today's standard price of that model."]
    if "old" in crossed:
        notes.append("Its tokenizer makes 1.0 to 1.35 times the tokens (middle 1.3) of the older models' work.")
    if "new" in crossed:
        notes.append("Its tokenizer makes 1/1.35 to 1 times the tokens (middle 1/1.3) of the newer models' work.")
    if any(call.is_fast for call in calls):
        notes.append("Without fast mode, which some of this work used.")
    if case.does_not_fit:
        larger = "prompt is" if case.does_not_fit == 1 else "prompts are"
        notes.append(f"{case.does_not_fit:,} {larger} larger than its context window.")
    return WhatIfCase("model", name, case, tuple(notes))


def _cache(calls: Sequence[LoggedCall], begun: Mapping[int, int]) -> WhatIfCase:
    ttl_ms = other_lifetime(calls)
    static = round(DEFAULTS.static_share_of_baseline * quantile(list(begun.values()), 0.5)) if begun else 0
    life = "5 minutes" if ttl_ms == TTL_5M_MS else "1 hour"
    return WhatIfCase(
        "cache",
        f"a cache TTL of {life}",
        other_cache_life(calls, ttl_ms, static),
        ("Pauses replayed from the records; the range is a bootstrap over conversations.",),
    )


def _batch(calls: Sequence[LoggedCall], unattended: Sequence[LoggedCall], share: float | None) -> WhatIfCase:
    if share is None:
        change = "unattended sessions in batches"
        case = in_batches(unattended, 1.0)
        why = "What could wait: sessions that a program started. --batch SHARE sets another share."
    else:
        change = f"{share:.0%} of the work in batches"
        case = in_batches(calls, share)
        why = "The share is yours."
    return WhatIfCase(
        "batch", change, case, ("Tokens at half price within a day; one end assumes that nothing is cached.", why)
    )


def _baseline(
    calls: Sequence[LoggedCall], main_chains: Collection[int], begun: Mapping[int, int], tokens: int
) -> WhatIfCase:
    main: dict[int, list[LoggedCall]] = {}
    others: dict[int, list[LoggedCall]] = {}
    for call in calls:
        (main if call.chain_id in main_chains else others).setdefault(call.chain_id, []).append(call)
    return WhatIfCase(
        "baseline",
        f"first prompts of {tokens:,} tokens at most",
        without_baseline_above(list(main.values()), list(others.values()), begun, tokens),
        ("The excess is never written nor read; the cautious end trims the main conversation only.",),
    )


def _range_json(amounts: Range) -> dict[str, str | None]:
    return {name: usd(round(value)) for name, value in amounts._asdict().items()}
