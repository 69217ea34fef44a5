"""`tasks`: what each finished piece of work cost."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import click

from store.money import short_usd, usd
from store.projects import project_name
from store.task_rows import COST_PARTS, TaskRow
from tracker.cli.common import Invocation, csv_option, filter_options, limit_option, open_chosen, reading_options
from tracker.cli.empty import show_nothing
from tracker.cli.output import (
    Column,
    fit,
    note,
    note_gaps,
    note_left_out,
    print_csv,
    print_json,
    print_table,
    wrapped,
)
from tracker.clock import iso, short_day
from tracker.model.tasks.status import Evidence
from tracker.model.tasks.task import TitleFrom
from tracker.reports.spend import TOKEN_CLASSES
from tracker.reports.tasks import (
    TasksReport,
    evidence_text,
    inherited_text,
    reread_share,
    session_names,
    tasks_report,
    waste_text,
)
from tracker.signs import STATUS_GLYPHS
from tracker.words import agent_sign, cost_text, counted, duration, percent

_CSV = (
    "id", "title", "status", "evidence", "agents", "project", "branch", "sessions", "started_at", "ended_at", "turns",
    "calls", *TOKEN_CLASSES, "web_searches", "cost_usd",
    *(f"{part}_usd" for part in COST_PARTS), "inherited_usd", "hidden_usd", "misses", "context_begin", "context_end",
    "program_run", "unpriced_calls", "floor_calls",
)  # fmt: skip
_SIGNALS = {signal.replace(" ", "-"): signal for signal in Evidence}


@click.command()
@click.option(
    "--signal",
    type=click.Choice(list(_SIGNALS)),
    help="Weakest evidence that counts as completed, listed from strong to weak; with less, a task is open.",
)
@click.option(
    "--refine",
    is_flag=True,
    help="Let a small model suggest starts, titles and status; shows the price and asks first.",
)
@click.option(
    "--through",
    type=click.Choice(["api", "claude-code"]),
    help="With --refine: ask the API with your key (default), or your own Claude Code, signed in as it is.",
)
@click.option("--yes", is_flag=True, help="With --refine: do not ask for confirmation.")
@click.option(
    "--runs", is_flag=True, help="Also list program runs (claude -p, SDK) with the same opening words, one by one."
)
@limit_option
@filter_options
@csv_option
@reading_options
def tasks(
    invocation: Invocation,
    signal: str | None,
    refine: bool,
    through: str | None,
    yes: bool,
    runs: bool,
    limit: int | None,
    **filters: Any,
) -> None:
    """What each task cost, and the average of the completed ones.

    Direct is the mean cost of a completed task, with its 80 % interval; loaded adds the cost of abandoned, interrupted
    and reverted tasks. Re-read is the share paid for re-reading the context; inherited is the part of it that a
    separate session would not have paid; waste is what was paid twice because the cache was lost. A task that
    matches a filter only in part is counted in full.

    \b
    taximeter tasks --since 7d
    taximeter tasks --signal check       what a commit or a passed check proves
    taximeter tasks --refine             a small model suggests; priced first
    taximeter tasks --refine --through claude-code   the same without a key
    """
    from tracker.rebuild import own_weights_in_use

    if not refine and (through or yes):
        raise click.UsageError("--through and --yes need --refine")
    db, chosen = open_chosen(invocation, filters, modelled=True)
    if refine:
        from tracker.cli.refine import ask_and_refine

        if not ask_and_refine(db, chosen, through or "api", assume_yes=yes):
            return
    most = invocation.max_rows(limit)
    report = tasks_report(db, chosen, min_evidence=None if signal is None else _SIGNALS[signal])
    if invocation.as_json:
        print_json(report.as_json(most))
    elif invocation.as_csv:
        tasks = (*report.tasks, *report.excluded)[:most]
        print_csv(_CSV, [_csv_row(task, is_program_run=task.id in report.run_ids) for task in tasks])
    elif not report.tasks:
        show_nothing(invocation, db)
    else:
        own = own_weights_in_use(db)
        show(report, most, with_runs=runs, corrections=own.corrections if own is not None else 0)
        if chosen.since or chosen.until or chosen.model or chosen.session_id or chosen.branch:
            note(
                "Tasks are counted in full, with their calls of other days, models, sessions and branches (spend leaves"
                " those out)."
            )


def _csv_row(task: TaskRow, *, is_program_run: bool) -> tuple[object, ...]:
    return (
        task.id, task.title, "excluded" if task.excluded else task.status, task.evidence or "", task.agents,
        task.project or "", task.branch or "", " ".join(session_names(task)), iso(task.started_at), iso(task.ended_at),
        task.turns, task.calls, task.input, task.cache_read, task.write_5m, task.write_1h, task.output,
        task.web_searches, usd(task.cost), *(usd(getattr(task, part)) for part in COST_PARTS), usd(task.carry_over),
        usd(task.hidden), task.misses, task.context_begin, task.context_end, is_program_run,
        task.unpriced, task.floor,
    )  # fmt: skip


def show(report: TasksReport, limit: int | None = None, *, with_runs: bool = False, corrections: int = 0) -> None:
    """Draw the headline, the latest `limit` tasks, sums over all tasks, and notes.

    `with_runs`: list program runs too. `corrections`: number that the weights in use were fitted to, 0 for the shipped
    ones.
    """
    click.echo(click.style(wrapped(_headline(report)), bold=True))
    several = len({task.agents for task in report.tasks}) > 1
    min_cells = _MIN_CELLS | _SEVERAL_AGENTS if several else _MIN_CELLS
    columns = [Column(name, right=name in _FIGURES, min_width=min_width) for name, min_width in min_cells.items()]
    listed = report.tasks if with_runs else report.typed or report.tasks
    rows = [[cells[name] for name in min_cells] for cells in (_cells(task, report) for task in listed[:limit])]
    sums = {"task": _tasks_and_runs(report)} | _figures(*report.tasks)
    print_table(columns, rows, footer=[sums.get(name, "") for name in min_cells])
    note_left_out(len(listed) - len(rows), "tasks")
    if report.runs:
        _note_runs(report.runs, are_listed=len(listed) == len(report.tasks))
    _notes(report, corrections)


# Narrow terminals hide columns; figures are never cut.
_MIN_CELLS = {
    " ": 0, "id": 44, "when": 96, "task": 0, "agent": 140, "project": 104, "turns": 132, "calls": 72, "time": 112,
    "cost": 0, "re-read": 64, "inherited": 84, "waste": 76, "evidence": 60,
}  # fmt: skip
# With several agents, the agent column is worth more than those of re-reading and waste.
_SEVERAL_AGENTS = {"agent": 68, "re-read": 84, "waste": 92, "inherited": 100}
# Figures of one task in its row, or of all under the table.
_FIGURES: dict[str, Callable[..., str]] = {
    "turns": lambda *tasks: f"{sum(task.turns for task in tasks):,}",
    "calls": lambda *tasks: f"{sum(task.calls for task in tasks):,}",
    "time": lambda *tasks: duration(sum(task.active_ms for task in tasks)),
    "cost": cost_text,
    "re-read": lambda *tasks: percent(reread_share(*tasks)),
    "inherited": inherited_text,
    "waste": waste_text,
}


def _cells(task: TaskRow, report: TasksReport) -> dict[str, str]:
    return {
        " ": STATUS_GLYPHS[task.status],
        "id": report.short_ids[task.id],
        "when": short_day(task.ended_at),
        "task": task.title,
        "agent": ",".join(agent_sign(agent) for agent in task.agents.split(",")),
        "project": project_name(task.project) or "?",
        "evidence": evidence_text(task) or "–",
    } | _figures(task)


def _figures(*tasks: TaskRow) -> dict[str, str]:
    return {name: told(*tasks) for name, told in _FIGURES.items()}


def _tasks_and_runs(report: TasksReport) -> str:
    """`44 tasks, 37 runs`: what the sums under the table cover."""
    found = ((report.typed, "task"), (report.runs, "run"))
    return ", ".join(counted(len(tasks), name) for tasks, name in found if tasks)


def _headline(report: TasksReport) -> str:
    rates = report.headline
    text = f"{rates.completed:,} completed of {len(report.typed):,}"
    if rates.direct_nano is None:
        return f"{text} · rates are shown from five completed tasks on"
    text += f" · direct {short_usd(rates.direct_nano)}"
    if rates.interval_nano is not None:
        text += f" ({short_usd(rates.interval_nano[0])} – {short_usd(rates.interval_nano[1])})"
    return (
        f"{text} · loaded {short_usd(rates.loaded_nano)} · median {short_usd(rates.median_nano)}"
        f" · p90 {short_usd(rates.p90_nano)}"
    )


def _note_runs(runs: Sequence[TaskRow], *, are_listed: bool) -> None:
    """Print the program runs' total, and how to list them if they are not listed."""
    how = "" if are_listed else "; --runs lists them"
    silent = [task for task in runs if task.title_from == TitleFrom.NOTHING]
    alike = [task for task in runs if task.title_from != TitleFrom.NOTHING]
    if alike:
        title = Counter(task.title for task in alike).most_common(1)[0][0]
        note(
            f"{counted(len(alike), 'program run')} (claude -p, SDK), {_cost(alike)}: same opening words, no edits, left"
            f" out of averages{how}. Most often: {title}"
        )
    if silent:
        note(
            f"{counted(len(silent), 'run')} with subagent records only, {_cost(silent)}: no prompt on record,"
            f" no edits, left out of averages{how}."
        )


