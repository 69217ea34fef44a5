"""Reads pages of the provider's reports, fetched or saved, into rows by UTC day and model (PRICES section 5).

A saved file may hold one page, a list of pages, or a page a line. Which report it is, its fields tell.
"""

from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec

from tracker.errors import UserError
from tracker.model.plans.reconcile import Charge, Dated, Report, Reports, Usage
from tracker.pricing import normalise

_NANO_PER_CENT = 10_000_000


def read_report_file(path: Path) -> list[dict[str, Any]]:
    """The pages of a saved report; UserError if it is none."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        try:
            found = [msgspec.json.decode(line) for line in raw.splitlines() if line.strip()]
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: not JSON, and not JSON lines: {error}") from error
    pages = found if isinstance(found, list) else [found]
    if not pages or not all(isinstance(page, dict) and isinstance(page.get("data"), list) for page in pages):
        raise UserError(f"{path}: no report of the provider (a page is an object with a list named data)")
    return pages


def parse_pages(pages: Iterable[dict[str, Any]], name: str) -> Reports:
    """Rows of the pages of one report, with the days it covers; `name` says where it comes from.

    UserError for what the provider would not write. A report without any result covers its days all the same; it is
    taken for the usage report then.
    """
    usage: dict[tuple[str, str], Usage] = {}
    code: dict[tuple[str, str], Usage] = {}
    charges: dict[tuple[str, str], Charge] = {}
    days: set[str] = set()
    try:
        for page in pages:
            for bucket in page["data"]:
                if "model_breakdown" in bucket:
                    days.add(_day(bucket["date"]))
                    _add_code(bucket, code)
                    continue
                day = _day(bucket["starting_at"])
                days.add(day)
                for result in bucket["results"]:
                    if "amount" in result:
                        _add_charge(day, result, charges)
                    elif "uncached_input_tokens" in result:
                        _add_usage(day, result, usage)
                    else:
                        raise UserError(f"{name}: a result that is neither usage nor cost")
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise UserError(f"{name}: not as the provider writes it: {type(error).__name__} {error}") from error
    if sum(map(bool, (usage, code, charges))) > 1:
        raise UserError(f"{name}: several reports in one: save each in a file of its own")
    span = (min(days), max(days)) if days else None
    if charges:
        return Reports(charges=Report(tuple(charges.values()), span))
    if code:
        return Reports(code=Report(tuple(code.values()), span))
    return Reports(usage=Report(tuple(usage.values()), span))


def join(reports: Iterable[Reports]) -> Reports:
    """Several files as one; the same report in two files must not overlap, or UserError."""
    made = Reports()
    for one in reports:
        made = Reports(
            _joined("usage", made.usage, one.usage),
            _joined("charges", made.charges, one.charges),
            _joined("code", made.code, one.code),
        )
    return made


def _joined(name: str, before: Report[Dated], new: Report[Dated]) -> Report[Dated]:
    if before.span is None or new.span is None:
        return new if before.span is None else before
    (first, last), (new_first, new_last) = before.span, new.span
    if first <= new_last and new_first <= last:
        raise UserError(f"two {name} reports for the same days ({new_first} to {new_last})")
    return Report(before.rows + new.rows, (min(first, new_first), max(last, new_last)))


def _day(text: str) -> str:
    if len(text) < 10 or text[4] != "-" or text[7] != "-":
        raise ValueError(f"no day: {text!r}")
    return text[:10]


def _model(name: str | None) -> str:
    return "" if not name else normalise(name).canonical or name


def _tokens(value: Any) -> int:
    count = int(value or 0)
    if count < 0:
        raise ValueError("a negative count")
    return count


def _add_usage(day: str, result: dict[str, Any], into: dict[tuple[str, str], Usage]) -> None:
    writes = result.get("cache_creation") or {}
    tools = result.get("server_tool_use") or {}
    row = Usage(
        day,
        _model(result.get("model")),
        _tokens(result["uncached_input_tokens"]),
        _tokens(result.get("cache_read_input_tokens")),
        _tokens(writes.get("ephemeral_5m_input_tokens")),
        _tokens(writes.get("ephemeral_1h_input_tokens")),
        _tokens(result.get("output_tokens")),
        _tokens(tools.get("web_search_requests")),
    )
    key = (row.day, row.model)
    into[key] = into[key].plus(row) if key in into else row


def _add_charge(day: str, result: dict[str, Any], into: dict[tuple[str, str], Charge]) -> None:
    """`amount` is a decimal string in cents."""
    if (result.get("currency") or "USD") != "USD":
        raise ValueError(f"a currency that is not the dollar: {result['currency']!r}")
    nano = _nano(result["amount"])
    tokens = (result.get("cost_type") or "tokens") == "tokens"
    model = _model(result.get("model")) if tokens else str(result["cost_type"])
    key = (day, model)
    before = into.get(key)
    into[key] = Charge(day, model, nano + (before.nano if before else 0), is_tokens=tokens)


def _add_code(record: dict[str, Any], into: dict[tuple[str, str], Usage]) -> None:
    """One person's day in Claude Code: writes are not split by lifetime there."""
    day = _day(record["date"])
    for part in record["model_breakdown"] or []:
        tokens = part["tokens"]
        cost = part.get("estimated_cost") or {}
        row = Usage(
            day,
            _model(part.get("model")),
            _tokens(tokens.get("input")),
            _tokens(tokens.get("cache_read")),
            _tokens(tokens.get("cache_creation")),
            0,
            _tokens(tokens.get("output")),
            0,
            _nano(cost["amount"]) if cost.get("amount") is not None else None,
        )
        key = (row.day, row.model)
        into[key] = into[key].plus(row) if key in into else row


def _nano(cents: Any) -> int:
    amount = Decimal(str(cents))
    if not amount.is_finite():
        raise ValueError("an amount that is not finite")
    return int((amount * _NANO_PER_CENT).to_integral_value())
