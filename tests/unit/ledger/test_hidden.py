"""Hidden spend of sessions that are written here: what the client's counter has beyond the records."""

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from store.reads.filter import EVERYTHING, Filter
from store.samples import StatusSample, put_samples
from tracker.hidden_spend import hidden_in, hidden_spend

from .counters import CENT, COUNTED_FROM, counter
from .plain import COST, FILE, MODEL, OTHER, OTHER_FILE, SESSION, answer, at, encoded, prompt, session_of
from .reading import ledger_of, write_tree


def of_both(place: Path, files: dict[str, bytes]) -> dict[str, int | None]:
    """Hidden spend by session."""
    with ledger_of(place, write_tree(place / "claude", files)) as db:
        return {row.session: row.cost for row in hidden_in(db, EVERYTHING).rows}


def test_a_session_without_a_recorded_call_counts(tmp_path: Path) -> None:
    files = {
        FILE: encoded(prompt("/btw what is this"), counter(0, 25 * CENT)),
        OTHER_FILE: encoded(prompt(session=OTHER), answer(1, OTHER), counter(1, 10 * CENT, OTHER)),
    }
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
        for chosen in (Filter(), Filter(agent="claude-code"), Filter(since="2026-11-20", until="2026-11-20", utc=True)):
            found = hidden_in(db, chosen)
            assert (found.cost, found.sessions) == (35 * CENT, 2)


def test_it_stands_on_the_day_of_the_last_word_and_on_no_other(tmp_path: Path) -> None:
    next_day: dict[str, Any] = {"timestamp": "2026-11-21T09:00:00.000Z"}
    lines = [prompt(), answer(1), counter(1, 3 * CENT), prompt(second=2), answer(3, **next_day), counter(2, 5 * CENT)]
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", {FILE: encoded(*lines)})) as db:
        by_day = [hidden_in(db, Filter(since=day, until=day, utc=True)).cost for day in ("2026-11-20", "2026-11-21")]
    assert by_day == [None, 5 * CENT]


@pytest.mark.parametrize(("model", "cost"), [(MODEL, 5 * CENT), ("claude-haiku-5-5", 0)])
def test_it_is_known_by_model(model: str, cost: int, tmp_path: Path) -> None:
    files = {FILE: encoded(prompt(), answer(1), counter(1, 5 * CENT))}
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
        assert hidden_in(db, Filter(model=model)).cost == cost


@pytest.mark.parametrize("models", [{}, None, {MODEL: None}])
def test_a_total_without_models_is_not_split_by_model(models: Any, tmp_path: Path) -> None:
    files = {FILE: encoded(prompt(), answer(1), {**counter(1, 5 * CENT), "modelUsage": models})}
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
        assert hidden_in(db, Filter(model=MODEL)).cost is None
        assert hidden_in(db, Filter(branch="(unknown)")).cost is None
        assert hidden_in(db, Filter()).cost == 5 * CENT


def test_a_total_without_a_session_belongs_to_its_files_session(tmp_path: Path) -> None:
    total = counter(1, 5 * CENT)
    del total["sessionId"]
    assert of_both(tmp_path, {FILE: encoded(prompt(), answer(1), total)}) == {SESSION: 5 * CENT}


UNPRICED = {"model": "claude-unheard-of"}


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ([answer(1, message=UNPRICED), counter(1, 5 * CENT)], "a model without a price"),
        ([answer(1), {**counter(1, 5 * CENT), "hasUnknownModelCost": True}], "a model without a price"),
        ([answer(1), answer(2), counter(1, 0)], "the client's total is below what it recorded"),
        ([answer(1), counter(1, -1000)], None),
        ([answer(1), counter(1, -1001)], "the client's total is below what it recorded"),
    ],
)
def test_hidden_spend_is_unknown_for_an_untrusted_counter(
    lines: list[dict[str, Any]], why: str | None, tmp_path: Path
) -> None:
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", {FILE: encoded(prompt(), *lines)})) as db:
        (row,) = hidden_in(db, EVERYTHING).rows
        by_model = hidden_in(db, Filter(model=MODEL))
    assert (row.session, row.cost, row.by_model, row.why) == (SESSION, 0 if why is None else None, {}, why)
    assert (by_model.cost, by_model.sessions) == (row.cost, int(why is None)), "nor by model"


