"""Prices: a table of dated rows, one name per model, and the price of any call an agent recorded.

`PriceBook` resolves, `cost` multiplies, `normalise` reads model ids, `facts_for` gives windows and tokenizers.
"""

from store.money import cost
from tracker.pricing.book import PriceBook
from tracker.pricing.effective import Served
from tracker.pricing.facts import all_facts, facts_for
from tracker.pricing.names import normalise
from tracker.pricing.rows import ListRates, PriceRow

__all__ = ["ListRates", "PriceBook", "PriceRow", "Served", "all_facts", "cost", "facts_for", "normalise"]
