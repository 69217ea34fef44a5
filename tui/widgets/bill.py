"""A task's bill: its cost, the amount of work, and where the money went."""

from textual.content import Content

from store.money import short_usd
from store.task_rows import TaskRow
from tracker.words import cost_text, counted, duration
from tui.widgets.grid import fitting, line
from tui.widgets.split_bar import SPLIT, Part, split_bar, split_key


def parts_of(task: TaskRow) -> list[Part]:
    """The parts of a task's split bar."""
    return [Part(series, getattr(task, column)) for column, series in SPLIT.items()]


def bill_lines(task: TaskRow, when: str, width: int, *, with_dollars: bool = False) -> list[Content]:
    """Figures, bar and key; `when` it began."""
    figures = [
        line((cost_text(task), "bold $taxi")),
        line((f"  {counted(task.calls, 'call')} · {counted(task.turns, 'turn')} · {duration(task.active_ms)}", "$dim")),
    ]
    if task.carry_over:
        figures.append(line(("  inherited ", "$dim"), (short_usd(task.carry_over), "bold")))
    if task.waste:
        figures.append(line(("  waste ", "$dim"), (short_usd(task.waste), "bold $waste")))
    if task.hidden:
        figures.append(line(("  plus ", "$dim"), short_usd(task.hidden), (" unrecorded", "$dim")))
    elif task.hidden is None and task.unrecorded:
        figures.append(line(("  plus ", "$dim"), "~" + short_usd(task.unrecorded), (" unrecorded", "$dim")))
    figures.append(line((f"  {when}", "$dim")))
    parts = parts_of(task)
    return [fitting(figures, width), split_bar(parts, width), *split_key(parts, width, with_dollars=with_dollars)]


def beside_the_cost(task: TaskRow) -> list[list[Content]]:
    """The notes next to a task's cost: amount of work, extras, and what was paid twice."""
    notes = [
        [
            line(counted(task.calls, "call")),
            line(f" · {counted(task.turns, 'turn')}"),
            line((f" · {duration(task.active_ms)}", "$dim")),
        ]
    ]
    if task.carry_over:
        inherited = line((short_usd(task.carry_over), "bold"), (" inherited", "$dim"))
        notes.append([inherited, line((" from earlier work", "$dim"))])
    if task.waste:
        misses = f" in {task.misses} miss{'' if task.misses == 1 else 'es'}"
        notes.append([line((short_usd(task.waste), "bold $waste"), (" waste", "$dim")), line((misses, "$dim"))])
    return notes if len(notes) > 1 else [*notes, [line(("nothing inherited, no waste", "$dim"))]]