@pytest.mark.parametrize(("nano", "counted"), [(1000, 0), (1001, 1001)])
def test_what_the_clients_rounding_adds_is_not_hidden(nano: int, counted: int, tmp_path: Path) -> None:
    with ledger_of(
        tmp_path, write_tree(tmp_path / "claude", {FILE: encoded(prompt(), answer(1), counter(1, nano))})
    ) as db:
        (row,) = hidden_in(db, EVERYTHING).rows
    assert (row.cost, row.by_model) == (counted, {MODEL: counted} if counted else {})


def copied(*lines: dict[str, Any]) -> list[dict[str, Any]]:
    """Lines of SESSION as `--fork-session` copies them into OTHER."""
    mark = {"requestSessionId": SESSION}
    return [{**line, "sessionId": OTHER, **(mark if line["type"] == "assistant" else {})} for line in lines]


class TestForks:
    """A fork's counter goes on from its parent's total; what is hidden in that is the parent's."""

    history = (prompt(), answer(1))
    parent = (*history, counter(1, 10 * CENT))
    # The file of a printed session begins with the time of its own start, that of an interactive one with the copy.
    starts = pytest.mark.parametrize(
        "start", [[], [{"type": "queue-operation", "timestamp": "2026-11-20T12:01:00.000Z", "sessionId": OTHER}]]
    )

    def fork(self, start: list[dict[str, Any]], *own: dict[str, Any]) -> bytes:
        return encoded(*start, *copied(*self.history), prompt("more", OTHER, 60), *own)

    @starts
    def test_the_parent_may_go_on(self, start: list[dict[str, Any]], tmp_path: Path) -> None:
        fork = self.fork(start, answer(61, OTHER), counter(2, 10 * CENT, OTHER))
        resumed = encoded(*self.parent, prompt(second=120), answer(121), counter(2, 12 * CENT))
        for place, parent, hidden in (("before", encoded(*self.parent), 10), ("after", resumed, 12)):
            assert of_both(tmp_path / place, {FILE: parent, OTHER_FILE: fork}) == {SESSION: hidden * CENT, OTHER: 0}

    @starts
    def test_without_a_call_of_its_own_it_hides_what_it_added(
        self, start: list[dict[str, Any]], tmp_path: Path
    ) -> None:
        files = {FILE: encoded(*self.parent), OTHER_FILE: self.fork(start, counter(1, 13 * CENT, OTHER))}
        assert of_both(tmp_path, files) == {SESSION: 10 * CENT, OTHER: 3 * CENT}

    @starts
    def test_a_parent_with_several_counters(self, start: list[dict[str, Any]], tmp_path: Path) -> None:
        """After a crash the client counts from nothing; the fork goes on from the counter that it shares."""
        crashed = {**counter(1, 40 * CENT), "startTime": COUNTED_FROM - 1}
        later = {**counter(0, 20 * CENT), "startTime": COUNTED_FROM + 10**9}
        parent = [prompt(), answer(1), crashed, counter(1, 10 * CENT), prompt(second=130), later]
        files = {
            FILE: encoded(*parent),
            OTHER_FILE: self.fork(start, answer(61, OTHER), counter(2, 11 * CENT, OTHER)),
        }
        assert of_both(tmp_path, files)[OTHER] == CENT

    def test_a_call_after_the_parents_last_total_is_in_neither(self, tmp_path: Path) -> None:
        """The parent crashed; the fork copies all of its calls, and its counter has those of the last total only."""
        history = [prompt(), answer(1), counter(1, 10 * CENT), answer(2)]
        copy = copied(*(line for line in history if line["type"] != "cost-state"))
        fork = encoded(*copy, prompt("more", OTHER, 60), answer(61, OTHER), counter(2, 11 * CENT, OTHER))
        assert of_both(tmp_path, {FILE: encoded(*history), OTHER_FILE: fork}) == {SESSION: 10 * CENT, OTHER: CENT}

    def test_of_a_parent_that_is_gone_the_copies_count(self, tmp_path: Path) -> None:
        fork = self.fork([], answer(61, OTHER), counter(2, 10 * CENT, OTHER))
        assert of_both(tmp_path, {OTHER_FILE: fork}) == {OTHER: 10 * CENT}

    def test_of_the_parents_totals_of_one_counter_the_latest_before_the_fork_is_its_own(self, tmp_path: Path) -> None:
        parent = [*self.history, counter(1, 4 * CENT), counter(1, 10 * CENT)]
        fork = self.fork([], answer(61, OTHER), counter(2, 11 * CENT, OTHER))
        assert of_both(tmp_path, {FILE: encoded(*parent), OTHER_FILE: fork}) == {SESSION: 10 * CENT, OTHER: CENT}

    @pytest.mark.parametrize("maker", [{}, {"requestSessionId": SESSION}], ids=["before 2.1.329", "since"])
    def test_a_branch_counts_from_nothing(self, maker: dict[str, str], tmp_path: Path) -> None:
        mark = {"sessionId": OTHER, "forkedFrom": {"sessionId": SESSION, "messageUuid": "x"}, **maker}
        copies = [{**line, **mark} for line in self.history]
        branch = encoded(*copies, prompt("more", OTHER, 60), answer(61, OTHER), counter(1, 3 * CENT, OTHER))
        files = {FILE: encoded(*self.parent), OTHER_FILE: branch}
        assert of_both(tmp_path, files) == {SESSION: 10 * CENT, OTHER: 3 * CENT}

    @pytest.mark.parametrize("maker", [{}, {"requestSessionId": SESSION}], ids=["before 2.1.329", "since"])
    def test_a_fork_of_a_branch_goes_on_from_the_branchs_total(self, maker: dict[str, str], tmp_path: Path) -> None:
        """It has the lines that `/branch` copied too, still marked as such."""
        mark = {"forkedFrom": {"sessionId": SESSION, "messageUuid": "x"}, **maker}
        third = "fork-of-the-branch"
        branched = {**counter(1, 3 * CENT, OTHER), "startTime": milliseconds(60)}
        own = [prompt("more", OTHER, 60), answer(61, OTHER)]
        copies = [{**line, **mark, "sessionId": OTHER} for line in self.history]
        forked = [{**line, "sessionId": third} for line in (*copies, own[0], {**own[1], "requestSessionId": OTHER})]
        total = {**counter(2, 4 * CENT, third), "startTime": milliseconds(60)}
        files = {
            FILE: encoded(*self.parent),
            OTHER_FILE: encoded(*copies, *own, branched),
            FILE.replace(SESSION, third): encoded(*forked, prompt("on", third, 120), answer(121, third), total),
        }
        with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
            hidden = {row.session: row.cost for row in hidden_in(db, EVERYTHING).rows}
        assert hidden == {SESSION: 10 * CENT, OTHER: 3 * CENT, third: CENT}

    def test_by_model_too_it_is_the_parents(self, tmp_path: Path) -> None:
        fork = self.fork([], answer(61, OTHER), counter(2, 11 * CENT, OTHER))
        root = write_tree(tmp_path / "claude", {FILE: encoded(*self.parent), OTHER_FILE: fork})
        with ledger_of(tmp_path, root) as db:
            rows = {row.session: row.by_model for row in hidden_in(db, EVERYTHING).rows}
        assert rows == {SESSION: {MODEL: 10 * CENT}, OTHER: {MODEL: CENT}}


