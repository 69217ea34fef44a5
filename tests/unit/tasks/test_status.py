"""A status comes with its evidence; silence is none (MODEL section 2.2)."""

import pytest

from tracker.model.tasks.status import Evidence, GitFacts, Judged, TaskStatus, TurnFacts, judge, meets, settled

HOUR = 3_600_000
DAY = 24 * HOUR


def facts(**given: object) -> TurnFacts:
    return TurnFacts(**({"text": "go", "kind": "prompt", "ending": "normal"} | given))  # type: ignore[arg-type]


EDIT = facts(edited=("/a",))


@pytest.mark.parametrize("also", [{}, {"check_passed": True}, {"next_starts_other": True}])
def test_a_question_is_completed_by_its_answer(also: dict[str, object]) -> None:
    assert judge([facts(**also)]) == Judged(TaskStatus.COMPLETED, Evidence.QUESTION)


@pytest.mark.parametrize(
    ("file", "is_work"),
    [
        ("/Users/ada/.claude/plans/calm-green-newt.md", False),
        ("/home/ada/.claude/projects/-code-api/memory/MEMORY.md", False),
        ("C:\\Users\\ada\\.claude\\plans\\calm-green-newt.md", False),
        ("/tmp/claude-1000/-code-api/85307e10-87a7-49ab-b5ae-047efbfbd20c/scratchpad/notes.md", False),
        ("/code/api/.claude/plans/calm-green-newt.md", True),
        ("/home/ada/.claude/skills/review/SKILL.md", True),
        ("/tmp/claude-1000/notes.md", True),
    ],
)
def test_a_file_that_the_agent_keeps_for_itself_is_no_work_left_undone(file: str, is_work: bool) -> None:
    answered = Judged(TaskStatus.COMPLETED, Evidence.QUESTION)
    assert judge([facts(edited=(file,))]) == (judge([EDIT]) if is_work else answered)
    assert judge([facts(edited=(file, "/a"))]) == judge([EDIT])


def test_edits_without_a_signal_are_open_and_abandoned_once_work_goes_on_elsewhere() -> None:
    judged = judge([EDIT])
    assert judged == Judged(TaskStatus.OPEN, None, TaskStatus.ABANDONED)
    late = {"now": 10 * DAY}
    assert settled(judged.status, judged.if_left, 0, latest_activity=DAY - 1, **late) == TaskStatus.OPEN
    assert settled(judged.status, judged.if_left, 0, latest_activity=DAY, **late) == TaskStatus.ABANDONED


@pytest.mark.parametrize("ending", ["interrupted", "error"])
def test_an_interrupted_task_is_open_for_a_day(ending: str) -> None:
    judged = judge([EDIT, facts(has_commit=True), facts(ending=ending)])
    assert judged == Judged(TaskStatus.OPEN, None, TaskStatus.INTERRUPTED)
    assert settled(judged.status, judged.if_left, 0, now=DAY - 1, latest_activity=0) == TaskStatus.OPEN
    assert settled(judged.status, judged.if_left, 0, now=DAY, latest_activity=0) == TaskStatus.INTERRUPTED


@pytest.mark.parametrize(
    ("turns", "evidence"),
    [
        ([EDIT, facts(has_commit=True)], Evidence.GIT),
        ([EDIT, facts(has_pull_request=True)], Evidence.GIT),
        ([EDIT, facts(is_completion=True)], Evidence.COMPLETION),
        ([EDIT, facts(check_passed=True)], Evidence.CHECK),
        ([EDIT, facts(check_passed=True), facts()], Evidence.CHECK),
        ([EDIT, facts(is_completion=True), facts()], Evidence.COMPLETION),
        ([EDIT, facts(todos_closed=3, todos_entries=3)], Evidence.TODOS),
        ([EDIT, facts(todos_closed=3, todos_entries=3), facts()], Evidence.TODOS),
        ([EDIT, facts(todos_closed=1, todos_entries=3), facts(todos_closed=3, todos_entries=3)], Evidence.TODOS),
        ([EDIT, facts(todos_closed=0, todos_entries=2), facts(todos_closed=2, todos_entries=0)], Evidence.TODOS),
        (
            [
                EDIT,
                facts(todos_entries=2),
                facts(todos_closed=1, todos_entries=1),
                facts(todos_closed=2, todos_entries=0),
            ],
            Evidence.TODOS,
        ),
        ([facts(edited=("/a",), next_starts_other=True)], Evidence.MOVED_ON),
    ],
)
def test_each_signal_completes_a_task(turns: list[TurnFacts], evidence: str) -> None:
    assert judge(turns) == Judged(TaskStatus.COMPLETED, evidence)


@pytest.mark.parametrize(
    "turns",
    [
        [EDIT, facts(check_passed=True), EDIT],  # edited after the check
        [EDIT, facts(check_passed=True), facts(check_passed=False)],
        [EDIT, facts(has_commit=True), facts(edited=("/a",), check_passed=False)],
        [EDIT, facts(todos_closed=3, todos_entries=3), facts(todos_closed=1, todos_entries=3)],
        [EDIT, facts(is_completion=True), facts(is_feedback=True)],
        [EDIT, facts(check_passed=True, ending="running")],
        [EDIT, facts(next_starts_other=True, ending="running")],
        [facts(edited=("/a",), next_starts_other=True), EDIT],
        [EDIT, facts(todos_entries=2), facts(todos_closed=1, todos_entries=0)],
        [EDIT, facts(todos_closed=0, todos_entries=0)],
        [EDIT, facts(todos_closed=1)],
    ],
)
def test_a_later_negative_signal_takes_it_back(turns: list[TurnFacts]) -> None:
    assert judge(turns).status == TaskStatus.OPEN


def test_the_strongest_signal_is_named() -> None:
    assert judge([facts(edited=("/a",), check_passed=True, has_commit=True)]).evidence == Evidence.GIT


def test_repositories_confirm_and_take_back() -> None:
    assert judge([EDIT], GitFacts(has_commit=True)) == Judged(TaskStatus.COMPLETED, Evidence.GIT)
    assert judge([EDIT, facts(has_commit=True)], GitFacts(is_reverted=True)) == Judged(
        TaskStatus.REVERTED, Evidence.GIT
    )


def test_a_prompt_that_waits_for_its_answer_keeps_a_task_open() -> None:
    judged = judge([facts(ending="running")])
    assert judged == Judged(TaskStatus.OPEN, None), "and nothing becomes of it if it is left"
    assert settled(judged.status, judged.if_left, 0, now=9 * DAY, latest_activity=9 * DAY) == TaskStatus.OPEN


def test_time_changes_no_task_that_is_settled() -> None:
    known = settled(TaskStatus.COMPLETED, TaskStatus.ABANDONED, 0, now=9 * DAY, latest_activity=9 * DAY)
    assert known == TaskStatus.COMPLETED


def test_the_least_signal_that_counts_can_be_chosen() -> None:
    assert meets(Evidence.GIT, Evidence.CHECK)
    assert meets(Evidence.CHECK, Evidence.CHECK)
    assert not meets(Evidence.MOVED_ON, Evidence.CHECK)
    assert meets(Evidence.QUESTION, None)
