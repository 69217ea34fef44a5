"""Tasks and an opened task over the sample sessions: filter, sort, runs of programs, edits."""

from dataclasses import replace

import pytest
from msgspec import structs

from store.metered import MeteredJob
from tests.tui.fakes import NOW_MS, Script, dashboard, drawn, edits_done, feed, settled, usd
from tracker.reports.tasks import Unsure
from tui.edits import Edited, JoinPrevious, Merge, MoveTurn, Rename, SetStatus, Split, ToggleExcluded, Undo
from tui.screens.task import TaskScreen, waterfall
from tui.snapshot import Snapshot, ViewRequest
from tui.task_words import STATUS_SIGNS, status_words
from tui.widgets.table import Table
from tui.words import day_and_time


async def test_tasks_filter_sort_and_open(sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        assert "Tasks · November 2026" in await settled(pilot)
        await pilot.press("slash", *"flaky")
        text = await settled(pilot)
        assert "Flaky webhook test, again" in text
        assert "CSV export" not in text
        await pilot.press("enter", "s", "s", "down", "enter")
        text = await settled(pilot)
        assert "Turns · " in text
        assert "Evidence" in text
        await pilot.press("escape")
        assert "Flaky webhook test" in await settled(pilot)
        await pilot.press("escape")
        assert "CSV export" in await settled(pilot)


async def test_runs_of_programs_are_hidden_until_they_are_wanted(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        part = made.tasks
        if part is None:
            return made
        return replace(made, tasks=replace(part, run_ids=frozenset(task.id for task in part.tasks[:2])))

    app = dashboard(script, start="tasks")
    async with app.run_test(size=(80, 24)) as pilot:
        assert "p shows 2 program runs · " in await settled(pilot)
        tasks = app.screen.query_one("#tasks", Table)
        hidden = len(tasks.shown)
        await pilot.press("p")
        text = await settled(pilot)
        assert "p shows" not in text
        assert "2 program runs, left out of averages" in text
        assert len(tasks.shown) == hidden + 2
        await pilot.press("p")
        assert "p shows 2 program runs" in await settled(pilot)


async def test_a_filter_tells_of_hidden_runs_that_it_would_find(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.tasks is not None
        runs = [made.tasks.tasks[0]._replace(id=f"run{number}", title=f"futures {number}") for number in range(3)]
        return replace(
            made,
            tasks=replace(made.tasks, tasks=(*runs, *made.tasks.tasks), run_ids=frozenset(run.id for run in runs)),
        )

    app = dashboard(script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"futures 2")
        assert "no row has “futures 2” · p shows 1 program run · esc shows all" in await settled(pilot)
        await pilot.press("enter")
        assert "no row has “futures 2” · p shows 1 program run · esc shows all" in await settled(pilot)
        await pilot.press("escape", "slash", *"flaky", "enter")
        text = await settled(pilot)
        assert "Flaky webhook test, again" in text
        assert "p shows" not in text


async def test_a_run_left_out_by_hand_is_listed_as_the_command_lists_it(sample_script: Script) -> None:
    part = sample_script(ViewRequest("tasks")).tasks
    assert part is not None
    first, second, *_ = part.tasks
    tasks = (first._replace(excluded=1), *part.tasks[1:])
    part = replace(part, tasks=tasks, run_ids=frozenset({first.id, second.id, "of another month"}))
    assert part.typed == tuple(task for task in tasks if task.id != second.id)
    assert part.runs == (second,)


async def test_where_programs_did_everything_their_runs_are_shown(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        part = made.tasks
        return (
            made
            if part is None
            else replace(made, tasks=replace(part, run_ids=frozenset(task.id for task in part.tasks)))
        )

    app = dashboard(script, start="tasks")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        text = await settled(pilot)
        assert "CSV export" in text
        assert f"{len(app.known_tasks)} program runs, left out of averages" in text
        assert " · program run" in text
        shown = len(app.screen.query_one("#tasks", Table).shown)
        await pilot.press("p")
        assert "All tasks of this month are program runs" in await settled(pilot)
        assert len(app.screen.query_one("#tasks", Table).shown) == shown


async def test_a_long_title_gives_way_to_how_the_task_ended_and_the_day_is_named(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        if made.tasks is None:
            return made
        first, *others = made.tasks.tasks
        return replace(made, tasks=replace(made.tasks, tasks=(first._replace(title="上传 🚕 " * 40), *others)))

    app = dashboard(script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        text = await settled(pilot)
        task = app.known_tasks[0]
    title = next(line for line in text.splitlines() if line.startswith("╭─ ") and "上传" in line)
    assert f"… · {status_words(task)} ─" in title
    assert day_and_time(task.started_at, NOW_MS) in text.split(title)[1]


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        (True, "least certain: turn 2 starts a task; if not: b"),
        (False, "least certain: turn 2 continues its task; if not: enter, x at it"),
    ],
)
async def test_the_least_sure_turn_is_named_in_the_commands_words(
    sample_script: Script, starts: bool, words: str
) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.tasks is not None
        one = Unsure(made.tasks.tasks[0].id, 2, starts, 0.98, 1, "", "")
        return replace(made, tasks=replace(made.tasks, unsure=(one,)))

    assert f" {words} " in await drawn(dashboard(script, start="tasks"))
    assert f" {words.partition(';')[0]}" in await drawn(dashboard(script, start="tasks"), size=(50, 24))


async def test_an_open_task_shows_turns_subagents_and_misses(sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("slash", *"token", "enter", "enter")
        text = await settled(pilot)
    assert "∅ Token checks, second try" in text
    assert "paid again: cache expired" in text
    assert "interrupted" in text
    assert "context" in text.casefold()


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 20), (40, 12)])
async def test_enter_shows_all_that_is_known_of_a_tasks_end(sample_script: Script, size: tuple[int, int]) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        assert isinstance(app.screen, TaskScreen)
        assert app.screen.part is not None
        detail = app.screen.part.detail
        assert detail is not None
        names = [name for turn in detail.turns for name in turn.facts.edited]
        names += [f"file-{number}.py" for number in range(20)]
        edited = detail.turns[0]._replace(facts=structs.replace(detail.turns[0].facts, edited=tuple(names)))
        app.screen.part = replace(app.screen.part, detail=detail._replace(turns=[edited, *detail.turns[1:]]))
        await pilot.press("enter")
        text = await settled(pilot)
        assert "status   " in text
        await pilot.press("end")
        assert "file-19.py" in await settled(pilot)


async def test_a_task_has_the_same_figures_in_the_list_and_opened(sample_script: Script) -> None:
    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        if made.task is not None and made.task.detail is not None:
            task = made.task.detail.task._replace(hidden=usd(0.5), waste=0)
            return replace(made, task=replace(made.task, detail=made.task.detail._replace(task=task)))
        assert made.tasks is not None
        tasks = tuple(task._replace(hidden=usd(0.5), waste=0) for task in made.tasks.tasks)
        return replace(made, tasks=replace(made.tasks, tasks=tasks))

    async with dashboard(script, start="tasks").run_test(size=(120, 40)) as pilot:
        listed = await settled(pilot)
        await pilot.press("enter")
        opened = await settled(pilot)
    figures = next(line for line in listed.splitlines() if "plus $0.50 unrecorded" in line)
    assert figures in opened.splitlines()
    assert "waste" not in figures


def test_lines_of_an_open_task_mark_what_is_not_known_of_their_costs(sample_script: Script) -> None:
    tasks = sample_script(ViewRequest(screen="tasks")).tasks
    assert tasks is not None
    opened = (sample_script(ViewRequest(screen="task", task=task.id)).task for task in tasks.tasks)
    detail = next(one.detail for one in opened if one and one.detail and one.detail.subagents and one.detail.misses)
    first, *others = detail.turns
    agent, miss = detail.subagents[0], detail.misses[0]
    row = first.row._replace(calls=3, unpriced=3, floor=0, cost=0)
    unknown = detail._replace(
        turns=[first._replace(row=row), *others],
        subagents=[agent._replace(unpriced=agent.calls, cost=0)],
        calls=[call._replace(waste=None) if call == miss else call for call in detail.calls],
    )
    figures = {step.key: step.figure for step in waterfall(unknown)}
    assert figures["turn-1"] == figures[f"agent-{agent.chain}"] == figures[f"miss-{miss.call_id}"] == "?"
    bound = detail._replace(turns=[first._replace(row=row._replace(unpriced=1, floor=1, cost=usd(2))), *others])
    assert waterfall(bound)[0].figure == "≥$2.00+?"


async def test_an_open_task_says_in_how_many_turns_a_file_needed_a_second_try(sample_script: Script) -> None:
    def with_retries(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        if made.task is None or made.task.detail is None:
            return made
        detail = made.task.detail
        row = detail.task._replace(edit_turns=3, retry_turns=1)
        return replace(made, task=replace(made.task, detail=detail._replace(task=row)))

    async with dashboard(with_retries, start="tasks").run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        assert "retries  in 1 of 3 turns with edits" in await settled(pilot)


async def test_an_open_task_shows_what_was_recorded_beside_its_tokens(sample_script: Script) -> None:
    job = MeteredJob(1, 0, "launch clip", None, None, "second", 10**8, 12, 10, 4, 80_500, None)

    def with_job(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        if made.task is None or made.task.detail is None:
            return made
        return replace(made, task=replace(made.task, detail=made.task.detail._replace(jobs=[job])))

    async with dashboard(with_job, start="tasks").run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("enter")
        assert "recorded $8.05 launch clip" in await settled(pilot)


async def test_edits_go_to_the_feed(sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        task = app.known_tasks[0]
        await pilot.press("r")
        await settled(pilot)
        await pilot.press("end", *" now", "enter")
        await pilot.press("t", "down", "enter")
        await pilot.press("e", "b", "u")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("down", "down", "x")
        await settled(pilot)
        await edits_done(app)
        made = feed(app).edits
    assert Rename(task.id, f"{task.title} now") in made
    assert ToggleExcluded(task.id) in made
    assert JoinPrevious(task.id) in made
    assert Undo() in made
    assert any(isinstance(edit, SetStatus) and edit.task == task.id for edit in made)
    assert Split(task.id, 2) in made


async def test_a_filter_that_finds_nothing_among_all_that_is_listed_names_no_other_place(sample_script: Script) -> None:
    text = await drawn(dashboard(sample_script, start="tasks"), "p", "slash", *"zzzz")
    assert "no row has “zzzz” · esc shows all" in text


async def test_without_sessions_there_is_nothing_to_filter(sample_script: Script) -> None:
    app = dashboard(lambda request: replace(sample_script(request), calls=0), start="tasks")
    text = await drawn(app, "slash")
    assert "No sessions yet" in text
    assert text.splitlines()[-1].strip() == "space pause   ? help"


async def test_a_task_to_choose_has_its_facts_on_its_line(sample_script: Script) -> None:
    rows = (await drawn(dashboard(sample_script, start="tasks"), "m", size=(80, 24))).splitlines()
    listed = [row for row in rows if " · $" in row and "Tasks" not in row]
    assert len(listed) > 5
    assert all(any(sign in row for sign, _ in STATUS_SIGNS.values()) for row in listed)


async def test_project_names_are_whole_where_there_is_room(sample_script: Script) -> None:
    project = "the-name-of-a-long-project"

    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        assert made.tasks is not None
        tasks = tuple(task._replace(project=f"/home/dev/{project}") for task in made.tasks.tasks)
        return replace(made, tasks=replace(made.tasks, tasks=tasks))

    assert project in await drawn(dashboard(script, start="tasks"), size=(200, 60))


async def test_merge_and_move_ask_for_the_other_task(sample_script: Script) -> None:
    app = dashboard(sample_script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        task = app.known_tasks[0]
        await pilot.press("m")
        text = await settled(pilot)
        assert "Part of which task" in text
        assert any(day_and_time(other.started_at, NOW_MS) in text for other in app.known_tasks[1:])
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("enter")
        await settled(pilot)
        await pilot.press("v")
        assert "Turn 1 belongs to which task?" in await settled(pilot)
        await pilot.press("down", "enter")
        await settled(pilot)
        await edits_done(app)
        merge, move = feed(app).edits
    assert isinstance(merge, Merge)
    assert merge.task == task.id
    assert merge.into not in ("", task.id)
    assert isinstance(move, MoveTurn)
    assert (move.task, move.turn) == (task.id, 1)


async def test_after_a_merge_the_cursor_is_on_the_merged_task(sample_script: Script) -> None:
    gone: list[str] = []

    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        if made.tasks is None:
            return made
        return replace(made, tasks=replace(made.tasks, tasks=tuple(t for t in made.tasks.tasks if t.id not in gone)))

    app = dashboard(script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        table = app.screen.query_one("#tasks", Table)
        task, into = table.shown[0], table.shown[-1]
        feed(app).edit = lambda edit: gone.append(task.id) or Edited("joined", into.id)  # type: ignore[method-assign]
        app.edit(Merge(task.id, into=into.id))
        await edits_done(app)
        feed(app).hand_over()
        await settled(pilot)
        assert table.selected == into


async def test_another_task_is_one_of_the_persons_however_many_there_are(sample_script: Script) -> None:
    """Runs of programs are in the same folder at the same time, and would come first."""

    def script(request: ViewRequest) -> Snapshot:
        made = sample_script(request)
        if made.tasks is None:
            return made
        one = made.tasks.tasks[0]
        runs = [one._replace(id=f"run{number}", title=f"Run {number}") for number in range(60)]
        many = [one._replace(id=f"typed{number}", title=f"Typed {number}") for number in range(60)]
        tasks = (one, *runs, *many)
        return replace(made, tasks=replace(made.tasks, tasks=tasks, run_ids=frozenset(run.id for run in runs)))

    app = dashboard(script, start="tasks")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("m")
        text = await settled(pilot)
        assert "Typed 0" in text
        assert "Run 0" not in text
        await pilot.press("end")
        assert "Typed 59" in await settled(pilot)
