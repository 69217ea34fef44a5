"""A restored checkpoint: nothing that was seen is counted twice, nothing that was not is lost."""

from collections.abc import Callable
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from store.records import Batch, CallFlag, EventKind
from tracker.sources.base import ReadState
from tracker.sources.cline.deleted import Seen, account_deletions
from tracker.sources.cline.tokens import Recorded

ReadAll = Callable[..., Batch]
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ask"), st.integers(0, 50), st.integers(0, 50)),
        st.tuples(st.just("grow"), st.integers(0, 50), st.just(0)),
        st.tuples(st.just("restore"), st.integers(0, 6), st.just(0)),
        st.tuples(st.just("look"), st.just(0), st.just(0)),
        st.tuples(st.just("look between the two writes"), st.integers(0, 6), st.just(0)),
    ),
    max_size=30,
)


class Task:
    """A task as Cline keeps it, and a ledger that looks at it now and then."""

    def __init__(self) -> None:
        self.rows: dict[int, Recorded] = {}
        self.sums: dict[int, Recorded] = {}
        self.used = 0
        self.clock = 0
        self.seen = Seen()
        self.ledger: dict[int, int] = {}

    def ask(self, given_tokens: int, output: int) -> None:
        self.clock += 1
        self.rows[self.clock] = Recorded(given_tokens, output, 0, 0, 0)
        self.used += given_tokens + output

    def grow(self, output: int) -> None:
        """The newest request's answer goes on."""
        if self.rows and (newest := max(self.rows)) > max(self.sums, default=0):
            row = self.rows[newest]
            self.rows[newest] = row._replace(tokens_out=row.tokens_out + output)
            self.used += output

    def restore(self, keep: int, *, looked_at_between: bool = False) -> None:
        order = sorted(self.rows.keys() | self.sums.keys())
        gone = order[keep:]
        parts = [self.rows.pop(at) if at in self.rows else self.sums.pop(at) for at in gone]
        if looked_at_between:
            self.look()
        self.clock += 1
        total = Recorded(sum(part.tokens_in for part in parts), sum(part.tokens_out for part in parts), 0, 0, 0)
        self.sums[self.clock] = total

    def look(self) -> None:
        rest = account_deletions(self.seen, dict(self.rows), dict(self.sums), sums_hold_sums=True)
        for at, row in self.rows.items():
            self.ledger[at] = max(self.ledger.get(at, 0), row.total)
        for at, row in rest.items():
            self.ledger[at] = row.total


LOOK = ("look", 0, 0)
SEEN_THEN_UNSEEN = [("ask", 9, 9), LOOK, ("restore", 0, 0), LOOK, ("ask", 5, 5), ("restore", 1, 0), LOOK]
TWICE = [("ask", 9, 9), LOOK, ("restore", 0, 0), LOOK, LOOK, ("ask", 5, 5), LOOK, ("restore", 0, 0), LOOK]


@given(STEPS)
@example(SEEN_THEN_UNSEEN)
@example(TWICE)
@settings(max_examples=300)
def test_the_ledger_holds_all_usage_whenever_the_task_is_read(steps: list[tuple[str, int, int]]) -> None:
    task = Task()
    for what, first, second in steps:
        if what == "ask":
            task.ask(first, second)
        elif what == "grow":
            task.grow(first)
        elif what == "look":
            task.look()
        else:
            task.restore(first, looked_at_between=what != "restore")
    task.look()
    assert sum(task.ledger.values()) == task.used


def test_a_sum_of_rows_that_nobody_saw_is_a_call_of_its_own(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.request(4, 40, 100), rows.deleted(7, 70, 200, 300, 0.5)])
    batch = read_all(task.root)
    [kept, deleted] = batch.calls
    assert kept.chain == ""
    assert (deleted.input, deleted.output, deleted.write_5m, deleted.cache_read) == (7, 70, 200, 300)
    assert deleted.reported_cost == 500_000_000
    assert deleted.model == kept.model
    assert deleted.flags & CallFlag.ESTIMATED
    [chain] = [chain for chain in batch.chains if chain.key == deleted.chain]
    assert (chain.kind, chain.agent_type) == ("side", "rewound")
    assert EventKind.REWIND in {event.kind for event in batch.events}


def test_a_sum_of_rows_that_were_seen_adds_nothing(task: Any, rows: Any, read_all: ReadAll) -> None:
    states: dict[str, ReadState] = {}
    kept = [rows.say("task", "Go"), rows.request(4, 40, 100, cost=0.1)]
    gone = [rows.request(3, 30, 50, 100, cost=0.2), rows.say("text", "…")]
    task.write([*kept, *gone])
    assert len(read_all(task.root, states=states).calls) == 2
    task.write([*kept, rows.deleted(3, 30, 50, 100, 0.2)])
    assert read_all(task.root, states=states).calls == []


def test_of_a_sum_of_seen_and_unseen_rows_the_unseen_part_is_counted(task: Any, rows: Any, read_all: ReadAll) -> None:
    states: dict[str, ReadState] = {}
    begin = rows.say("task", "Go")
    task.write([begin, rows.request(3, 30, 50, 100, cost=0.2)])
    read_all(task.root, states=states)
    task.write([begin, rows.deleted(5, 50, 60, 300, 0.5)])
    [rest] = read_all(task.root, states=states).calls
    assert (rest.input, rest.output, rest.write_5m, rest.cache_read) == (2, 20, 10, 200)
    assert rest.reported_cost == 300_000_000


def test_a_sum_is_priced_even_if_no_request_is_left(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.deleted(7, 70, 200, 300, 0.5)])
    [deleted] = read_all(task.root).calls
    assert deleted.cost == 7 * 3_000 + 70 * 15_000 + 200 * 3_750 + 300 * 300


def test_a_sum_of_nothing_is_no_call(task: Any, rows: Any, read_all: ReadAll) -> None:
    task.write([rows.say("task", "Go"), rows.deleted(0, 0, 0, 0, 0)])
    assert read_all(task.root).calls == []
