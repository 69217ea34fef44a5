"""Every captured session against what its server billed."""

from pathlib import Path

import pytest

from store.reads.filter import EVERYTHING
from store.records import CallFlag
from tracker.hidden_spend import hidden_in

from .captured import DATA, SCENARIOS, STEPPED, Billed, billed_calls, step_names, tree, tree_after
from .dump import differences, dump
from .reading import ledger_of, take_in, write_tree

# Calls whose recorded output is below the true one, each with its reason; the flag has to be on them.
FLOORS = {
    ("v1_0_128", "msg_v1_0_1280002"): "client 1.0.128 wrote the call's four lines before its output was counted",
    ("v2_0_76", "msg_v2_0_760004"): "client 2.0.76 did so too",
}
# Old clients write the final output only by luck: these calls are right, but no line of theirs says so.
CLIENTS_WITHOUT_FINAL_COUNT = {"v1_0_128", "v2_0_76"}
# Scenarios in which recorded + hidden cannot be the true cost, each with its reason.
NO_CLIENT_TOTAL = {
    "v1_0_128": "client 1.0.128 leaves no total of its own",
    "v2_0_76": "client 2.0.76 leaves no total of its own",
}
NANO_PER_MICRODOLLAR = 1000


def recorded_calls(scenario: str) -> list[Billed]:
    """The billed calls that the transcripts hold."""
    return [call for call in billed_calls(scenario) if call.in_transcript]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_each_recorded_call_is_in_the_ledger_once_with_its_tokens_and_cost(scenario: str, tmp_path: Path) -> None:
    expected = {call.message_id: call for call in recorded_calls(scenario)}
    with ledger_of(tmp_path, DATA / scenario) as db:
        found = db.execute(
            "SELECT message_id, request_id, model, input, cache_read, write_5m, write_1h, output, cost, flags,"
            " chain.kind FROM call JOIN chain ON chain.id = chain_id"
        ).fetchall()
    assert sorted(row[0] for row in found) == sorted(expected)
    for message_id, request_id, model, *tokens, cost, flags, kind in found:
        call = expected[message_id]
        assert (request_id, model) == (call.request_id, call.model)
        if (scenario, message_id) in FLOORS:
            assert flags & CallFlag.OUTPUT_IS_FLOOR
            assert tuple(tokens[:4]) == call.tokens[:4]
            assert tokens[4] < call.tokens.output
            assert cost < call.cost
        else:
            assert tuple(tokens) == call.tokens
            assert cost == call.cost
        assert (kind == "subagent") == call.by_subagent


@pytest.mark.parametrize("scenario", sorted(set(SCENARIOS) - CLIENTS_WITHOUT_FINAL_COUNT))
def test_new_clients_output_is_not_called_a_floor(scenario: str, tmp_path: Path) -> None:
    with ledger_of(tmp_path, DATA / scenario) as db:
        assert db.execute("SELECT message_id FROM call WHERE flags & ?", (CallFlag.OUTPUT_IS_FLOOR,)).fetchall() == []


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_recorded_and_hidden_spend_make_up_the_true_cost(scenario: str, tmp_path: Path) -> None:
    true_cost = sum(call.cost for call in billed_calls(scenario))
    with ledger_of(tmp_path, DATA / scenario) as db:
        recorded = db.execute("SELECT SUM(cost) FROM call").fetchone()[0]
        hidden = hidden_in(db, EVERYTHING)
    if scenario in NO_CLIENT_TOTAL:
        assert hidden.cost is None, "unknown is not zero"
        assert recorded < true_cost
    else:
        assert hidden.cost is not None
        assert abs(recorded + hidden.cost - true_cost) <= NANO_PER_MICRODOLLAR


