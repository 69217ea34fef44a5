"""`plans`: is the plan worth it, which one would be, and when is a limit reached."""

from pathlib import Path
from typing import Any

import click
import msgspec

from store.money import short_usd
from tracker import clock
from tracker.cli.common import Invocation, Share, csv_option, open_modelled, reading_options
from tracker.cli.empty import show_no_sessions
from tracker.cli.output import Column, note, numbers, paragraph, print_csv, print_json, print_table
from tracker.cli.user_settings import user_settings
from tracker.errors import UsageError
from tracker.model.plans.outlook import PlanOutlook
from tracker.model.plans.plan import Excluded
from tracker.model.plans.projection import Band
from tracker.model.plans.verdict import either
from tracker.reports.plan_words import answer, chance, cost_of_a_task, fee, month_day, monthly, pays_on, used
from tracker.reports.plans import PlansReport, plans_report
from tracker.settings import Settings
from tracker.words import cost_text, hidden_text

_TASKS_SHOWN = 12


def _known_plan(ctx: click.Context, parameter: click.Parameter, plan: str | None) -> str | None:
    """The plan's id; a usage error with all known plans, including the user's own, if it is unknown."""
    from tracker.plan_data.table import plans_on

    return plan and click.Choice(list(plans_on(clock.today().isoformat()))).convert(plan, parameter, ctx)


@click.command()
# Options without a parameter below set the field of [plan] with the same name.
@click.option(
    "--plan",
    "id",
    metavar="ID",
    callback=_known_plan,
    help="The plan you have; default: your settings, else this machine's login.",
)
@click.option("--seats", type=click.IntRange(1, 100_000), help="Seats that are paid for and share the work evenly.")
@click.option("--annual/--monthly", "annual", default=None, help="Compare at yearly or at monthly prices.")
@click.option("--tax", type=Share(), metavar="SHARE", help="Tax on every price, as a share: 0.19.")
@click.option("--active-days", type=click.IntRange(1, 31), help="Working days a month, instead of those observed.")
@click.option("--tolerance", type=Share(), metavar="SHARE", help="Acceptable share of months with blocked work.")
@click.option(
    "--extra-usage/--no-extra-usage", default=None, help="Work above a limit continues at API prices, or waits."
)
@click.option(
    "--days",
    "days_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Use this CSV of day,usd instead of the ledger.",
)
@click.option("--all", "every_plan", is_flag=True, help="Include team and enterprise plans.")
@click.option("--tasks", "with_tasks", is_flag=True, help="This month's most expensive tasks under each plan.")
@csv_option
@reading_options
def plans(invocation: Invocation, days_file: Path | None, every_plan: bool, with_tasks: bool, **given: Any) -> None:
    """Break-even, projection, limit risk, and which plan or the API would be the cheapest.

    Options override the settings of the same name for this report (taximeter settings plan).

    \b
    taximeter plans
    taximeter plans --no-extra-usage --tolerance 0.1   work above a limit waits
    taximeter plans --days spend.csv                   for somebody else's days
    """
    if with_tasks and days_file is not None:
        raise UsageError("--tasks needs the ledger: a file of days has no tasks (leave out one of the two)")
    settings, said = user_settings(), {name: value for name, value in given.items() if value is not None}
    chosen = msgspec.structs.replace(settings, plan=msgspec.structs.replace(settings.plan, **said))
    report = _report(invocation, chosen, days_file, every_plan=every_plan)
    if invocation.as_json:
        print_json(report.as_json())
    elif invocation.as_csv:
        _print_csv(report)
    elif report.load is None:
        show_no_sessions(invocation)
    else:
        show(report, with_tasks=with_tasks)


def _report(invocation: Invocation, chosen: Settings, days_file: Path | None, *, every_plan: bool) -> PlansReport:
    from tracker.ingest import no_garbage_collection
    from tracker.plan_data.days_file import read_days
    from tracker.plan_data.login import detected_plan

    if days_file is not None:
        return plans_report(read_days(days_file), chosen, clock.today(), clock.now_ms(), every_plan=every_plan)
    db = open_modelled(invocation)
    with no_garbage_collection():  # half a year of calls at once: garbage collection would take a third of the time
        return plans_report(db, chosen, clock.today(), clock.now_ms(), every_plan=every_plan, detected=detected_plan())


