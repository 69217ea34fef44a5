"""`task ID` and `task undo`."""

import sqlite3
from itertools import pairwise

import click

from store.money import short_usd, sum_usd, usd
from store.plain_text import plain
from store.projects import project_name
from store.reads.tasks import TaskCall
from store.task_rows import COST_PARTS
from tracker.advisor.preferences import PreferenceReader
from tracker.bars import bar
from tracker.cli.common import Invocation, csv_option, ledger_options, open_modelled, reading_options
from tracker.cli.drawing import CurvePoint, curve, legend, rule, split_bar, split_segments, tool_and_target
from tracker.cli.output import fit, note, print_csv, print_json, terminal_width, width, wrapped
from tracker.cli.task_edit import edit_group, load_detail
from tracker.clock import iso
from tracker.edit_tasks import commands as edit_tasks
from tracker.reports.carried import Carried, task_carried
from tracker.reports.cause_words import cause_words
from tracker.reports.reported import Label
from tracker.reports.task import TaskDetail, TaskTurn
from tracker.reports.task_hindsight import TaskHindsight, task_hindsight
from tracker.signs import STATUS_GLYPHS
from tracker.words import cost_text, counted, duration, modelled_percent, tokens

_TARGETS_SHOWN, _TARGETS_IN_JSON = 5, 20
_TURNS_SHOWN = 8
_MISSES_SHOWN = 6
_SUBAGENTS_SHOWN = 5
_SESSIONS_SHOWN = 5


class TaskGroup(click.Group):
    """`task ID` opens a task; `task edit` and `task undo` are its commands."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Anything that is not a command is a task's id."""
        if args and args[0] not in self.commands:
            return "show", show_command, args
        return super().resolve_command(ctx, args)


@click.group(cls=TaskGroup, subcommand_metavar="ID | edit … | undo")
def task() -> None:
    """Open one task (split, context, turns, subagents, misses), or correct it.

    \b
    taximeter task t1f3                       open it (ids: taximeter tasks)
    taximeter task edit split t1f3.4          turn 4 starts a task of its own
    taximeter task edit rename t1f3 "Upload"  give it a title
    taximeter task undo                       undo the last edit
    """


@click.command("show")
@click.argument("task_id", metavar="ID")
@csv_option
@reading_options
def show_command(invocation: Invocation, task_id: str) -> None:
    """Open one task.

    \b
    taximeter task t1f3
    taximeter task t1f3 --csv      its turns as rows
    """
    db = open_modelled(invocation)
    identity, number = edit_tasks.find_numbered(db, task_id)
    edit_tasks.turn_of(db, identity, number)  # EditError if there is no such turn
    detail = load_detail(db, identity)
    if invocation.as_json:
        made = detail.as_json()
        hindsight = _hindsight(db, detail)
        made["task"]["carried"] = task_carried(db, identity).as_json(_TARGETS_IN_JSON)
        made["task"]["hindsight"] = hindsight.as_json() if hindsight else None
        print_json(made)
    elif invocation.as_csv:
        names = ("number", "session", "prompt_uuid", "kind", "started_at", "calls", "cost_usd")
        print_csv((*names, *(f"{part}_usd" for part in COST_PARTS), "misses"), map(_csv_turn, detail.turns))
    else:
        draw(detail, _hindsight(db, detail), task_carried(db, identity))


def _hindsight(db: sqlite3.Connection, detail: TaskDetail) -> TaskHindsight | None:
    return task_hindsight(db, detail, quiet=PreferenceReader().read().quiet)


def _csv_turn(turn: TaskTurn) -> tuple[object, ...]:
    row = turn.row
    amounts = (usd(amount) for amount in (row.cost, *(getattr(row, part) for part in COST_PARTS)))
    return (turn.number, turn.session, row.prompt_uuid, row.kind, iso(row.at), row.calls, *amounts, row.misses)


# -- drawing ----------------------------------------------------------------------------------------------------------


def draw(detail: TaskDetail, hindsight: TaskHindsight | None, carried: Carried) -> None:
    """Draw a task as text."""
    cells = min(terminal_width(), 120)
    _head(detail)
    _bill(detail, cells)
    for sentence in hindsight.sentences if hindsight else ():
        click.echo(wrapped(f"  {sentence}"))
    _besides(detail, cells)
    _context(detail, cells)
    _carried(carried, cells)
    _turns(detail, cells)
    _subagents(detail, cells)
    _misses(detail, cells)
    for edit in detail.edits:
        note(f"Edited: {edit}")
    if len(detail.turns) > 1:
        split = f"taximeter task edit split {detail.short_id}.N"
        note(f"Is there another task in it? {split}, N as above{_other_sessions(detail)}; task undo reverts it.")


