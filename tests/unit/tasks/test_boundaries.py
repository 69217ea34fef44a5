"""Hard boundaries, boundaries that are forbidden, and the score in between (MODEL section 2.1)."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.first_words import as_text, first_words
from store.records import EventKind, ToolFlag
from tests.unit.tasks.making import MINUTE, call, event, records, tool, turn
from tracker.model.tasks import word_weights
from tracker.model.tasks.boundaries import (
    WEIGHTS,
    Decision,
    Features,
    LocalPlacement,
    contributions,
    decide,
    score_of,
)
from tracker.model.tasks.prompt_words import (
    announces_new,
    brings_news,
    is_acknowledgement,
    is_continuation,
    is_finishing,
)
from tracker.model.tasks.turns import arrange

FIRST = "add retries to the uploader when the storage answers slowly"
OTHER = "Now I want to redesign the billing page: invoices as a table, filters by month, and a download of every row"


def decisions(made, said=None):
    return [verdict.decision for verdict in decide(arrange(made), made.session.agent, said or {})]


def groups(made, said=None):
    return [verdict.group for verdict in decide(arrange(made), made.session.agent, said or {})]


def after(text: str, *, minutes: float = 1, events=(), tools=(), **given):
    """Two prompts, the second `minutes` after the answer to the first."""
    at = round(20_000 + minutes * MINUTE)
    return records(
        calls=[call(1, 11, turn="a", first_at=11_000, last_at=20_000), call(2, 90, turn="b", first_at=at + 1000)],
        turns=[turn("a", 10, FIRST), turn("b", 50, text, at=at, echo=given.pop("echo", 0), **given)],
        tools=[
            tool("e1", 12, turn="a", name="Edit", target="/code/api/upload.py", flags=int(ToolFlag.EDIT)),
            *tools,
        ],
        events=events,
    )


def edits_elsewhere(of="b"):
    return [
        tool(
            f"e{number}", 90 + number, turn=of, name="Edit", target=f"/code/web/{number}.tsx", flags=int(ToolFlag.EDIT)
        )
        for number in (2, 3)
    ]


def test_the_first_turn_starts_the_first_task() -> None:
    assert decisions(records(turns=[turn("a", 10)])) == [Decision.FIRST]


def test_a_cleared_context_is_a_hard_boundary() -> None:
    made = after("yes", events=[event(EventKind.CLEAR, 40)])
    assert decisions(made) == [Decision.FIRST, Decision.FIRST]


def test_something_new_on_other_files_starts_a_task() -> None:
    made = after(OTHER, minutes=30, tools=edits_elsewhere())
    assert decisions(made) == [Decision.FIRST, Decision.START]


@pytest.mark.parametrize(
    "text",
    [
        "yes",
        "ok, go ahead",
        "2",
        "a",
        "a, please",
        "B",
        "option 3",
        "continue",
        "do both",
        "looks good",
        "I checked, it is",
    ],
)
def test_an_acknowledgement_never_starts_a_task_however_long_the_pause(text: str) -> None:
    assert decisions(after(text, minutes=600, tools=edits_elsewhere())) == [Decision.FIRST, Decision.NEVER]


@pytest.mark.parametrize(
    "text",
    ["next task: trim the CSS", "no, new feature: a dark mode", "A dark mode for the settings"],
)
def test_a_short_prompt_that_announces_something_new_is_no_acknowledgement(text: str) -> None:
    assert decisions(after(text, minutes=600, tools=edits_elsewhere())) == [Decision.FIRST, Decision.START]


def test_a_pause_splits_with_entirely_other_words_and_not_without() -> None:
    text = "please make the button a little wider there"
    assert decisions(after(text, minutes=6000, echo=500))[1] == Decision.CONTINUE
    assert decisions(after("and the icon?", minutes=6000))[1] == Decision.CONTINUE
    assert decisions(after(text, minutes=240))[1] == Decision.START
    assert decisions(after(text))[1] == Decision.CONTINUE


def test_a_compaction_is_no_boundary() -> None:
    made = after("still the same problem with slow uploads", events=[event(EventKind.COMPACT, 40)])
    assert decisions(made)[1] == Decision.CONTINUE


def test_a_rewind_is_no_boundary() -> None:
    made = after(OTHER, minutes=300, tools=edits_elsewhere(), events=[event(EventKind.REWIND, 50)])
    assert decisions(made)[1] == Decision.NEVER


def test_a_prompt_right_after_an_interruption_is_no_boundary() -> None:
    soon = after(OTHER, minutes=0.3, tools=edits_elsewhere(), events=[event(EventKind.INTERRUPT, 12, at=20_000)])
    assert decisions(soon)[1] == Decision.NEVER
    later = after(OTHER, minutes=30, tools=edits_elsewhere(), events=[event(EventKind.INTERRUPT, 12, at=20_000)])
    assert decisions(later)[1] == Decision.START


def test_the_same_prompt_again_is_no_boundary() -> None:
    assert decisions(after(FIRST, minutes=300, tools=edits_elsewhere()))[1] == Decision.NEVER


def test_a_command_sent_again_after_its_answer_may_begin_the_next_piece_of_work() -> None:
    command = "/project:next-story in the sprint file"
    made = records(
        calls=[call(1, 11, turn="a", first_at=11_000, last_at=20_000), call(2, 90, turn="b", first_at=80_000)],
        turns=[turn("a", 10, command, kind="command"), turn("b", 50, command, kind="command", at=70_000, echo=0)],
        tools=edits_elsewhere(),
    )
    assert decisions(made)[1] != Decision.NEVER


def test_a_prompt_put_in_other_words_before_it_was_answered_is_no_boundary() -> None:
    again = "redesign the billing page: invoices as a table, filters by month and by customer"
    made = records(
        calls=[call(1, 11, turn="a", first_at=11_000, last_at=20_000), call(2, 90, turn="c", first_at=40_000)],
        turns=[
            turn("a", 10, FIRST),
            turn("b", 30, OTHER, at=30_000, echo=0),
            turn("c", 50, again, at=35_000, echo=0),
        ],
        tools=edits_elsewhere("c"),
    )
    assert decisions(made)[2] == Decision.NEVER


def test_what_a_hook_of_the_client_says_is_no_boundary() -> None:
    made = after(f"Operation stopped by hook: {OTHER}", minutes=300, tools=edits_elsewhere())
    assert decisions(made)[1] == Decision.NEVER


def test_a_native_task_is_never_split() -> None:
    made = after(OTHER, minutes=300, tools=edits_elsewhere())
    assert decisions(made._replace(session=made.session._replace(agent="cline")))[1] == Decision.NEVER


def test_a_notification_is_on_its_origins_task_and_changes_nothing_for_the_next_prompt() -> None:
    made = records(
        calls=[call(1, 11, turn="a"), call(2, 21, turn="b"), call(3, 31, turn="n"), call(4, 41, turn="c")],
        turns=[
            turn("a", 10),
            turn("b", 20),
            turn("n", 30, kind="notification", source_tool_use="t1"),
            turn("c", 40, "yes"),
        ],
        tools=[tool("t1", 12, turn="a", spawned="x")],
    )
    assert groups(made, {1: LocalPlacement("start")}) == [0, 1, 0, 1]


def test_the_users_word_stands_above_every_rule() -> None:
    made = after("yes")
    assert decisions(made, {1: LocalPlacement("start")})[1] == Decision.START
    new = after(OTHER, minutes=30, tools=edits_elsewhere())
    assert decisions(new, {1: LocalPlacement("continue")})[1] == Decision.CONTINUE


def five_turns():
    return records(turns=[turn(name, 10 * place, f"prompt {name}") for place, name in enumerate("abcde", start=1)])


def test_a_joined_turn_takes_those_that_follow_along() -> None:
    assert groups(five_turns(), {2: LocalPlacement("start"), 3: LocalPlacement("join", 0)}) == [0, 0, 2, 0, 0]


def test_a_moved_turn_leaves_those_that_follow_where_they_were() -> None:
    assert groups(five_turns(), {2: LocalPlacement("start"), 3: LocalPlacement("move", 0)}) == [0, 0, 2, 0, 2]


def test_a_turn_moved_to_another_session_is_a_group_of_its_own() -> None:
    assert groups(five_turns(), {1: LocalPlacement("move")}) == [0, 1, 0, 0, 0]


def test_the_session_still_has_a_first_task_when_its_first_turn_was_moved_away() -> None:
    assert decisions(five_turns(), {0: LocalPlacement("move")})[:2] == [Decision.JOIN, Decision.FIRST]


def score_after(*, events=(), tools=(), text="rename the upload button"):
    made = after(text, events=events, tools=tools)
    found = decide(arrange(made), "claude-code")[1].score
    assert found is not None
    return found


def test_what_the_agent_does_about_the_prompt_counts_as_far_as_it_went() -> None:
    elsewhere = score_after(tools=edits_elsewhere())
    assert elsewhere == pytest.approx(score_after() + WEIGHTS.new_folders + WEIGHTS.other_edits)
    same = tool("e2", 92, turn="b", name="Edit", target="/code/api/upload.py", flags=int(ToolFlag.EDIT))
    assert score_after(tools=[same]) == pytest.approx(score_after())


def test_a_push_before_speaks_for_a_start_and_an_interruption_against() -> None:
    push = tool("c", 13, turn="a", name="Bash", flags=int(ToolFlag.PUSH), is_error=0)
    assert score_after(tools=[push]) == pytest.approx(score_after() + WEIGHTS.pushed)
    assert score_after(tools=[push._replace(is_error=1)]) == pytest.approx(score_after())
    stopped = event(EventKind.INTERRUPT, 30, at=21_000)
    assert score_after(events=[stopped]) == pytest.approx(score_after() + WEIGHTS.interrupted)


def test_the_agents_first_words_tell_how_it_took_the_prompt() -> None:
    def said(text: str) -> float:
        return score_after(events=[event(EventKind.REPLY, 91, detail=as_text(first_words(text, 40)))])

    assert said("Good catch, that is right") < score_after() < said("I'll help you implement")
    assert said("") == score_after()


def test_the_prompts_first_words_move_the_score() -> None:
    assert score_after(text="please also change it") < score_after(text="build the settings page")
    assert word_weights.of_prompt("") == 0


def test_neither_kind_of_first_words_starts_a_task_alone() -> None:
    assert max(WEIGHTS.wording, WEIGHTS.reply) < 1
    for known in word_weights.weights().values():
        heaviest = sorted(known, key=known.__getitem__)
        for words in (heaviest[:200], heaviest[-200:]):
            total = sum(map(known.__getitem__, words)) / math.sqrt(len(words)) / 600
            assert abs(total) > 1, "more than what may count"
    assert (
        word_weights.of_reply(
            sorted(word_weights.weights()["reply"], key=word_weights.weights()["reply"].__getitem__)[-200:]
        )
        == 1
    )


def test_only_the_turn_before_counts_and_not_the_task_so_far() -> None:
    """The last prompt has the first one's words and files: whether it is on that task must not matter."""
    made = records(
        calls=[call(number, 10 * number, turn=name) for number, name in enumerate("abc", start=1)],
        turns=[turn("a", 10, FIRST), turn("b", 20, "ok, and the colour of the frame"), turn("c", 30, FIRST + " today")],
        tools=[
            tool("e1", 11, turn="a", name="Edit", target="/code/api/upload.py", flags=int(ToolFlag.EDIT)),
            tool("e2", 21, turn="b", name="Edit", target="/code/web/frame.css", flags=int(ToolFlag.EDIT)),
            tool("e3", 31, turn="c", name="Edit", target="/code/api/upload.py", flags=int(ToolFlag.EDIT)),
        ],
    )
    turns = arrange(made)
    scores = [
        decide(turns, "claude-code", said)[2].score
        for said in ({1: LocalPlacement("start")}, {1: LocalPlacement("continue")})
    ]
    assert scores[0] == scores[1]
    features = decide(turns, "claude-code")[2].features
    assert features is not None
    assert (features.new_words, features.new_folders, features.other_edits) == (1, 1, 1)


