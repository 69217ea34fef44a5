"""Rates of the tests, from list prices in the order of the tables of MODEL section 10."""

from store.money import pico_from_usd_per_mtok
from tracker.model.cost.rates import Rates


def per_mtok(input_usd: str, output_usd: str, write_5m_usd: str, write_1h_usd: str, read_usd: str) -> Rates:
    """Rates of these prices in $ per million tokens."""
    return Rates(*map(pico_from_usd_per_mtok, (input_usd, write_5m_usd, write_1h_usd, read_usd, output_usd)))


RATES = {
    "A": per_mtok("5", "25", "6.25", "10", "0.50"),
    "S": per_mtok("3", "15", "3.75", "6", "0.30"),
    "H": per_mtok("1", "5", "1.25", "2", "0.10"),
    "N": per_mtok("4", "20", "5", "8", "0.20"),
}
