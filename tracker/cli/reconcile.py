"""`reconcile`: compares the ledger with the provider's and the client's own figures."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, timedelta
from pathlib import Path

import click

from store.money import short_usd
from tracker import clock
from tracker.cli.common import Invocation, csv_option, open_synced, parse_recent_period, reading_options
from tracker.cli.output import Column, note, numbers, paragraph, print_csv, print_json, print_table
from tracker.model.plans.reconcile import Difference, Reports, Row
from tracker.reports.reconcile import ReconcileReport, reconcile_report
from tracker.reports.spend import TOKEN_CLASSES
from tracker.words import counted, tokens

# Reports are complete some minutes after a day ends; an hour is safe.
_LAG = timedelta(hours=1)
_SHOWN = 40


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--since", metavar="DAY", help="First UTC day: 2026-11-01, 7d, 4w; default: 30 days up to the last.")
@click.option("--until", metavar="DAY", help="Last UTC day, inclusive; default: today.")
@click.option("--claude-code", "with_code", is_flag=True, help="Fetch the Claude Code report too: one request per day.")
@click.option("--offline", is_flag=True, help="Fetch nothing: files and the client's own totals only.")
@csv_option
@reading_options
def reconcile(
    invocation: Invocation,
    files: tuple[Path, ...],
    since: str | None,
    until: str | None,
    with_code: bool,
    offline: bool,
) -> None:
    """Compare the ledger with the provider's own reports and the client's totals.

    By UTC day and model: tokens first, money second. FILES are saved pages of the usage, cost or Claude Code report
    (JSON); without them the reports are fetched with the organisation's Admin key from ANTHROPIC_ADMIN_KEY or the
    system keyring (service taximeter, account admin). Only days and the key are sent, to the provider alone.

    \b
    taximeter reconcile --since 7d
    taximeter reconcile usage.json cost.json
    taximeter reconcile --offline             the client's own totals only
    """
    from tracker.reader_options import price_book

    first, last = _days(since, until)
    reports = _from_files(files)
    if not files and not offline:
        reports = _fetched(first, last, with_code=with_code)
    db = open_synced(invocation)
    complete = (clock.now().astimezone(UTC) - _LAG).date() - timedelta(days=1)
    report = reconcile_report(db, price_book(), reports, first.isoformat(), last.isoformat(), complete.isoformat())
    if invocation.as_json:
        print_json(report.as_json())
    elif invocation.as_csv:
        _print_csv(report)
    else:
        show(report, looked_for_key=not files and not offline)


def _days(since: str | None, until: str | None) -> tuple[date, date]:
    first, last = parse_recent_period(since, until, utc=True)
    return date.fromisoformat(first), date.fromisoformat(last)


def _from_files(files: tuple[Path, ...]) -> Reports:
    from tracker.provider.pages import join, parse_pages, read_report_file

    made = join(parse_pages(read_report_file(path), str(path)) for path in files)
    return made._replace(sources=tuple(path.name for path in files))


def _fetched(first: date, last: date, *, with_code: bool) -> Reports:
    from tracker.provider import api
    from tracker.provider.pages import parse_pages

    span = (first.isoformat(), last.isoformat())
    key = api.find_key(api.ADMIN_KEY_NAMES, api.ADMIN_ACCOUNT)
    if key is None:
        return Reports()
    usage = parse_pages(api.fetch_report(api.MESSAGES_USAGE, key, first, last), "the usage report")
    charges = parse_pages(api.fetch_report(api.COST, key, first, last), "the cost report")
    # The requested days are covered, even if a day without usage has no bucket.
    made = Reports(
        usage.usage._replace(span=span),
        charges.charges._replace(span=span),
        sources=(f"the provider, key from {key.found_in}",),
    )
    if with_code:
        code = parse_pages(api.fetch_report(api.CODE_USAGE, key, first, last), "the Claude Code report")
        made = made._replace(code=code.code._replace(span=span))
    return made


def show(report: ReconcileReport, *, looked_for_key: bool) -> None:
    """Draw differences first, then agreements, then the client's own totals."""
    click.echo(f"UTC days {report.first} to {report.last}")
    if not report.sources:
        if looked_for_key:
            paragraph(
                "No key: set ANTHROPIC_ADMIN_KEY, or name saved report files, to compare with the provider"
                " (taximeter reconcile --help)."
            )
    else:
        _compared("Usage and cost reports", report.rows)
        _compared("Claude Code report", report.code_rows)
        for one in report.other_charges:
            paragraph(f"{one.day}: the provider also billed {short_usd(one.nano)} for {one.model}.", dim=True)
        if report.plan_calls and report.rows:
            calls = counted(report.plan_calls, "call")
            paragraph(f"Left out: {calls} under a subscription, which the usage report does not have.", dim=True)
    click.echo()
    _client(report)


def _compared(title: str, listed: Sequence[Row]) -> None:
    if not listed:
        return
    different = [row for row in listed if row.kind != Difference.AGREES]
    agreeing = len(listed) - len(different)
    click.echo()
    click.echo(click.style(f"{title}: {agreeing:,} of {len(listed):,} days and models agree", bold=True))
    if not different:
        return
    columns = (Column("day"), Column("model"), Column("likely"), *numbers("prompt", "output", "money"))
    print_table(
        columns,
        [
            [
                row.day,
                row.model or "(not given)",
                _words(row.kind),
                _signed(sum(row.difference[:4])),
                _signed(row.difference[4]),
                "–" if row.money_difference is None else _signed(row.money_difference, short_usd),
            ]
            for row in different[:_SHOWN]
        ],
    )
    if len(different) > _SHOWN:
        note(f"{len(different) - _SHOWN:,} more (--csv, --json).")
    paragraph(
        "Provider minus ledger, in tokens (measured) and dollars (reported minus priced); the cause is inferred:",
        dim=True,
    )
    for why in dict.fromkeys(f"{_words(row.kind)}: {row.why}" for row in different):
        paragraph(why, bullet="  - ", dim=True)


def _words(kind: str) -> str:
    """A class of differences in words."""
    return kind.replace("_", " ")


def _client(report: ReconcileReport) -> None:
    hidden = report.hidden
    if hidden.cost is None:
        paragraph("Claude Code recorded no totals for these days.")
        return
    paragraph(
        f"The client's own totals include {short_usd(hidden.cost)} missing from transcripts, in"
        f" {counted(hidden.sessions, 'session')} (compaction, titles, web search …)."
    )
    for row in [row for row in hidden.rows if row.cost is None][:5]:
        paragraph(f"Session {row.session[:8]}: {row.why}.", bullet="  - ", dim=True)


def _signed(amount: int, written: Callable[[int], str] = tokens) -> str:
    return f"{'+' if amount > 0 else '−' if amount < 0 else ''}{written(abs(amount))}"


def _print_csv(report: ReconcileReport) -> None:
    names = (*TOKEN_CLASSES, "web_searches", "cost_usd")
    titles = ("report", "day", "model", "class", *(f"difference_{name}" for name in names), "why")
    made = report.as_json()
    rows = [
        (
            source, row["day"], row["model"], row["class"], *row["difference"]["tokens"].values(),
            row["difference"]["web_searches"], row["difference"]["cost_usd"], row["why"],
        )
        for source, listed in (("usage", made["rows"]), ("claude_code", made["claude_code_rows"]))
        for row in listed
    ]  # fmt: skip
    print_csv(titles, rows)
