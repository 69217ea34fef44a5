"""`cache`: savings by the prompt cache, and the cost of its misses."""

from typing import Any

import click

from store.money import short_usd, sum_usd
from tracker.bars import bar
from tracker.cli.common import Invocation, csv_option, filter_options, open_chosen, reading_options
from tracker.cli.empty import show_nothing
from tracker.cli.output import Column, note, numbers, print_json, print_records, print_table, wrapped
from tracker.clock import short_time
from tracker.reports.cache import CacheReport, cache_report, hit, savings, survival
from tracker.reports.cause_words import cause_advice, cause_words
from tracker.reports.tasks import short_ids
from tracker.words import counted, percent, tokens

_SHOWN = 8
_ADVISED = 3
_CSV = ("at", "session", "task", "model", "kind", "cause", "source", "tokens", "waste_usd")


@click.command()
@filter_options
@csv_option
@reading_options
def cache(invocation: Invocation, **filters: Any) -> None:
    """What the prompt cache saved, and what its misses cost.

    Survival: of the tokens that should have been in the cache, the share that was read from it. Rewrite: how often each
    token of the context was written, 100% meaning once; less only where sessions began with what others had written.
    Hit: the share of all prompt tokens that came from the cache; it grows with a session's length.

    \b
    taximeter cache --since 4w
    taximeter cache --csv        every miss with its task
    """
    db, chosen = open_chosen(invocation, filters, modelled=True)
    report = cache_report(db, chosen, max_misses=1_000_000 if invocation.as_csv else 50)
    if invocation.as_json:
        print_json(report.as_json())
    elif invocation.as_csv:
        print_records(_CSV, report.as_json()["misses"])
    elif not report.total.calls:
        show_nothing(invocation, db)
    else:
        show(report)


def show(report: CacheReport) -> None:
    """Draw the report for people."""
    total = report.total
    saved = savings(total)
    difference = sum_usd(abs(saved), total.calls, total.unpriced)
    misses = sum_usd(total.waste, total.misses, total.unpriced_misses)
    billed = sum_usd(total.billed, total.calls, total.unpriced, total.floor)
    click.echo(
        click.style(
            f"Caching saved {difference}" if saved >= 0 else f"Caching cost {difference} more than none", bold=True
        )
        + f"; misses cost {misses}, {_part(total.waste, total.billed)} of {billed}"
    )
    click.echo(
        wrapped(
            f"survival {_share(survival(total))} · rewrite {percent(report.rewrite)} (100%: each token once)"
            f" · hit {_share(hit(total))} · {counted(total.cold_starts, 'cold start')}"
            f" · {counted(total.rebuilds, 'planned rebuild')}"
        )
    )
    if total.floor:
        note(f"≥ a floor: the output of {counted(total.floor, 'call')} is not fully recorded.")
    if total.unpriced:
        note(f"?: {counted(total.unpriced, 'call')} without a price (taximeter spend names their models).")
    click.echo()
    if not report.causes:
        note("No misses.")
        return
    _show_causes(report)
    for one in report.causes[:_ADVISED]:
        note(f"{cause_words(one.cause)}: {cause_advice(one.cause)}")
    click.echo()
    _show_misses(report)
    note("Causes are inferred unless named by the API; taximeter task ID shows a task's misses.")


def _show_causes(report: CacheReport) -> None:
    largest = max(one.waste for one in report.causes)
    columns = (Column("cause"), *numbers("misses", "tokens missed", "waste", "share"), Column("", min_width=90))
    rows = [
        (
            cause_words(one.cause),
            f"{one.misses:,}",
            tokens(one.missed),
            sum_usd(one.waste, one.misses, one.unpriced),
            _part(one.waste, report.total.waste),
            bar(one.waste, largest, 20),
        )
        for one in report.causes
    ]
    print_table(columns, rows)


def _show_misses(report: CacheReport) -> None:
    shown = report.misses[:_SHOWN]
    if len(shown) < report.total.misses:
        note(f"The {len(shown)} most expensive of {report.total.misses:,}; --csv lists all:")
    short = short_ids(sorted({one.task_id for one in report.misses}))
    columns = [Column("when", cut="never"), Column("id", cut="never"), Column("task"), Column("cause", cut="never")]
    columns += numbers("tokens", "waste")
    print_table(
        columns,
        [
            (
                short_time(one.at),
                short[one.task_id],
                one.title,
                cause_words(one.cause),
                ("≤" if one.is_up_to else "") + tokens(one.missed),
                short_usd(one.waste),
            )
            for one in shown
        ],
    )


def _part(part: int, whole: int) -> str:
    return percent(part / whole if whole else None)


def _share(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.1f}%"