def _print_csv(report: PlansReport) -> None:
    """Print a row per plan, with the figures of the JSON."""
    figures = ("p_cheapest", "p_limit_hit", "hits_per_month", "utilisation", "overflow_usd", "excluded_usd")
    rows = [
        (
            one["id"], one["name"], one["fee_usd"], *one["monthly_usd"].values(), *(one[name] for name in figures),
            one["capacity"]["origin"],
        )
        for one in report.as_json()["plans"]
    ]  # fmt: skip
    print_csv(("plan", "name", "fee_usd", "p10_usd", "p50_usd", "p90_usd", *figures, "capacity_origin"), rows)


def show(report: PlansReport, *, with_tasks: bool) -> None:
    """Draw the report for first-time readers: answer, money so far, plans, then the assumptions."""
    _answer(report)
    _money(report)
    _table(report)
    if report.changes_words is not None:
        click.echo()
        paragraph(report.changes_words)
    if with_tasks:
        _tasks(report)
    _meter(report)
    click.echo()
    note("Assumptions (~ = modelled, the rest is measured tokens at list price):")
    for one in report.assumptions:
        paragraph(one, bullet="  - ", dim=True)


def _answer(report: PlansReport) -> None:
    verdict = report.verdict
    if verdict is None:
        return
    click.echo(click.style(answer(report, verdict), bold=True))
    paragraph(verdict.reason)
    if report.switch_words is not None:
        paragraph(report.switch_words)
    if report.current is None:
        paragraph("No plan is set: taximeter settings plan.id ID says what you pay now, --plan ID for one report.")
    if verdict.would_settle:
        paragraph(f"What would settle it: {verdict.would_settle}")
    click.echo()


def _money(report: PlansReport) -> None:
    load = report.load
    if load is None or report.typical is None or report.month_end is None:
        return
    month = load.as_of.strftime("%B %Y")
    rows = [(f"{month} so far, at list prices", cost_text(report.spent_logged), "priced")]
    if report.spent_api_nano != report.spent_logged.cost:
        rows.append(("the same, billed to an API key", f"~{short_usd(report.spent_api_nano)}", "modelled"))
    rows.extend(
        (f"  of it {where}: {name.replace('_', ' ')}", short_usd(nano), "priced")
        for name, nano in load.excluded_nano.items()
        if (where := _outside(report, name))
    )
    tax = ", before tax" if report.terms.tax else ""
    rows.append((f"by the end of the month{tax}", _band(report.month_end, range_only=report.is_range_only), "modelled"))
    rows.append((f"a typical month{tax}", _band(report.typical, range_only=report.is_range_only), "modelled"))
    name_cells, value_cells = (max(len(row[place]) for row in rows) for place in (0, 1))
    for name, value, label in rows:
        click.echo(f"{name:<{name_cells}}  {value:<{value_cells}}  {click.style(label, dim=True)}")
    if load.hidden is not None and load.hidden.cost:
        hidden = hidden_text(load.hidden.cost, load.hidden.sessions)
        paragraph(f"Not in these figures, nor in those below: {hidden}", dim=True)
    click.echo()


def _outside(report: PlansReport, kind: str) -> str:
    """Names of the shown plans that exclude this kind of work; empty if none does."""
    plans = [one.plan for one in report.outlooks if not one.plan.is_metered]
    without = [plan.name for plan in plans if Excluded[kind.upper()] in plan.excludes]
    if not without:
        return ""
    return "never inside a plan" if len(without) == len(plans) else f"not inside {either(without)}"


def _band(band: Band, *, range_only: bool = False) -> str:
    if round(band.p10) == round(band.p90):
        return f"~${band.p50:,.0f}{', no range yet' if range_only and band.p10 == band.p90 else ''}"
    middle = "" if range_only else f", mostly ~${band.p50:,.0f}"
    return f"~${band.p10:,.0f} – {band.p90:,.0f}{middle}"


