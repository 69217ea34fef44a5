"""`prices` and `reprice`: the dated price table, and applying a corrected one to recorded calls."""

from typing import Any

import click

from store.ledger import home
from store.money import short_usd, usd
from tracker.cli.common import Invocation, csv_option, open_synced, reading_options
from tracker.cli.output import Column, note, numbers, print_json, print_records, print_table
from tracker.clock import now_ms
from tracker.errors import UserError
from tracker.pricing import PriceBook, PriceRow, normalise
from tracker.pricing.names import LIST_PERMILLE
from tracker.pricing.user_rows import PRICES_NAME
from tracker.reader_options import price_book
from tracker.reports.prices import price_json, row_json


@click.command()
@click.argument("model", required=False)
@csv_option
@reading_options
def prices(invocation: Invocation, model: str | None) -> None:
    """Show the price table, or the rows of one model, or of all whose id contains MODEL.

    A file prices.toml in the state folder (TAXIMETER_HOME) overrides any row; `taximeter reprice` applies it to
    calls already recorded. Models of other providers come from the genai-prices package.

    \b
    [[price]]              in prices.toml, $ per million tokens:
    model = "my-model"
    effective_from = 2026-10-01   # absent: always
    input = 3.60
    output = 18
    cache_read = 0.36      # also cache_write_5m, cache_write_1h; absent: as input

    \b
    taximeter prices
    taximeter prices claude-opus-5-5
    taximeter prices opus
    """
    book = price_book()
    rows = [row for row in book.users_rows() + book.rows() if model is None or model.lower() in row.model]
    if model is not None:
        rows = list(book.price_rows_for(model)) or rows
    made = [row_json(row) for row in rows] or [_of_other_provider(book, model or "")]
    if invocation.as_json:
        print_json({"schema_version": 1, "prices": made})
    elif invocation.as_csv:
        print_records(list(made[0]), made)
    elif not rows:
        print_table([Column("field"), Column("value")], [(name, str(value)) for name, value in made[0].items()])
    else:
        _show(rows)
        if model is not None and normalise(model).region_multiplier_permille != LIST_PERMILLE:
            note("With the surcharge of a regional endpoint, which this id names.")


def _show(rows: list[PriceRow]) -> None:
    print_table(
        (
            Column("model"),
            Column("from", cut="never"),
            *numbers("input", "output", "write 5m", "write 1h", "read"),
            *numbers("long over", "fast in/out", min_width=100),
        ),
        [
            (
                made["model"] + (f" * {made['provider'] or ''}".rstrip() if made["by_user"] else ""),
                made["effective_from"],
                made["input"],
                made["output"],
                made["cache_write_5m"],
                made["cache_write_1h"],
                made["cache_read"],
                f"{made['long_context_threshold']:,}" if made["long_context_threshold"] else "",
                f"{made['fast_input']}/{made['fast_output']}" if made["fast_input"] else "",
            )
            for made in (row_json(row) for row in rows)
        ],
    )
    if any(row.is_users for row in rows):
        note("*: your own, in prices.toml: from its date on in place of the table's (for calls to the provider named).")
    note("$ per million tokens. --json has the sources and the dates on which they were checked.")


def _of_other_provider(book: PriceBook, model: str) -> dict[str, Any]:
    """The current price of another provider's model, from the genai-prices package; UserError if it is unknown."""
    found = book.resolve(model, None, now_ms(), 0)
    if found is None:
        raise UserError(
            f"no price for {model!r} (taximeter prices lists the models):"
            f" add it to {home() / PRICES_NAME} (format: taximeter prices --help)"
        )
    return price_json(found)


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would change; change nothing.")
@reading_options
def reprice(invocation: Invocation, dry_run: bool) -> None:
    """Apply a corrected price table to calls already recorded.

    Every call keeps the price of its day: this looks each one up again in the table as it is now, your own
    prices.toml included, and reports what changed by model.

    \b
    taximeter reprice --dry-run
    taximeter reprice
    """
    from tracker.reprice import reprice_ledger

    db = open_synced(invocation)
    changes = reprice_ledger(db, price_book(), dry_run=dry_run)
    if invocation.as_json:
        print_json(
            {
                "schema_version": 1,
                "dry_run": dry_run,
                "models": [
                    {
                        "model": change.model,
                        "calls": change.calls,
                        "before_usd": usd(change.before),
                        "after_usd": usd(change.after),
                    }
                    for change in changes
                ],
            }
        )
        return
    if not changes:
        click.echo("every call already has the price that the table gives it")
        return
    columns = (Column("model"), *numbers("calls", "before", "after"))
    print_table(
        columns, [(one.model, f"{one.calls:,}", short_usd(one.before), short_usd(one.after)) for one in changes]
    )
    if dry_run:
        note("nothing was changed; run without --dry-run to apply.")
