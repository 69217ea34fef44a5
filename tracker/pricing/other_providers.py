"""Prices of models missing from our own table, from the genai-prices package, for exactly the requested model.

The package takes 0.3 s to import, so only the first call to such a model imports it. It matches models by patterns,
some of which cover a whole family; a match counts only if the rest of the id is a date or the like. Its pitfalls in
counting tokens (PRICES 2.1) do not matter: only its rates are used, never its sums.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from store.money import NANO_PER_USD, PICO_PER_USD_PER_MTOK
from store.records import Price
from tracker.pricing.effective import NO_LIMIT, Brackets, Served, multiplied
from tracker.pricing.names import LIST_PERMILLE
from tracker.pricing.rows import FROM_THE_BEGINNING, ListRates

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

# Provider ids in agents' records (CLINE section 3) that genai-prices names differently. A provider that is neither here
# nor known there by its id (a local server, a reseller without a list price) has no prices.
_PROVIDER_NAMES = {
    "bedrock": "aws",
    "claude-code": "anthropic",
    "cline": "openrouter",
    "gemini": "google",
    "moonshot": "moonshotai",
    "openai-codex": "openai",
    "openai-native": "openai",
    "vertex": "google",
    "xai": "x-ai",
}
# The maker of GLM has two lists. Of a model that is named alone the package takes that for China, which is half of the
# one in dollars and lacks glm-4.5 and glm-4.6.
_GLM, _GLM_SELLER = "glm-", "zai"
# OpenRouter's suffix, as in "vendor/model:free", for models with "no per-token cost". genai-prices lists many such ids,
# without rates, but not newer ones.
_FREE_VARIANT = ":free"
_FREE_SOURCE = "https://openrouter.ai/docs/guides/routing/model-variants/free"
_FREE_CHECKED_ON = "2026-11-22"
# Tier of a price that applies on every day and to every prompt size.
_FLAT = "flat"
_LAST_MS = 253_402_300_799_000  # end of the year 9999, the last that datetime supports


class _Found(NamedTuple):
    provider: str
    model: "ModelInfo"
    has_variants: bool  # whether its fast and batch prices apply at this provider


class _Quote(NamedTuple):
    """The rates of one model at one moment."""

    rates: "ModelPrice"
    effective_from: str
    words: tuple[str, ...]  # how they differ from the model's standard price: fast, batch, hours of the day
    holds_always: bool
    holds_all_day: bool


class OtherPrices:
    """Looks up models of other providers, and caches the results."""

    def __init__(self, resolved: Iterable[Price]) -> None:
        """`resolved`: rows of earlier runs; those that apply to every day and prompt size save the import."""
        self._earlier = {(row.provider, row.model): row for row in resolved if row.tier == _FLAT}
        self._found: dict[tuple[str, str | None], _Found | None] = {}

    def brackets(
        self, model: str, provider: str | None, at_ms: int, served: Served, geo_permille: int
    ) -> tuple[Brackets, bool]:
        """Price brackets by prompt size (none for an unknown model), and whether they hold for the whole UTC day.

        `model`: a lower-case id without "[1m]"; `provider`: an id as agents record it, None to go by the model's name.
        A missing cache rate is the input rate, a missing one-hour write rate the five-minute one.
        """
        genai_provider = _PROVIDER_NAMES.get(provider, provider) if provider else None
        if model.endswith(_FREE_VARIANT) and "/" in model and genai_provider in {"openrouter", None}:
            return ((NO_LIMIT, _free(model)),), True
        speed, tier, _ = served
        is_plain = speed != "fast" and tier != "batch" and geo_permille == LIST_PERMILLE
        earlier = self._earlier.get((genai_provider or "", model))
        if earlier is not None and is_plain and earlier.source == _source():
            return ((NO_LIMIT, earlier),), True
        key = (model, genai_provider)
        if key not in self._found:
            in_dollars = _find(model, _GLM_SELLER) if genai_provider is None and model.startswith(_GLM) else None
            self._found[key] = in_dollars or _find(model, genai_provider)
        found = self._found[key]
        if found is None:
            return (), True
        when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=min(max(at_ms, 0), _LAST_MS))
        quote = _quote(found, when, served)
        return _quoted_brackets(found.provider, model, quote, geo_permille), quote.holds_all_day


def _free(model: str) -> Price:
    return Price(
        id=f"openrouter:{model}@{FROM_THE_BEGINNING}",
        provider="openrouter",
        model=model,
        effective_from=FROM_THE_BEGINNING,
        **ListRates(0, 0, 0, 0, 0)._asdict(),
        web_search=0,
        tier=_FLAT,
        multiplier_permille=LIST_PERMILLE,
        source=_FREE_SOURCE,
        checked_on=_FREE_CHECKED_ON,
    )


@cache
def _source() -> str:
    from importlib.metadata import version

    return f"genai-prices {version('genai-prices')}"


def _find(model: str, provider: str | None) -> _Found | None:
    import genai_prices

    from tracker.pricing.exact_match import names_exactly

    try:
        answer = genai_prices.calc_price(genai_prices.Usage(), model, provider_id=provider)
    except LookupError:
        return None
    # The package also accepts a provider whose id merely contains a known one.
    if provider is not None and answer.provider.id != provider:
        return None
    if not names_exactly(answer.model, model):
        return None
    return _Found(answer.provider.id, answer.model, any(answer.model is entry for entry in answer.provider.models))


def _quote(found: _Found, when: datetime, served: Served) -> _Quote:
    from genai_prices.types import ModelPrice, StartDateConstraint, TimeOfDateConstraint

    model = found.model
    speed, tier, _ = served
    standard = model.get_prices(when)
    rates, words = standard, []
    if found.has_variants and (speed == "fast" or tier == "batch"):
        word, context = ("fast", {"speed": "fast"}) if speed == "fast" else ("batch", {"processing": "batch"})
        rates = model.get_prices(when, context)
        # For a price it does not know, the package silently returns the standard one.
        words = [word] if rates != standard else []
    conditions = [] if isinstance(model.prices, ModelPrice) else [price.constraint for price in model.prices]
    hours = [condition for condition in conditions if isinstance(condition, TimeOfDateConstraint)]
    words += [f"{period.start_time:%H%M}-{period.end_time:%H%M}" for period in hours if period.active(when)]
    dated = conditions + ([variant.constraint for variant in model.price_variants or ()] if words else [])
    starts = [
        condition.start_date.isoformat()
        for condition in dated
        if isinstance(condition, StartDateConstraint) and condition.active(when)
    ]
    return _Quote(
        rates=rates,
        effective_from=max(starts, default=FROM_THE_BEGINNING),
        words=tuple(words),
        holds_always=not conditions,
        holds_all_day=not hours,
    )


def _quoted_brackets(provider: str, model: str, quote: _Quote, geo_permille: int) -> Brackets:
    rates = quote.rates
    if rates.input_mtok is None or rates.output_mtok is None or rates.requests_kcount is not None:
        return ()  # not billed by tokens alone
    starts = _tier_starts(rates)
    source = _source()
    words = (*quote.words, "us") if geo_permille != LIST_PERMILLE else quote.words
    brackets = []
    for lower, upper in zip((-1, *starts), (*starts, NO_LIMIT), strict=True):
        if lower >= 0:
            size = "long" if len(starts) == 1 else f"long-{lower}"
        else:
            size = _FLAT if quote.holds_always and not starts and not words else "standard"
        tier_name = "/".join((size, *words))
        price = Price(
            id=f"{source.replace(' ', '-')}:{provider}/{model}@{quote.effective_from}/{tier_name}",
            provider=provider,
            model=model,
            effective_from=quote.effective_from,
            **multiplied(_rates_above(rates, lower), geo_permille)._asdict(),
            web_search=_rounded(_above(rates.web_searches_kcount, lower) * NANO_PER_USD / 1000),
            tier=tier_name,
            multiplier_permille=geo_permille,
            source=source,
            checked_on="",
        )
        brackets.append((upper, price))
    return tuple(brackets)


def _tier_starts(rates: "ModelPrice") -> list[int]:
    """Prompt sizes above which another price applies, ascending."""
    from genai_prices.types import TieredPrices

    tiered = [value for value in vars(rates).values() if isinstance(value, TieredPrices)]
    return sorted({tier.start for value in tiered for tier in value.tiers})


def _rates_above(rates: "ModelPrice", lower: int) -> ListRates:
    """Rates of a prompt with more than `lower` tokens, up to the next tier."""
    input_rate = _above(rates.input_mtok, lower)
    write = _above(rates.cache_write_mtok, lower, input_rate)
    usd_per_mtok = (
        input_rate,
        _above(rates.output_mtok, lower),
        write,
        _above(rates.cache_write_1h_mtok, lower, write),
        _above(rates.cache_read_mtok, lower, input_rate),
    )
    return ListRates(*(_rounded(rate * PICO_PER_USD_PER_MTOK) for rate in usd_per_mtok))


def _above(value: "Decimal | TieredPrices | None", lower: int, missing: Decimal = Decimal(0)) -> Decimal:
    if value is None:
        return missing
    if isinstance(value, Decimal):
        return value
    reached = [tier.price for tier in value.tiers if tier.start <= lower]
    return reached[-1] if reached else value.base


def _rounded(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_EVEN))
