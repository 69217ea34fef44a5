"""Reads pages of the provider's reports, fetched or saved, into rows by UTC day and model (PRICES section 5).

A saved file may hold one page, a list of pages, or one page per line. Its fields tell which report it is.
"""

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import msgspec

from tracker.errors import UserError
from tracker.model.plans.reconcile import Charge, Dated, Report, Reports, Usage, summed
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
    found: dict[str, list[Any]] = {"usage": [], "charges": [], "code": []}
    days: set[str] = set()
    try:
        for page in pages:
            for bucket in page["data"]:
                for kind, row in _rows(bucket, name):
                    found[kind].append(row)
                days.add(_day_of(bucket))
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise UserError(f"{name}: not in the provider's format: {type(error).__name__} {error}") from error
    kinds = [kind for kind, rows in found.items() if rows] or ["usage"]
    if len(kinds) > 1:
        raise UserError(f"{name}: several reports in one: save each in a file of its own")
    span = (min(days), max(days)) if days else None
    report: Any = Report(tuple(summed(found[kinds[0]]).values()), span)
    return Reports()._replace(**{kinds[0]: report})


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


def _day_of(bucket: dict[str, Any]) -> str:
    """The day of one record of the Claude Code report, or of a bucket of results."""
    return _day(bucket["date"] if "model_breakdown" in bucket else bucket["starting_at"])


def _rows(bucket: dict[str, Any], name: str) -> Iterator[tuple[str, Usage | Charge]]:
    """What a bucket holds, each with the field of Reports that it belongs to."""
    day = _day_of(bucket)
    if "model_breakdown" in bucket:
        for part in bucket["model_breakdown"] or []:
            yield "code", _code(day, part)
        return
    for result in bucket["results"]:
        if "amount" in result:
            yield "charges", _charge(day, result)
        elif "uncached_input_tokens" in result:
            yield "usage", _usage(day, result)
        else:
            raise UserError(f"{name}: a result that is neither usage nor cost")


def _usage(day: str, result: dict[str, Any]) -> Usage:
    writes = result.get("cache_creation") or {}
    tools = result.get("server_tool_use") or {}
    return Usage(
        day,
        _model(result.get("model")),
        _tokens(result["uncached_input_tokens"]),
        _tokens(result.get("cache_read_input_tokens")),
        _tokens(writes.get("ephemeral_5m_input_tokens")),
        _tokens(writes.get("ephemeral_1h_input_tokens")),
        _tokens(result.get("output_tokens")),
        _tokens(tools.get("web_search_requests")),
    )


def _charge(day: str, result: dict[str, Any]) -> Charge:
    """`amount` is a decimal string in cents."""
    if (result.get("currency") or "USD") != "USD":
        raise ValueError(f"a currency that is not the dollar: {result['currency']!r}")
    is_tokens = (result.get("cost_type") or "tokens") == "tokens"
    model = _model(result.get("model")) if is_tokens else str(result["cost_type"])
    return Charge(day, model, _nano(result["amount"]), is_tokens)


def _code(day: str, part: dict[str, Any]) -> Usage:
    """One person's day in Claude Code with a model: writes are not split by lifetime there."""
    tokens = part["tokens"]
    cost = part.get("estimated_cost") or {}
    return Usage(
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


def _nano(cents: Any) -> int:
    amount = Decimal(str(cents))
    if not amount.is_finite():
        raise ValueError("an amount that is not finite")
    return int((amount * _NANO_PER_CENT).to_integral_value())