def test_reasons_name_what_weighed_most() -> None:
    made = after(OTHER, minutes=30, tools=edits_elsewhere())
    verdict = decide(arrange(made), "claude-code")[1]
    assert verdict.reasons == "not about the last answer, other folders, other words than before"


@given(st.lists(st.floats(0, 1), min_size=len(Features._fields), max_size=len(Features._fields)))
def test_the_score_is_the_sum_of_its_contributions(values: list[float]) -> None:
    features = Features(*values)
    assert score_of(features) == pytest.approx(sum(contributions(features).values()))


@given(st.text(max_size=300), st.integers(0, 5000))
def test_any_text_can_be_judged(text: str, chars: int) -> None:
    is_acknowledgement(text, chars)
    is_continuation(text)
    is_finishing(text)
    announces_new(text)


@pytest.mark.parametrize(
    "text",
    [
        "commit this",
        "push",
        "/commit",
        "create a PR",
        "run the tests",
        "add unit tests for it",
        "there are merge conflicts now",
        "the build is still failing",
        "please see to the review comments",
        "now /code-review",
    ],
)
def test_last_steps_are_no_new_work(text: str) -> None:
    assert is_finishing(text)
    assert not announces_new(text)


@pytest.mark.parametrize(
    "text",
    [
        "still not working",
        "that doesn't work",
        "but why?",
        "$ make test",
        "Traceback (most recent call last)",
        "yes, the second way",
        "option b",
        "let's do 2 first",
    ],
)
def test_a_follow_up_continues_the_task(text: str) -> None:
    assert is_continuation(text)


@pytest.mark.parametrize(
    "text",
    [
        "ok, another bug",
        "moving on: the importer",
        "/team:add-todo dark mode",
        "what's next?",
        "great. next: the footer overlaps",
        "next one is the login page",
        "works. One issue though, the icon is gone",
        "three more things, first the header",
        "let's get back to the importer",
    ],
)
def test_phrases_that_announce_something_new_raise_the_score(text: str) -> None:
    assert announces_new(text)


@pytest.mark.parametrize(
    "text", ["I just noticed that the export is empty", "I'd like a dark theme", "there is a leak"]
)
def test_news_from_outside_the_talk(text: str) -> None:
    assert brings_news(text)


@pytest.mark.parametrize("text", ["ok lets get back to main", "switch to main and pull", "back to master please"])
def test_the_way_back_ends_a_task_and_starts_none(text: str) -> None:
    assert is_finishing(text)
