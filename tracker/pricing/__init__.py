"""Prices: a table of dated rows, one name per model, and the price of any call an agent recorded.

`PriceBook` resolves, `cost` multiplies, `normalise` reads model ids, `facts_for` tells windows and tokenizers.
"""

from store.money import cost
from tracker.pricing.book import PriceBook
from tracker.pricing.facts import ModelFacts, all_facts, facts_for
from tracker.pricing.names import ModelName, normalise
from tracker.pricing.rows import PriceRow, Rates

__all__ = ["ModelFacts", "ModelName", "PriceBook", "PriceRow", "Rates", "all_facts", "cost", "facts_for", "normalise"]
