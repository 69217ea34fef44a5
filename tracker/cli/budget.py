"""`budget`: spend against each budget, and a month of work in four layers."""

import click

from store.money import short_usd
from store.reads.spend import totals
from tracker import clock
from tracker.cli.common import Invocation, csv_option, open_modelled, reading_options
from tracker.cli.empty import show_no_sessions
from tracker.cli.output import Column, note_gaps, numbers, paragraph, print_json, print_records, print_table
from tracker.cli.user_settings import user_settings
from tracker.errors import UsageError
from tracker.reports.budget import BudgetLine, BudgetReport, budget_report
from tracker.settings import set_values
from tracker.words import cost_text, counted, hidden_text, percent, tokens

_NAMES = ("day", "week", "month", "task", "retry", "abandoned", "waste", "buffer")


@click.command()
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="day, week, month, task, retry, abandoned, waste, buffer, or project:TEXT; an empty value removes it.",
)
@csv_option
@reading_options
def budget(invocation: Invocation, changes: tuple[str, ...]) -> None:
    """Spend against each budget, and a month of work in four layers.

    The layers are list price, workload, multipliers (retries, abandoned work, waste: measured, or your own), and a
    buffer. Base, loaded and planned are shown side by side.

    \b
    taximeter budget
    taximeter budget --set month=200 --set project:api=50
    taximeter budget --set retry=1.1     override the measured figure
    """
    if changes:
        set_values([_change(text) for text in changes])
    chosen = user_settings().budget
    db = open_modelled(invocation)
    report = budget_report(db, chosen, clock.today(), clock.now_ms())
    if invocation.as_json:
        print_json(report.as_json())
    elif invocation.as_csv:
        made = [line.as_json() | {"alerts": " ".join(map(str, line.alerts))} for line in report.lines]
        print_records(list(made[0]), made)
    else:
        show(report)
        click.echo()
        if totals(db).calls:
            _layers(report)
        else:
            show_no_sessions(invocation)


def _change(text: str) -> tuple[str, str, float | None]:
    """Parse NAME=AMOUNT into section, key and amount; UserError if it is invalid."""
    name, sign, value = text.partition("=")
    if not sign:
        raise UsageError(f"not NAME=VALUE: {text!r} (as in --set month=200)")
    section, key = ("budget.projects", name[8:]) if name.startswith("project:") else ("budget", name)
    if section == "budget" and name not in _NAMES:
        raise UsageError(f"no budget {name!r} (known: {', '.join(_NAMES)}, project:TEXT)")
    if not value.strip():
        return section, key, None
    if not key.strip():
        raise UsageError(f"no project named: {text!r} (as in --set project:api=50)")
    try:
        amount = float(value)
        return section, key, int(amount) if amount == int(amount) else amount
    except (ValueError, OverflowError):
        raise UsageError(f"not a number: {value!r} (as in --set month=200)") from None


def show(report: BudgetReport) -> None:
    """Draw the budgets."""
    rows = [
        [
            line.label,
            cost_text(line.spent),
            "–" if line.budget_nano is None else short_usd(line.budget_nano),
            _used(line),
            _alert(line.alerts, line.share),
        ]
        for line in report.lines
    ]
    columns = (Column("budget"), *numbers("spent", "of", "used"), Column("alert"))
    print_table(columns, rows)
    if report.tasks_not_listed:
        more = f"{report.tasks_not_listed:,} more {'task is' if report.tasks_not_listed == 1 else 'tasks are'}"
        paragraph(f"{more} past an alert of the task budget; the most expensive are listed.", dim=True)
    if all(line.budget_nano is None for line in report.lines):
        paragraph("No budget is set: taximeter budget --set month=200 (also day, week, task, project:TEXT).", dim=True)
    paragraph("spent: measured tokens at list price (priced).", dim=True)
    if report.hidden.cost:
        paragraph(f"Not in this month's figure: {hidden_text(report.hidden.cost, report.hidden.sessions)}", dim=True)
    note_gaps(line.spent for line in report.lines)


def _used(line: BudgetLine) -> str:
    """The used share of a budget, if there is one, marked if some calls have no price."""
    floor = "≥" if line.spent.floor or line.spent.unpriced else ""
    return "" if line.share is None else f"{floor}{percent(line.share)}"


def _alert(alerts: tuple[float, ...], share: float | None) -> str:
    if not alerts:
        return ""
    return "over" if share is not None and share >= 1 else f"past {alerts[-1]:.0%}"


def _layers(report: BudgetReport) -> None:
    made = report.layers
    if made is None:
        found = f"there {'is' if report.completed == 1 else 'are'} {counted(report.completed, 'task')}"
        priced = " with a price" if report.without_price else ""
        paragraph(f"A planned month needs five completed tasks{priced} in the last eight weeks; {found}.")
        return
    click.echo(click.style("A month of this work", bold=True))
    own = {True: "your settings", False: "measured"}
    calls = f"{counted(round(made.calls_per_task), 'call')} × {tokens(made.tokens_per_call)}"
    workload = f"{counted(round(made.tasks_per_month), 'task')} × {calls}"
    rows = [
        ["1 list price", f"${made.usd_per_mtok:,.2f} a million tokens", "your mix, no waste or retries"],
        ["2 workload", workload, "tokens a call; ratios of sums"],
        ["  base", f"~${made.base_usd:,.2f}", "modelled"],
        ["3 retries", f"× {made.retry.used:.2f}", own[made.retry.is_own]],
        ["  abandoned work", f"× {made.abandoned.used:.2f}", own[made.abandoned.is_own]],
        ["  waste", f"× {made.waste.used:.2f}", own[made.waste.is_own]],
        ["  loaded", f"~${made.loaded_usd:,.2f}", "modelled"],
        ["4 buffer", f"+ {made.buffer:.0%}", "your choice"],
        ["  planned", f"~${made.planned_usd:,.2f}", "modelled"],
    ]
    print_table((Column("layer"), Column("figure", right=True), Column("from")), rows)
    missing = f" and {report.without_price:,} without a price" if report.without_price else ""
    paragraph(
        f"Measured on {made.completed} completed tasks of {counted(report.history_days, 'day')}; open tasks{missing}"
        " are left out. The coming month is assumed to bring as many tasks of the same size.",
        dim=True,
    )
