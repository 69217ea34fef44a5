"""`tools`: what each tool put into the context, and what carrying it cost."""

from typing import Any

import click

from store.money import short_usd
from store.reads.spend import uncounted_models
from tracker.bars import bar
from tracker.cli.common import Invocation, csv_option, filter_options, open_chosen, reading_options
from tracker.cli.empty import show_nothing
from tracker.cli.output import Column, abbreviate_home, note, numbers, print_json, print_records, print_table
from tracker.reports.carried import Carried, CarriedReport, CarriedRow, carried_report, summed
from tracker.words import cost_text, counted, modelled_percent, percent, tokens, unpriced_text

_ROWS_SHOWN = 14
_TARGETS_SHOWN = 10
_DAYS = "30d"
_CSV = (
    "kind", "tool", "target", "results", "tokens", "mean_tokens", "mean_calls_carried",
    "fresh_usd", "carried_usd", "cost_usd", "share",
)  # fmt: skip


@click.command()
@click.option(
    "--by",
    type=click.Choice(["tool", "server", "target"]),
    default="tool",
    show_default=True,
    help="What each row stands for: a tool, an MCP server with all its tools, or a file or command.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    metavar="N",
    help=f"Rows of each table, 0 for all; default: {_ROWS_SHOWN} and {_TARGETS_SHOWN}, all with --json and --csv.",
)
@filter_options
@csv_option
@reading_options
def tools(invocation: Invocation, by: str, limit: int | None, **filters: Any) -> None:
    """What each tool put into the context, and what carrying it cost.

    A result is paid for when it comes in (fresh), and again on every later call that has it in its context (carried),
    until a compaction: 20k tokens that 100 calls carry are 2M tokens of cache reads. "calls" is how many carried a
    result, on average. It covers the last 30 days unless a period, a session or a branch is given.

    All rows sum to the bill. "output, as written" is what writing answers and thinking cost, "agent's own text" what
    having them in the context cost. Prompts are with their attachments. "not on record" came in without a record of
    what it was, such as reminders. "other" is web searches, and calls that do not extend a conversation.

    \b
    taximeter tools                          by tool, and the most expensive files
    taximeter tools --by server --since 7d   one row for each MCP server
    taximeter tools --by target --limit 50   only files and commands
    """
    is_usual_period = all(filters[name] is None for name in ("since", "until", "session", "branch"))
    if is_usual_period:
        filters["since"] = _DAYS
    db, chosen = open_chosen(invocation, filters, modelled=True)
    report = carried_report(db, chosen, by)
    if invocation.as_json:
        print_json(report.as_json(limit or None))
    elif invocation.as_csv:
        print_records(_CSV, report.as_json(limit or None)["rows"])
    elif not report.total.calls:
        show_nothing(invocation, db, chosen.since if is_usual_period else None)
    else:
        show(report, limit, uncounted_models(db))
        if is_usual_period:
            note(f"Since {chosen.since}; --since goes further back (--since 12w).")


def show(report: CarriedReport, limit: int | None, uncounted: set[str]) -> None:
    """Draw the report for people; `limit`: rows of each table, 0 for all, None for the default."""
    carried = report.carried
    results = carried.results
    bill = cost_text(report.total)
    is_known = bool(results.cost) or not carried.unpriced
    words = f"~{short_usd(results.cost)}, {modelled_percent(carried.results_share)}" if is_known else "?"
    heading = f"Tool results cost {words} of {bill}" if results.results else f"No tool results; the bill is {bill}"
    click.echo(click.style(heading, bold=True))
    if is_known and results.results:
        fresh, later = short_usd(results.fresh), short_usd(results.carried)
        click.echo(f"~{fresh} when they came in, ~{later} on the calls that carried them")
    click.echo()
    if report.by != "target":
        _show_rows(report, _ROWS_SHOWN if limit is None else limit or None, bill)
        click.echo()
    _show_targets(carried, _TARGETS_SHOWN if limit is None else limit or None)
    note(
        "calls: how many carried a result, on average. ~ modelled: the growth of the context from call to call is"
        " measured, and divided among results that came in together by their length. The total is exact."
    )
    if report.total.floor:
        note(f"≥ a floor: the output of {counted(report.total.floor, 'call')} is not fully recorded.")
    if report.total.unpriced:
        calls = counted(report.total.unpriced, "call")
        note(f"Not in the total: {calls} without a price, {unpriced_text(report.unpriced_models, uncounted)}")


def _show_rows(report: CarriedReport, most: int | None, bill: str) -> None:
    rows, total = report.rows, report.carried.cost
    shown, left = rows[:most], rows[most:] if most else []
    columns = (
        Column(report.by if report.by == "server" else "what", cut="start"),
        *numbers("results", "tokens"),
        *numbers("mean", min_width=100),
        *numbers("calls"),
        *numbers("~fresh", "~carried", "~cost", "share"),
        Column("", min_width=100),
    )
    largest = max((row.cost for row in shown), default=0)
    drawn = [
        (*_cells(row.name, row, report.carried), _share(row, report.carried, total), bar(row.cost, largest, 12))
        for row in shown
    ]
    if left:
        rest = summed(left)
        drawn.append((*_cells(f"{len(left)} more", rest, report.carried), _share(rest, report.carried, total), ""))
    print_table(columns, drawn, footer=("total", *[""] * 6, bill, "", ""))


def _cells(name: str, row: CarriedRow, carried: Carried) -> tuple[str, ...]:
    amounts = [short_usd(nano) if carried.is_known(row) else "?" for nano in (row.fresh, row.carried, row.cost)]
    if row.mean_tokens is None or row.mean_calls is None:
        return name, "", "", "", "", "", "", amounts[-1]
    return (
        name,
        f"{row.results:,}",
        tokens(row.tokens),
        tokens(row.mean_tokens),
        f"{row.mean_calls:,.0f}",
        *amounts,
    )


def _show_targets(carried: Carried, most: int | None) -> None:
    targets, total = carried.targets, carried.cost
    shown = targets[:most]
    if not shown:
        return
    if len(shown) < len(targets):
        note(f"The {len(shown)} most expensive of {len(targets):,} files and commands; --limit 0 shows all:")
    columns = (
        Column("tool"),
        Column("file or command", cut="start"),
        *numbers("results", "tokens"),
        *numbers("calls", "~carried", "~cost", "share"),
    )
    print_table(
        columns,
        [
            (
                row.tool,
                abbreviate_home(row.target),
                f"{row.results:,}",
                tokens(row.tokens),
                f"{row.mean_calls or 0:,.0f}",
                *(short_usd(nano) if carried.is_known(row) else "?" for nano in (row.carried, row.cost)),
                _share(row, carried, total),
            )
            for row in shown
        ],
    )


def _share(row: CarriedRow, carried: Carried, total: int) -> str:
    return percent(row.cost / total if total and carried.is_known(row) else None)