def _table(report: PlansReport) -> None:
    has_tasks = any(share.is_completed for share in report.tasks)
    columns = [
        Column("plan"),
        *numbers("fee", "a month", "hits a limit", "used"),
        *([Column("a task", right=True)] if has_tasks else []),
        Column("pays for itself"),
    ]
    rows = []
    for one in report.outlooks:
        marks = ("▸ " if report.verdict and report.verdict.plan == one.plan.id else "  ") + one.plan.name
        row = [marks, fee(one), monthly(one), chance(report, one), used(report, one)]
        if has_tasks:
            row.append(cost_of_a_task(report, one))
        rows.append([*row, _pays(report, one)])
    print_table(columns, rows)
    paragraph(_legend(report), dim=True)


def _pays(report: PlansReport, one: PlanOutlook) -> str:
    found = report.break_even.get(one.plan.id)
    if found is None:
        return ""
    at = f"${found.per_active_day_usd:,.2f} a day"
    day = pays_on(found)
    return f"{at}; {day}" if day else at


def _legend(report: PlansReport) -> str:
    parts = [
        "a month: 10th to 90th percentile",
        "hits a limit: chance that a month does",
        "used: share of the weekly capacity",
    ]
    if any(share.is_completed for share in report.tasks):
        shared = "fee and overflow" if report.terms.extra_usage else "fee"
        parts.append(f"a task: {shared} shared over completed tasks")
    days = "day" if report.active_days == 1 else "days"
    parts.append(
        f"pays for itself: spend on each of {report.active_days} working {days} ({report.active_days_from}), and the"
        " day this month on which the fee was or will be reached"
    )
    text = "; ".join(parts) + "."
    if any(not one.is_known for one in report.outlooks):
        text += " ? = this plan's capacity has not been measured: from everything fits to nothing fits"
        text += "; + = more where it does not." if any(any(one.unfitted.values()) for one in report.tasks) else "."
    credit = next((one for one in report.outlooks if one.plan.api_credit_nano), None)
    if credit:
        text += " API credits of a plan cannot be spent in Claude Code and are not counted."
    return text


def _tasks(report: PlansReport) -> None:
    click.echo()
    if not report.tasks:
        click.echo("No task of this month has a price.")
        return
    shown = [one for one in report.outlooks if one.is_known]
    columns = [Column("task this month"), *numbers(*(one.plan.name for one in shown), "one more")]
    current = report.current if report.current in {one.plan.id for one in shown} else shown[0].plan.id
    print_table(
        columns,
        [
            [
                share.title,
                *(f"~${share.allocated[one.plan.id]:,.2f}" for one in shown),
                f"~${share.marginal[current]:,.2f}",
            ]
            for share in report.tasks[:_TASKS_SHOWN]
        ],
    )
    waits = "" if report.terms.extra_usage else "; above a limit it waits"
    paragraph(
        f"one more: what another task like it would cost under {report.names[current]}, where limits bind{waits}.",
        dim=True,
    )


def _meter(report: PlansReport) -> None:
    load = report.load
    if load is None:
        return
    for name, fit in (("five-hour", load.meters.fits.five_hour), ("weekly", load.meters.fits.week)):
        if fit is None:
            continue
        low, high = fit.read_weight_interval
        click.echo()
        paragraph(
            f"Your {name} meter, {fit.intervals} steps: 1% holds ~${fit.plain_size.mid / 100:,.2f} of your mix;"
            f" a cache read weighs ~{fit.read_weight:.2f} ({low:.2f} – {high:.2f}) of its price."
        )
        if fit.is_used_elsewhere:
            paragraph(f"About {fit.elsewhere_share:.0%} of its movement came from elsewhere: other devices or the web.")
        if fit.has_drifted and fit.drift is not None:
            paragraph(f"The window's size changed by {fit.drift:+.0%} against the three weeks before.")
    if load.meter_changed_on is not None:
        click.echo()
        paragraph(
            f"The meter's windows changed size on {month_day(load.meter_changed_on)}, as after a change of plan:"
            " earlier readings and refusals no longer count."
        )
    if load.refusals:
        click.echo()
        times = "once" if load.refusals == 1 else f"{load.refusals} times"
        paragraph(
            f"Limits refused work {times} since {load.first} (from the transcripts, measured; refusals within an"
            " hour are one)."
        )