@pytest.mark.parametrize("scenario", sorted(set(SCENARIOS) - set(NO_CLIENT_TOTAL)))
def test_hidden_spend_by_model_is_what_the_unrecorded_requests_cost(scenario: str, tmp_path: Path) -> None:
    unrecorded: dict[str, int] = {}
    for call in billed_calls(scenario):
        if not call.in_transcript:
            unrecorded[call.model] = unrecorded.get(call.model, 0) + call.cost
    by_model: dict[str, int] = {}
    with ledger_of(tmp_path, DATA / scenario) as db:
        for session in hidden_in(db, EVERYTHING).rows:
            for model, cost in session.by_model.items():
                by_model[model] = by_model.get(model, 0) + cost
    assert set(by_model) == set(unrecorded)
    assert all(abs(by_model[model] - cost) <= NANO_PER_MICRODOLLAR for model, cost in unrecorded.items())


@pytest.mark.parametrize("scenario", STEPPED)
def test_reading_after_each_step_equals_reading_the_last_tree(scenario: str, tmp_path: Path) -> None:
    root = tmp_path / "claude"
    with ledger_of(tmp_path, root) as db:
        for step in step_names(scenario):
            write_tree(root, tree_after(scenario, step))
            take_in(db, root)
        in_steps = dump(db, root)
    whole = write_tree(tmp_path / "whole", tree(scenario))
    with ledger_of(tmp_path / "state", whole) as db:
        assert differences(in_steps, dump(db, whole)) == []


@pytest.mark.parametrize("scenario", STEPPED)
def test_every_step_already_has_the_calls_that_stand_in_its_tree(scenario: str, tmp_path: Path) -> None:
    """Nothing waits for a later line: what a tree shows is counted at once."""
    costs = {call.message_id: call.cost for call in recorded_calls(scenario)}
    for step in step_names(scenario):
        files = tree_after(scenario, step)
        standing = {one for one in costs if any(f'"{one}"'.encode() in content for content in files.values())}
        root = write_tree(tmp_path / step / "claude", files)
        with ledger_of(tmp_path / step, root) as db:
            assert dict(db.execute("SELECT message_id, cost FROM call")) == {one: costs[one] for one in standing}


def test_a_fork_of_a_printed_session_is_credited_with_its_own_call_only(tmp_path: Path) -> None:
    origin, fork = "14e838d0-e3c8-4c9e-8376-cdcfcb2ad601", "bea99b68-ff6e-459e-887f-df2784a94905"
    with ledger_of(tmp_path, DATA / "s08_resume_continue_fork") as db:
        made_in = dict(
            db.execute("SELECT message_id, session.native_id FROM call JOIN session ON session.id = session_id")
        )
    assert made_in == {"msg_s080001": origin, "msg_s080002": origin, "msg_s080003": origin, "msg_s080004": fork}


def test_a_background_agents_report_leads_back_to_the_turn_that_started_it(tmp_path: Path) -> None:
    with ledger_of(tmp_path, DATA / "s15_multitask_bgagent") as db:
        spawned = db.execute(
            "SELECT tool_use.spawned, turn.source_tool_use = tool_use.id FROM turn"
            " JOIN tool_use USING (session_id) WHERE turn.kind = 'notification' AND tool_use.spawned = turn.seen_agent"
        ).fetchall()
        agents = {row[0] for row in db.execute("SELECT key FROM chain WHERE kind = 'subagent'")}
    assert spawned
    assert all(agent in agents and same for agent, same in spawned)


def test_the_compaction_mark_keeps_the_sizes_that_the_client_gives(tmp_path: Path) -> None:
    with ledger_of(tmp_path, DATA / "s06_manual_compact") as db:
        marks = db.execute("SELECT detail, tokens_before, tokens_after FROM event WHERE kind = 'compact'").fetchall()
    assert len(marks) == 1
    assert marks[0][0] == "manual"
    assert marks[0][1] > 0


def test_a_plan_token_is_told_from_an_api_key_by_the_cache_lifetime_asked_for(tmp_path: Path) -> None:
    with ledger_of(tmp_path, DATA / "s25_oauth_ratelimits") as db:
        assert {row[0] for row in db.execute("SELECT billing FROM session")} == {"plan"}
