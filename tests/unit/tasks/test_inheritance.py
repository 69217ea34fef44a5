"""What a task inherited: baseline, what stood there when it began, its own content (MODEL section 3)."""

from tests.unit.tasks.making import RATES, call, event, records
from tracker.model.cost.chains import session_chains
from tracker.model.cost.inheritance import Origin, origins


def origins_of(calls, tasks, events=()):
    chain = session_chains(records(calls=calls, events=events), RATES)[""]
    return origins(chain, {(one.id, one.copied): task for one, task in zip(calls, tasks, strict=True)})


def growing(*sizes: int, output: int = 0):
    return [call(key, key * 10, input=0, write_5m=size, output=output) for key, size in enumerate(sizes, start=1)]


def test_the_first_task_inherits_nothing() -> None:
    found = origins_of(growing(1000, 2000, 3000), "aaa")
    assert set(found.values()) == {Origin(1000, 1000)}


def test_the_second_task_inherits_the_context_with_the_last_answer() -> None:
    found = origins_of(growing(1000, 2000, 3000, output=100), "aab")
    assert found[3] == Origin(1000, 2100)


def test_a_compaction_shrinks_the_inherited_part_in_proportion() -> None:
    # B 1000; task b began at 5000, grew to 9000; compaction leaves 3000: half of what stood above B was inherited.
    calls = growing(1000, 5000, 9000, 3000)
    found = origins_of(calls, "aabb", [event("compact", 35)])
    assert found[3] == Origin(1000, 5000)
    assert found[4] == Origin(1000, 1000 + 4000 * 2000 // 8000)


def test_a_cleared_context_inherits_nothing() -> None:
    found = origins_of(growing(1000, 5000, 1200), "aab", [event("clear", 25)])
    assert found[3] == Origin(1000, 1000)


def test_a_shorter_prompt_never_holds_more_than_itself() -> None:
    found = origins_of(growing(1000, 5000, 6000, 2000), "aabb")
    assert found[4].context_at_begin == 2000


def test_a_task_that_goes_on_after_another_keeps_its_beginning() -> None:
    found = origins_of(growing(1000, 2000, 3000, 4000), "abab")
    assert (found[3].context_at_begin, found[4].context_at_begin) == (1000, 1000)


def test_copies_give_the_context_and_are_not_counted() -> None:
    calls = [call(1, 10, write_5m=5000, input=0, output=0, copied=True), call(2, 20, write_5m=6000, input=0)]
    found = origins_of(calls, "ab")
    assert found == {2: Origin(5000, 5000)}


def test_a_plan_carried_out_with_a_cleared_context_inherits_nothing_of_its_planning() -> None:
    found = origins_of(growing(1000, 5000, 1200), "aab", [event("plan", 25)])
    assert found[3] == Origin(1000, 1000)
