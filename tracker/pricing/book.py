"""The price of a call, by model, time, prompt size, speed, service tier and region (PRICES 1.1).

A call keeps the price of its UTC day. An unknown model has no price: never zero, never that of a related model.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from store.records import Price
from tracker.pricing.effective import ORDINARY, Brackets, Served, at_permille, row_brackets, us_only_permille
from tracker.pricing.names import FORMS_OF_RESELLERS, SETTINGS_ALIASES, ModelName, fallback_id, normalise
from tracker.pricing.rows import PriceRow, bundled_rows, bundled_rows_by_model, rows_by_model

if TYPE_CHECKING:
    from pathlib import Path

    from tracker.pricing.other_providers import OtherPrices

_DAY_MS = 86_400_000


class PriceBook:
    """Looks up the user's rows first, then the bundled table, then genai-prices. Not thread-safe.

    A bundled model's first row also covers calls before its date, as models run as previews before their release.
    """

    def __init__(self, user_file: "Path | None" = None, resolved: Iterable[Price] = ()) -> None:
        """`user_file`: the user's own prices (format: tracker.pricing.user_rows); it need not exist.

        `resolved`: price rows from earlier runs; those of other providers' models that hold for any day and prompt
        size make the import of genai-prices unnecessary. ValueError if the user's file is invalid.
        """
        self._users: dict[str, tuple[PriceRow, ...]] = {}
        if user_file:
            from tracker.pricing.user_rows import load_user_rows

            self._users = rows_by_model(load_user_rows(user_file))
        self._resolved = tuple(resolved)
        self._others: OtherPrices | None = None
        self._by_day: dict[tuple[str, str | None, int, Served], Brackets] = {}
        self._given: dict[str, Price] = {}

    def resolve(
        self, model: str, provider: str | None, at_ms: int, prompt_tokens: int, served: Served = ORDINARY
    ) -> Price | None:
        """The price of a call; None if its model has none.

        `model`: any form of its id; `provider`: as the agent names it; `at_ms`: epoch milliseconds of the request;
        `prompt_tokens`: input, cache reads and cache writes together. A prompt above the model's threshold pays the
        long rates for the whole request.
        """
        day = at_ms // _DAY_MS
        brackets = self._by_day.get((model, provider, day, served))
        if brackets is None:
            brackets, holds_all_day = self._look_up(model, provider, at_ms, served)
            self._given.update((price.id, price) for _, price in brackets)
            if holds_all_day:
                self._by_day[model, provider, day, served] = brackets
        for largest_prompt, price in brackets:
            if prompt_tokens <= largest_prompt:
                return price
        return None

    def price(self, price_id: str) -> Price:
        """A price returned by `resolve`, by its id."""
        return self._given[price_id]

    def rows(self) -> tuple[PriceRow, ...]:
        """All rows of the bundled table."""
        return bundled_rows()

    def users_rows(self) -> tuple[PriceRow, ...]:
        """The user's own rows, by model, and by date within a model."""
        return tuple(row for model in sorted(self._users) for row in self._users[model])

    def price_rows_for(self, model: str) -> tuple[PriceRow, ...]:
        """The rows of a model, the user's first; empty if neither table has it.

        `model` may be any form of its id; the rates are those of that form, as a cloud's regional id costs more.
        """
        name = normalise(model)
        rows = self._users.get(name.canonical, ()) + bundled_rows_by_model().get(name.canonical, ())
        return tuple(at_permille(row, name.region_multiplier_permille) for row in rows)

    def _look_up(self, model: str, provider: str | None, at_ms: int, served: Served) -> tuple[Brackets, bool]:
        """Price brackets by prompt size, and whether they hold for the whole UTC day."""
        name = normalise(model)
        row = self._row(name, provider, at_ms // _DAY_MS)
        if row is not None:
            return row_brackets(row, name, served), True
        if not name.canonical or name.canonical in SETTINGS_ALIASES or name.canonical.startswith("arn:"):
            return (), True
        seller = name.provider if name.provider in FORMS_OF_RESELLERS else provider or name.provider
        if self._others is None:
            from tracker.pricing.other_providers import OtherPrices

            self._others = OtherPrices(self._resolved)
        geo_permille = us_only_permille(name, served[2])
        return self._others.brackets(fallback_id(model), seller or None, at_ms, served, geo_permille)

    def _row(self, name: ModelName, provider: str | None, day: int) -> PriceRow | None:
        users = self._users.get(name.canonical, ())
        for owner in (provider.lower() if provider else None, None):
            dated = [row for row in users if row.provider == owner and row.effective_day <= day]
            if dated:
                return dated[-1]
        listed = bundled_rows_by_model().get(name.canonical)
        if listed is None:
            return None
        return next((row for row in reversed(listed) if row.effective_day <= day), listed[0])