def _cost(tasks: Sequence[TaskRow]) -> str:
    return short_usd(sum(task.cost for task in tasks))


def _notes(report: TasksReport, corrections: int) -> None:
    by_signal = ", ".join(f"{report.evidence[signal]} {signal}" for signal in Evidence if report.evidence.get(signal))
    if by_signal:
        questions = f"; {report.questions} changed no file" if report.questions else ""
        note(f"Evidence of completion: {by_signal}{questions}.")
    if report.one_shot is not None and report.retry_share is not None:
        others = f"; the others took {100 * report.retry_share:.0f}% of the cost" if report.one_shot < 1 else ""
        note(f"{100 * report.one_shot:.0f}% of turns with edits needed no second try at a file{others}.")
    if report.excluded:
        note(f"Not counted: {counted(len(report.excluded), 'excluded task')}, {_cost(report.excluded)}.")
    note_gaps(report.tasks)
    if corrections:
        note(
            f"Task starts are judged by weights learned from your {corrections} corrections"
            " (off: taximeter settings tasks.own_weights no)."
        )
    for one in report.unsure:
        said = "starts a task" if one.starts_task else "continues its task"
        prompt = f' "{fit(one.prompt, 40).rstrip()}"' if one.prompt else ""
        note(f"Least certain: {report.short_ids[one.task_id]}.{one.turn}{prompt} {said}; if not: {one.command}")
    for join in report.joins:
        task, into = report.short_ids[join.task_id], report.short_ids[join.into]
        note(f"Does {task} continue {into}? taximeter task edit merge {into} {task}")
    note("taximeter task ID opens one.")