def _other_sessions(detail: TaskDetail) -> str:
    """The turns at which further sessions begin, as a link between sessions may be wrong."""
    numbers: dict[str, int] = {}
    for turn in detail.turns:
        numbers.setdefault(turn.session, turn.number)
    later = list(numbers.values())[1:]
    if not later:
        return ""
    listed = ", ".join(map(str, later[:_SESSIONS_SHOWN])) + " …" * (len(later) > _SESSIONS_SHOWN)
    return f" ({'another session begins' if len(later) == 1 else 'other sessions begin'} at {listed})"


def _head(detail: TaskDetail) -> None:
    one = detail.task
    click.echo(click.style(wrapped(f"{STATUS_GLYPHS[one.status]} {plain(one.title)}"), bold=True))
    project = project_name(one.project)
    where = " · ".join(part for part in (one.agents.replace(",", " + "), project, one.branch or "") if part)
    note(f"{detail.short_id} · {one.status}{_evidence(detail)} · {where}")
    click.echo()


def _evidence(detail: TaskDetail) -> str:
    if detail.is_program_run:
        return " (a program run, left out of averages)"
    evidence = detail.task.evidence
    if evidence == "question":
        return " (a question)"
    return f" by {evidence}" if evidence else ""


def _bill(detail: TaskDetail, cells: int) -> None:
    """Draw the cost and its parts."""
    one = detail.task
    count = f"{counted(one.calls, 'call')} · {counted(one.turns, 'turn')} · {duration(one.active_ms)} of work"
    cost = cost_text(one)
    line = wrapped(f"  {cost}   {count}{_models(one.models)}")
    click.echo(line.replace(cost, click.style(cost, bold=True, fg="green"), 1))
    segments = split_segments(one)
    drawn = split_bar(segments, cells - 4)
    if drawn:
        click.echo(f"  {drawn}")
        for line in legend(segments, cells - 4):
            click.echo(f"  {line}")
    if one.carry_over:
        inherited = click.style(short_usd(one.carry_over), bold=True)
        click.echo(wrapped(f"  inherited from earlier work: {inherited}, which a new session would not have paid"))


def _besides(detail: TaskDetail, cells: int) -> None:
    """Draw the spend beside the task's figures, the provider's figures, and its errors."""
    one = detail.task
    if one.hidden:
        click.echo(f"  plus {short_usd(one.hidden)} of unrecorded requests")
    elif one.hidden is None and one.unrecorded:
        click.echo(f"  plus ~{short_usd(one.unrecorded)} of unrecorded requests (modelled)")
    if detail.jobs:
        jobs = f"{short_usd(sum(job.cost for job in detail.jobs))} for {', '.join(job.what for job in detail.jobs)}"
        click.echo(fit(f"  plus, recorded by you: {jobs}", cells).rstrip())
    if one.unpriced:
        click.echo(f"  plus {counted(one.unpriced, 'call')} without a price")
    for reported in detail.reported:
        if reported.sums.billed:
            calls = "" if reported.label == Label.REPORTED else f" for {reported.sums.billed} of {one.calls} calls"
            click.echo(f"  reported: what the provider itself billed{calls}")
    for sentence in (sentence for reported in detail.reported for sentence in reported.sentences):
        click.echo(wrapped(f"  {sentence}"))
    for refusal in detail.refusals:
        advice = f": {refusal.advice}" if refusal.advice else ""
        click.echo(click.style(wrapped(f"  ⚠ {plain(refusal.words)}{advice}"), fg="red"))
    click.echo()


def _models(models: str) -> str:
    names = [name.removeprefix("claude-") for name in models.split(",") if name]
    return f" · {plain(', '.join(names))}" if names else ""


def _context(detail: TaskDetail, cells: int) -> None:
    mains = [call for call in detail.main_calls if call.context]
    if len(mains) < 2:
        return
    pairs = list(pairwise([mains[0], *mains]))
    sessions = sum(call.session_id != before.session_id for before, call in pairs)
    points = [
        CurvePoint(
            call.context,
            (call.session_id, call.epoch) != (before.session_id, before.epoch),
            call.cause is not None,
        )
        for before, call in pairs
    ]
    one = detail.task
    begin, end = one.context_begin or 0, one.context_end or 0
    resets = sum(point.is_reset for point in points) - sessions
    marks = [counted(resets, "reset")] if resets else []
    marks += [counted(sessions + 1, "session")] if sessions else []
    start = f"{tokens(begin)}{'' if marks or not begin else ' ▓'} at the start"
    words = ", ".join((f"Context  {start}", f"{tokens(end)} at the end", *marks))
    click.echo(rule(words + " ┆" * bool(marks), cells))
    for line in curve(points, cells - 2, 8, inherited=0 if marks else begin):
        click.echo(f"  {line}")
    click.echo()


