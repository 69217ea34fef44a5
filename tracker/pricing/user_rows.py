"""The user's own prices: a contract, a proxy, a model missing from all tables. They override every other table.

`prices.toml` in the state folder holds one `[[price]]` table per model and price period. Its keys are the columns of
the bundled prices.csv; all amounts are $ per million tokens, as numbers or strings:

    [[price]]
    model = "claude-opus-5-5"        # any form of the id; the only key needed besides input and output
    provider = "bedrock"             # only for calls to this provider (as `taximeter calls` shows it); absent: for all
    effective_from = 2026-10-01      # UTC day; absent: always
    input = 3.60
    output = 18
    cache_write_5m = 4.50            # absent cache rates are the input rate
    cache_write_1h = 7.20
    cache_read = 0.18
    long_context_threshold = 200000  # with long_input, long_output, long_cache_…: prompts of more tokens than this
    fast_input = 7.20                # with fast_output, fast_cache_…: fast mode
    fast_output = 36
    source = "contract of October"

A user's row does not apply to calls before its date; those keep the other tables' price. Batch, US-only and regional
multipliers apply to it as to a list price.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from tracker.pricing.names import normalise
from tracker.pricing.rows import COLUMNS, PriceRow, row_from_fields

PRICES_NAME = "prices.toml"


def load_user_rows(path: Path) -> tuple[PriceRow, ...]:
    """The rows of a user's price file, with normalised models; none if the file does not exist.

    ValueError names the file, the row and the invalid key. OSError if the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = tuple(_user_row(number, fields, path.name) for number, fields in enumerate(_tables(text), start=1))
        _refuse_rivals(rows)
    except FileNotFoundError:
        return ()
    except ValueError as error:
        raise ValueError(f"{path.name}: {error}") from error
    return rows


def _refuse_rivals(rows: Iterable[PriceRow]) -> None:
    numbers: dict[tuple[str, str | None, int], int] = {}
    for number, row in enumerate(rows, start=1):
        first = numbers.setdefault((row.model, row.provider, row.effective_day), number)
        if first != number:
            raise ValueError(f"price {number} ({row.model}): price {first} is for the same calls from the same day on")


def _user_row(number: int, fields: Mapping[str, str], file_name: str) -> PriceRow:
    model = fields.get("model", "")
    where = f"price {number} ({model or 'no model'})"
    unknown = sorted(fields.keys() - COLUMNS)
    if unknown:
        raise ValueError(f"{where}: unknown key {unknown[0]!r}")
    tidied = {**fields, "model": normalise(model).canonical, "source": fields.get("source") or file_name}
    try:
        return row_from_fields(tidied, is_users=True)
    except ValueError as error:
        raise ValueError(f"{where}: {error}") from error


def _tables(text: str) -> Iterable[Mapping[str, str]]:
    import tomllib
    from decimal import Decimal

    document = tomllib.loads(text, parse_float=Decimal)
    tables = document.pop("price", [])
    if document:
        raise ValueError(f"unknown table {min(document)!r}: prices stand under [[price]]")
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ValueError("prices stand under [[price]], one table each")
    return [{key: str(value) for key, value in table.items()} for table in tables]
