"""`nudges`: the log of nudges with their outcomes, and switches for each kind."""

from collections import Counter
from collections.abc import Iterator

import click

from store.ledger import home, open_ledger
from store.money import short_usd
from store.nudges import add_kind_choice
from store.nudges import dismiss as dismiss_latest
from store.plain_text import plain
from tracker import clock
from tracker.advisor.evaluate import KINDS, OFF_BY_DEFAULT
from tracker.advisor.preferences import preferences_of, switch_kind
from tracker.cli.common import (
    Invocation,
    advise_anew,
    csv_option,
    limit_option,
    midnight_ms,
    open_synced,
    parse_period,
    reading_options,
)
from tracker.cli.output import Column, note, paragraph, print_json, print_records, print_table, short_session
from tracker.cli.user_settings import user_settings
from tracker.clock import short_time
from tracker.errors import UserError
from tracker.model.advice.delivery import NudgeAction
from tracker.reports.nudges import KindSummary, NudgeReport, fate, nudge_report, promised, why_not_shown
from tracker.settings import set_value
from tracker.words import MEANT_TO_HOLD

_CSV = ("at", "session", "kind", "moment", "fate", "saves_usd", "p10_usd", "p90_usd", "payback_turns", "reason", "text")
_ALL_OFF = "All nudges are off (taximeter nudges on)."
_KIND = click.Choice(KINDS)


@click.group(invoke_without_command=True)
@click.option("--since", metavar="DAY", help="First day: 2026-11-01, today, yesterday, 7d, 4w.")
@click.option("--until", metavar="DAY", help="Last day, inclusive; same forms as --since.")
@click.option("--kind", type=_KIND, metavar="KIND", help=f"Only this kind: {', '.join(KINDS)}.")
@click.option(
    "--all", "every", is_flag=True, help="Every evaluation, including those that did not fire, with the reason."
)
@limit_option
@csv_option
@reading_options
def nudges(
    invocation: Invocation, since: str | None, until: str | None, kind: str | None, every: bool, limit: int | None
) -> None:
    """What was advised, what it would have saved, and what was followed.

    \b
    taximeter nudges
    taximeter nudges --all --kind compact    every evaluation, and why
    taximeter nudges dismiss                 dismiss the latest one
    taximeter nudges off large_result        without a kind: all of them
    """
    if click.get_current_context().invoked_subcommand is not None:
        return
    first, last = parse_period(since, until)
    db = open_synced(invocation)
    report = nudge_report(
        db,
        preferences_of(user_settings()),
        since=midnight_ms(first),
        before=midnight_ms(last, days=1),
        kind=kind,
        every=every,
        limit=invocation.max_rows(limit),
    )
    if invocation.as_json:
        print_json(report.as_json())
    elif invocation.as_csv:
        print_records(_CSV, report.as_json()["nudges"])
    else:
        show(report, every=every, is_part=bool(first or last or kind))


@nudges.command()
@click.argument("kind", required=False, type=_KIND, metavar="[KIND]")
def dismiss(kind: str | None) -> None:
    """Dismiss the latest nudge.

    Its kind is silent until the context has grown by half.

    \b
    taximeter nudges dismiss
    taximeter nudges dismiss compact
    """
    from tracker.keeper import LedgerKeeper

    db = open_ledger()
    LedgerKeeper(str(home())).keep_current(db)  # takes over what hooks have shown since
    row = dismiss_latest(db, kind, clock.now_ms())
    if row is None:
        raise UserError(f"no {f'{kind} nudge' if kind else 'nudge'} to dismiss (taximeter nudges lists them)")
    keeper = LedgerKeeper(str(home()))
    keeper.keep_current(db)  # takes the sentence out of the advice
    click.echo(f"dismissed: {plain(row.text or '')}")
    summary = next(one for one in nudge_report(db, keeper.advisor.preferences).kinds if one.kind == row.kind)
    if summary.state == "dismissed":
        note(f"Dismissed three times: {row.kind} is now off (taximeter nudges on {row.kind}).")


@nudges.command()
@click.argument("kind", metavar="[KIND]", type=_KIND, required=False)
def on(kind: str | None) -> None:
    """Turn a kind of nudge on, also after three dismissals.

    \b
    taximeter nudges on compact
    taximeter nudges on             all that are on by default
    """
    if kind is None:
        kinds = [one for one in KINDS if one not in OFF_BY_DEFAULT]
        set_value("nudges", "kinds", None)
        click.echo(f"on: {', '.join(kinds)}")
    else:
        kinds = [kind]
        switch_kind(user_settings, kind, speaks=True)
        click.echo(f"{kind}: on")
    db = open_ledger()
    for one in kinds:
        add_kind_choice(db, one, NudgeAction.ENABLED)
    advise_anew(db)


@nudges.command()
@click.argument("kind", metavar="[KIND]", type=_KIND, required=False)
def off(kind: str | None) -> None:
    """Turn a kind of nudge off; it is still evaluated and logged.

    \b
    taximeter nudges off large_result
    taximeter nudges off                 all of them, until: taximeter nudges on
    """
    if kind is None:
        set_value("nudges", "kinds", [])
        click.echo(_ALL_OFF)
    else:
        switch_kind(user_settings, kind, speaks=False)
        click.echo(f"{kind}: off")
    advise_anew(open_ledger())


def show(report: NudgeReport, *, every: bool, is_part: bool) -> None:
    """Draw the log, or what was asked of it, for people."""
    if all(one.state == "off" for one in report.kinds):
        paragraph(_ALL_OFF)
    if not report.rows:
        what = "evaluations" if every else "nudges"
        if is_part:
            click.echo(f"No {what} of this kind or period.")
            return
        click.echo(f"No {what} yet.")
        paragraph(
            "Advice is given while an agent runs, by its hooks (taximeter install claude-code, taximeter install"
            " cline) or by taximeter watch. taximeter backtest shows what it would have been in your past sessions,"
            " and whether it would have paid.",
            dim=True,
        )
        return
    columns = (Column("when"), Column("session"), Column("kind"), Column("fate"), Column("saves", right=True))
    rows = [
        (short_time(row.due_at), short_session(row.session), row.kind, fate(row), promised(row), row.text or row.reason)
        for row in report.rows
    ]
    print_table((*columns, Column("said" if not every else "nudge, or why not", cut="below")), rows)
    if report.has_more:
        note("Older rows left out: --limit 0 shows all.")
    unshown = Counter(why for row in report.rows if (why := why_not_shown(row)) is not None)
    for why, count in unshown.most_common():
        note(f"{count} not shown: {why}.")
    for one in report.kinds:
        if one.shown or one.state == "dismissed":
            note(f"{one.kind}: {', '.join(_fates(one))}")
    for found in report.realised:
        calls = "call" if found.calls == 1 else f"{found.calls} calls"
        note(
            f"#{found.nudge_id} followed: the next {calls} cost {short_usd(found.actual_nano)}, the summary included;"
            f" forecast without it ~{short_usd(found.forecast_nano)}"
            f" ({short_usd(found.low_nano)} to {short_usd(found.high_nano)})."
        )
    note(f"Savings are modelled; ranges are {MEANT_TO_HOLD}. Their assumptions: --json.")


def _fates(one: KindSummary) -> Iterator[str]:
    yield f"{one.shown} shown"
    if one.observed:
        yield f"{one.followed} of {one.observed} followed"
    if one.dismissed:
        yield f"{one.dismissed} dismissed"
    if one.state == "dismissed":
        yield "off after three dismissals"
