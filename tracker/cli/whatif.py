"""`whatif`: the same work under other conditions."""

from itertools import groupby

import click

from store.money import short_usd, sum_usd
from store.reads.spend import totals
from tracker import clock
from tracker.cli.common import (
    Invocation,
    Share,
    csv_option,
    open_synced,
    parse_recent_period,
    project_option,
    reading_options,
)
from tracker.cli.empty import show_no_sessions
from tracker.cli.output import Column, note, numbers, paragraph, print_csv, print_json, print_table
from tracker.reports.whatif import WhatIfCase, WhatIfReport, WhatIfRequest, newest_models, whatif_report
from tracker.words import counted


@click.command()
@click.option(
    "--model",
    "models",
    multiple=True,
    metavar="MODEL",
    help="The same work on MODEL; opus, sonnet, haiku and fable mean the newest of that family. Repeatable.",
)
@click.option("--cache", is_flag=True, help="With the other cache TTL (5 minutes or 1 hour).")
@click.option("--batch", type=Share(), metavar="SHARE", help="With this share of the work in batches.")
@click.option(
    "--baseline",
    type=click.IntRange(0, 10_000_000),
    metavar="TOKENS",
    help="With first prompts of at most TOKENS tokens.",
)
@click.option("--since", metavar="DAY", help="First day: 2026-11-01, 7d, 4w; default: 30 days up to the last.")
@click.option("--until", metavar="DAY", help="Last day, inclusive; default: today.")
@project_option
@csv_option
@reading_options
def whatif(
    invocation: Invocation,
    models: tuple[str, ...],
    cache: bool,
    batch: float | None,
    baseline: int | None,
    since: str | None,
    until: str | None,
    project: str | None,
) -> None:
    """The same work on another model, with another cache TTL, in batches, or with a smaller baseline.

    Results are ranges, not promises: prompts, answers and pauses stay as they were. Without options: every case, and
    the newest model of each family.

    \b
    taximeter whatif
    taximeter whatif --model sonnet --since 7d
    taximeter whatif --batch 0.2
    """
    from tracker.reader_options import price_book

    book = price_book()
    newest = newest_models(book, clock.today().isoformat())
    if models or cache or batch is not None or baseline is not None:
        asked = list(dict.fromkeys(newest.get(model.lower(), model) for model in models))
        request = WhatIfRequest(
            asked, cache=cache, batch=batch is not None, batch_share=batch, baseline_tokens=baseline
        )
    else:
        request = WhatIfRequest(list(newest.values()))
    first, last = parse_recent_period(since, until)
    db = open_synced(invocation)
    report = whatif_report(db, book, request, first, last, clock.now_ms(), project=project)
    if invocation.as_json:
        print_json(report.as_json())
    elif invocation.as_csv:
        print_csv(
            ("what", "change", "calls", "actual_usd", "low_usd", "mid_usd", "high_usd"),
            [
                (one["what"], one["change"], one["calls"], one["actual_usd"], *one["otherwise_usd"].values())
                for one in report.as_json()["cases"]
            ],
        )
    elif not totals(db).calls:
        show_no_sessions(invocation)
    else:
        show(report)


def show(report: WhatIfReport) -> None:
    """Draw the cases: cost, saving and assumptions."""
    if not report.calls:
        click.echo(f"No calls from {report.since} to {report.until} (--since DAY reaches further back).")
        return
    click.echo(
        f"{report.since} to {report.until}: {counted(report.calls, 'call')},"
        f" {sum_usd(report.actual_nano, report.calls, report.unpriced, report.floor)}"
        f" at list prices {click.style('(priced)', dim=True)}"
    )
    if report.unpriced:
        note(f"Left out: {counted(report.unpriced, 'call')} without a price.")
    if report.floor:
        note(f"≥ a floor, here and below: the output of {counted(report.floor, 'call')} is not fully recorded.")
    click.echo()
    columns = (Column("instead"), *numbers("was", "would be"), Column("saves"))
    print_table(columns, [_cells(one) for one in report.cases])
    paragraph("~ modelled: low to high. Ranges, not promises.", dim=True)
    click.echo()
    with_calls = (one for one in report.cases if one.case.calls)
    for (assumptions, left_out), alike in groupby(with_calls, key=lambda one: (one.assumptions, one.case.left_out)):
        paragraph(f"{', '.join(one.change for one in alike)}: {' '.join(assumptions)}", bullet="  - ", dim=True)
        if left_out:
            paragraph(f"{counted(left_out, 'call')} left out: no rates for them.", bullet="    ", dim=True)


def _cells(one: WhatIfCase) -> tuple[str, ...]:
    case = one.case
    if not case.calls:
        return one.change, "–", "–", "no such calls"
    if case.does_not_fit:
        saves = f"{counted(case.does_not_fit, 'prompt')} too large for it"
    else:
        saves = _verdict(case.saving.low, case.saving.mid, case.saving.high)
    return one.change, short_usd(case.actual), _between(case.otherwise.low, case.otherwise.high), saves


def _between(low: float, high: float) -> str:
    first, last = short_usd(round(low)), short_usd(round(high))
    return f"~{first}" if first == last else f"~{first} – {last.removeprefix('$')}"


def _verdict(low: float, mid: float, high: float) -> str:
    if low < 0 < high:
        return "could go either way"
    if not mid:
        return "nothing"
    return f"~{short_usd(round(abs(mid)))}{'' if mid > 0 else ' more'}"