def milliseconds(second: int) -> int:
    """The time of a line, since the epoch."""
    return round(datetime.fromisoformat(at(second)).timestamp() * 1000)


class TestStatusLine:
    """Its readings stand in where no total closed the client's counter: the client runs, or was killed."""

    def hidden(self, place: Path, files: dict[str, bytes], *samples: StatusSample) -> dict[str, int | None]:
        with ledger_of(place, write_tree(place / "claude", files)) as db:
            put_samples(db, samples)
            return {row.session: row.cost for row in hidden_in(db, EVERYTHING).rows}

    def reading(self, second: int, calls: int, hidden: int, session: str = SESSION) -> StatusSample:
        return StatusSample(session, milliseconds(second), calls * COST + hidden, COUNTED_FROM + 50)

    def test_a_client_that_still_runs(self, tmp_path: Path) -> None:
        files = {FILE: encoded(prompt(), answer(1))}
        assert self.hidden(tmp_path / "a", files, self.reading(2, 1, 0), self.reading(5, 1, 5 * CENT)) == {
            SESSION: 5 * CENT
        }
        assert self.hidden(tmp_path / "b", files) == {}, "unknown without it"

    def test_a_call_after_the_reading_is_not_in_it(self, tmp_path: Path) -> None:
        files = {FILE: encoded(prompt(), answer(1), answer(20))}
        assert self.hidden(tmp_path, files, self.reading(5, 1, 5 * CENT)) == {SESSION: 5 * CENT}

    def test_the_written_total_takes_its_place(self, tmp_path: Path) -> None:
        files = {FILE: encoded(prompt(), answer(1), counter(1, 6 * CENT))}
        assert self.hidden(tmp_path, files, self.reading(5, 1, 5 * CENT)) == {SESSION: 6 * CENT}

    def test_a_client_that_was_killed_and_resumed(self, tmp_path: Path) -> None:
        """It counts from nothing again, and its total has the second run only."""
        second_run = {**counter(1, 2 * CENT), "startTime": milliseconds(28_790)}
        files = {FILE: encoded(prompt(), answer(1), prompt(second=28_800), answer(28_801), second_run)}
        assert self.hidden(tmp_path / "a", files, self.reading(5, 1, 5 * CENT)) == {SESSION: 7 * CENT}
        assert self.hidden(tmp_path / "b", files) == {SESSION: 2 * CENT}

    def test_a_client_that_was_resumed_after_it_had_left(self, tmp_path: Path) -> None:
        """Its counter goes on from the total that it wrote; without the status line only that much is known."""
        files = {FILE: encoded(prompt(), answer(1), counter(1, 6 * CENT), prompt(second=60), answer(61))}
        first, second = self.reading(5, 1, 5 * CENT), self.reading(65, 2, 9 * CENT)
        assert self.hidden(tmp_path / "a", files, first, second) == {SESSION: 9 * CENT}
        assert self.hidden(tmp_path / "b", files, second) == {SESSION: 9 * CENT}
        assert self.hidden(tmp_path / "c", files, first) == {SESSION: 6 * CENT}
        files[FILE] += encoded(counter(2, 10 * CENT))
        assert self.hidden(tmp_path / "d", files, first, second) == {SESSION: 10 * CENT}

    @pytest.mark.parametrize("later", [0, 2 * CENT])
    def test_of_a_run_that_no_total_closed_nothing_is_known_where_the_others_hide_nothing(
        self, later: int, tmp_path: Path
    ) -> None:
        """Unknown is not nothing."""
        before = {**counter(1, 0), "startTime": milliseconds(50)}
        resumed = {FILE: encoded(prompt(), answer(1), counter(1, 0), prompt(second=60), answer(61))}
        killed = {FILE: encoded(prompt(), answer(1), prompt(second=60), answer(61), before)}
        assert self.hidden(tmp_path / "a", resumed) == {SESSION: None}
        assert self.hidden(tmp_path / "b", killed) == {SESSION: None}
        assert self.hidden(tmp_path / "c", resumed, self.reading(65, 2, later)) == {SESSION: later}
        assert self.hidden(tmp_path / "d", resumed, self.reading(65, 1, 0)) == {SESSION: None}, "read too early"

    def test_hidden_spend_is_unknown_after_a_killed_client_is_resumed(self, tmp_path: Path) -> None:
        """Resumed twice since its last total: the second time it may begin at that total or at nothing."""
        runs = [prompt(second=60), answer(61), prompt(second=120), answer(121)]
        files = {FILE: encoded(prompt(), answer(1), counter(1, 6 * CENT), *runs)}
        third = StatusSample(SESSION, milliseconds(125), 2 * COST + 8 * CENT, milliseconds(118))
        assert self.hidden(tmp_path, files, self.reading(65, 2, 9 * CENT), third) == {SESSION: 9 * CENT}

    def test_a_client_that_was_killed_twice(self, tmp_path: Path) -> None:
        files = {FILE: encoded(prompt(), answer(1), prompt(second=28_800), answer(28_801))}
        second_run = StatusSample(SESSION, milliseconds(28_805), COST + 2 * CENT, milliseconds(28_790))
        assert self.hidden(tmp_path, files, self.reading(5, 1, 5 * CENT), second_run) == {SESSION: 7 * CENT}

    def test_a_reading_below_the_records_says_nothing(self, tmp_path: Path) -> None:
        files = {FILE: encoded(prompt(), answer(1), answer(2))}
        assert self.hidden(tmp_path, files, self.reading(5, 1, 0)) == {}

    def test_what_a_forks_counter_began_with_is_not_known(self, tmp_path: Path) -> None:
        fork = encoded(*copied(prompt(), answer(1)), prompt("more", OTHER, 60), answer(61, OTHER))
        files = {FILE: encoded(prompt(), answer(1), counter(1, 10 * CENT)), OTHER_FILE: fork}
        assert self.hidden(tmp_path, files, self.reading(65, 2, 10 * CENT, OTHER)) == {SESSION: 10 * CENT}

    def test_hidden_spend_is_unknown_before_the_transcript_is_read(self, tmp_path: Path) -> None:
        """A fork writes none until its first prompt, and its counter stands at its parent's total already."""
        files = {FILE: encoded(prompt(), answer(1), counter(1, 10 * CENT))}
        assert self.hidden(tmp_path, files, self.reading(65, 1, 10 * CENT, OTHER)) == {SESSION: 10 * CENT}

    @pytest.mark.parametrize("second_began", [3, 8])
    def test_hidden_spend_is_unknown_for_two_terminals_at_once(self, second_began: int, tmp_path: Path) -> None:
        """Each counts its own calls: the first is read at the seconds 5, 13 and 17, the other at 11 and 15."""
        files = {FILE: encoded(prompt(), *map(answer, (1, 2, 4, 10, 12, 14, 16)))}
        first = [self.reading(second, calls, 0) for second, calls in ((5, 3), (13, 4), (17, 5))]
        start = milliseconds(second_began)
        second = [StatusSample(SESSION, milliseconds(at), calls * COST, start) for at, calls in ((11, 1), (15, 2))]
        for place, readings in (("two", [*first[:2], second[0]]), ("all", [*first, *second])):
            assert self.hidden(tmp_path / place, files, *readings) == {}

    def test_a_counter_that_may_hold_older_calls_says_nothing(self, tmp_path: Path) -> None:
        """A client that writes no totals was resumed; its counter goes on, from as long ago as it ran before."""
        files = {FILE: encoded(prompt(), answer(1), prompt(second=3600), answer(3601))}
        reading = StatusSample(SESSION, milliseconds(3605), 2 * COST, milliseconds(3590))
        assert self.hidden(tmp_path, files, reading) == {}

    def test_an_older_clients_resumed_session_begins_with_what_it_copied(self, tmp_path: Path) -> None:
        """It copied the history into a file of its own, unmarked, and counted on."""
        start = {"type": "queue-operation", "timestamp": at(60), "sessionId": OTHER}
        own = [prompt("more", OTHER, 61), answer(62, OTHER)]
        files = {
            FILE: encoded(prompt(), answer(1)),
            OTHER_FILE: encoded(start, prompt(session=OTHER), answer(1, OTHER), *own),
        }
        assert self.hidden(tmp_path, files, self.reading(65, 2, 0, OTHER)) == {}

    def test_a_counter_that_older_clients_do_not_begin_anew_says_nothing_of_the_second_session(
        self, tmp_path: Path
    ) -> None:
        """After `/clear`, client 2.1.90 counts on: what the first session cost would stand there as hidden."""
        files = {
            FILE: encoded(prompt(), answer(1)),
            OTHER_FILE: encoded(prompt("something else", OTHER, 10), answer(11, OTHER)),
        }
        first, second = self.reading(5, 1, CENT), self.reading(15, 2, 2 * CENT, OTHER)
        assert self.hidden(tmp_path / "a", files, first, second) == {SESSION: CENT}
        resumed = self.reading(25, 2, 3 * CENT)
        assert self.hidden(tmp_path / "b", files, first, second, resumed) == {}, "the first goes on after the second"

    def test_of_such_a_second_session_nothing_is_known_either_when_it_is_looked_at_alone(self, tmp_path: Path) -> None:
        """A rebuild asks for the sessions that changed, not for all."""
        files = {
            FILE: encoded(prompt(), answer(1)),
            OTHER_FILE: encoded(prompt("something else", OTHER, 10), answer(11, OTHER)),
        }
        second = StatusSample(OTHER, milliseconds(15), 2 * (COST + CENT), COUNTED_FROM + 50 + 1000)
        with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
            put_samples(db, [self.reading(5, 1, CENT), second])
            ids = dict(db.execute("SELECT native_id, id FROM session").fetchall())
            assert hidden_spend(db, [ids[SESSION]]).cost == CENT
            assert hidden_spend(db, [ids[OTHER]]).cost is None

    def test_clients_started_one_after_the_other_count_for_themselves(self, tmp_path: Path) -> None:
        files = {
            FILE: encoded(prompt(), answer(1)),
            OTHER_FILE: encoded(prompt("something else", OTHER, 10), answer(11, OTHER)),
        }
        second = StatusSample(OTHER, milliseconds(15), COST + CENT, COUNTED_FROM + 50 + 1001)
        assert self.hidden(tmp_path, files, self.reading(5, 1, CENT), second) == {SESSION: CENT, OTHER: CENT}

    def test_it_stands_on_the_day_of_the_reading(self, tmp_path: Path) -> None:
        with ledger_of(tmp_path, write_tree(tmp_path / "claude", {FILE: encoded(prompt(), answer(1))})) as db:
            put_samples(db, [self.reading(5, 1, 5 * CENT)])
            by_day = [
                hidden_in(db, Filter(since=day, until=day, utc=True)).cost for day in ("2026-11-20", "2026-11-21")
            ]
            assert by_day == [5 * CENT, None]
            assert hidden_in(db, Filter(model=MODEL)).cost is None, "it is not told by model"


def subagent(*lines: dict[str, Any]) -> dict[str, bytes]:
    """A subagent's file of SESSION."""
    marked = [{**line, "isSidechain": True, "agentId": "a1"} for line in lines]
    return {f"-home-dev-app/{SESSION}/subagents/agent-a1.jsonl": encoded(*marked)}


def test_a_background_agent_that_outlasts_the_main_chain_is_recorded(tmp_path: Path) -> None:
    files = {FILE: encoded(prompt(), answer(1), counter(2, 0)), **subagent(prompt(second=2), answer(40))}
    assert of_both(tmp_path / "alone", files) == {SESSION: 0}
    files[OTHER_FILE] = session_of(9, OTHER, first=3)
    assert of_both(tmp_path / "beside", files) == {SESSION: 0}, "another session that goes on ends nothing"


def test_an_agent_of_the_next_run_is_not_in_the_total_of_the_last(tmp_path: Path) -> None:
    """The resumed client has not written its total yet."""
    main = encoded(prompt(), answer(1), counter(1, 10 * CENT), prompt(second=3600), answer(3601))
    files = {FILE: main, **subagent(prompt(second=3602), answer(3603))}
    assert of_both(tmp_path, files) == {SESSION: 10 * CENT}