def _carried(carried: Carried, cells: int) -> None:
    """What results cost, and the most expensive files and commands."""
    shown = carried.targets[:_TARGETS_SHOWN]
    if not shown or not carried.is_known(shown[0]):
        return
    share = modelled_percent(carried.results_share)
    click.echo(rule(f"Carried  tool results for ~{short_usd(carried.results.cost)}, {share} of the bill", cells))
    names = tool_and_target([(row.tool, row.target) for row in shown], max(22, cells - 56))
    for row, name in zip(shown, names, strict=True):
        came = counted(row.results, "result")
        calls = f"{row.mean_calls or 0:,.0f} calls each" if row.results > 1 else counted(row.calls, "call")
        click.echo(
            f"       {name}  {came:>11}  {tokens(row.tokens):>6}  {calls:>15}  "
            + click.style(f"{'~' + short_usd(row.cost) if carried.is_known(row) else '?':>9}", bold=True)
        )
    click.echo()


def _turns(detail: TaskDetail, cells: int) -> None:
    dear = sorted(detail.turns, key=lambda turn: -turn.row.cost)[:_TURNS_SHOWN]
    dear = [turn for turn in dear if turn.row.calls] or dear[:1]
    title = "Turns, most expensive first" if len(detail.turns) > 1 else "Turn"
    click.echo(rule(title, cells))
    largest = dear[0].row.cost
    bar_cells, did_cells = 18 if cells >= 100 else 0, 25
    text_cells = max(12, cells - did_cells - (bar_cells + 33 if bar_cells else 31))
    for turn in dear:
        row = turn.row
        opening = turn.facts.text or f"({row.kind})"
        drawn = f"  {fit(bar(row.cost, largest, bar_cells), bar_cells)}" if bar_cells else ""
        click.echo(
            f"  {turn.number:>3}  {fit(opening, text_cells)}  {_calls(row.calls)}{click.style(drawn, fg='green')}"
            f"  {click.style(f'{cost_text(row):>8}', bold=True)}  {fit(_did(turn), did_cells).rstrip()}"
        )
    left = [turn.row for turn in detail.turns if turn not in dear]
    _more(len(left), cost_text(*left))
    click.echo()


def _more(left: int, cost: str) -> None:
    if left > 0:
        click.echo(click.style(f"       and {left} more for {cost}", dim=True))


def _calls(count: int) -> str:
    return f"{count:>4} {'call ' if count == 1 else 'calls'}"


def _did(turn: TaskTurn) -> str:
    facts = turn.facts
    parts = []
    if facts.has_commit:
        parts.append("commit")
    if facts.has_pull_request:
        parts.append("PR")
    if facts.check_passed is not None:
        parts.append("check ✓" if facts.check_passed else "check ✗")
    if facts.edited:
        parts.append(counted(len(facts.edited), "file"))
    if facts.ending in ("interrupted", "error"):
        parts.append(facts.ending)
    return ", ".join(parts)


def _subagents(detail: TaskDetail, cells: int) -> None:
    if not detail.subagents:
        return
    click.echo(rule(f"Subagents  {len(detail.subagents)} for {cost_text(*detail.subagents)}", cells))
    shown = detail.subagents[:_SUBAGENTS_SHOWN]
    turns = [f" ↳ turn {agent.turn}" for agent in shown]
    kinds = [plain(agent.kind) for agent in shown]
    longest = max((width(kind) + len(turn) for kind, turn in zip(kinds, turns, strict=True)), default=0)
    room = max(28, min(longest, cells - 51))
    for agent, kind, turn in zip(shown, kinds, turns, strict=True):
        name = fit(kind, min(width(kind), room - len(turn)), cut="start") + turn
        model = agent.model.removeprefix("claude-")
        click.echo(
            f"       {fit(name, room)}  {fit(model, 20)}  {_calls(agent.calls)}  "
            + click.style(f"{cost_text(agent):>8}", bold=True)
        )
    left = detail.subagents[_SUBAGENTS_SHOWN:]
    _more(len(left), cost_text(*left))
    click.echo()


def _misses(detail: TaskDetail, cells: int) -> None:
    if not detail.misses:
        return
    click.echo(rule(f"Cache misses ×  {len(detail.misses)} for {_waste(detail.misses)}", cells))
    for call in detail.misses[:_MISSES_SHOWN]:
        words = cause_words(call.cause)
        words += " (API)" if call.cause_source == "reported" and call.cause != "reported" else ""
        up_to = "up to " if call.is_up_to else ""
        missed = f"{up_to + tokens(call.missed):>12} tokens again"
        click.echo(
            f"  {detail.number_of(call):>3}  {fit(words, min(42, cells - 44))}  {missed}  "
            + click.style(f"{short_usd(call.waste):>8}", bold=True)
        )
    left = detail.misses[_MISSES_SHOWN:]
    _more(len(left), _waste(left))
    click.echo()


def _waste(misses: list[TaskCall]) -> str:
    return sum_usd(sum(call.waste or 0 for call in misses), len(misses), sum(call.waste is None for call in misses))


@task.command()
@ledger_options
def undo(invocation: Invocation) -> None:
    """Undo the last edit that is still in effect.

    \b
    taximeter task undo
    """
    kind = edit_tasks.undo(open_modelled(invocation))
    click.echo(f"undone: {kind}" if kind else "no edit to undo")


task.add_command(edit_group)
