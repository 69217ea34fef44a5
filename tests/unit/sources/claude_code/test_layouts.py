"""Where transcripts lie, in every version's layout, and which chain a file's calls belong to (sections 1.1 and 1.4)."""

from pathlib import Path
from typing import Any

import pytest

from tests.unit.ledger.plain import FILE, SESSION, answer, encoded, prompt
from tests.unit.ledger.reading import ledger_of, write_tree
from tracker.rebuild import rebuild
from tracker.sources.claude_code import ClaudeCodeSource

from .reading import batch_of, embedded, result_line, use_line

AGENT_LINE: dict[str, Any] = {"isSidechain": True, "agentId": "ab1"}


def found(*roots: Path) -> list[str]:
    """Names below `projects` of the files that are found."""
    return sorted(file.path.partition("/projects/")[2] for root in roots for file in ClaudeCodeSource().discover(root))


def test_transcripts_are_found_at_any_depth(tmp_path: Path) -> None:
    names = [
        FILE,
        "-home-dev-app/agent-1a2b3c4.jsonl",
        f"-home-dev-app/{SESSION}/subagents/agent-ab1.jsonl",
        f"-home-dev-app/{SESSION}/subagents/agent-ab1.meta.json",
        f"-home-dev-app/{SESSION}/subagents/workflows/run1/agent-cd2.jsonl",
    ]
    others = {
        "-home-dev-app/memory/notes.md": b"",
        "-home-dev-app/x.jsonl.bak": b"",
        "-home-dev-app/other.meta.json": b"{}",
    }
    write_tree(tmp_path, dict.fromkeys(names, b"") | others)
    assert found(tmp_path) == sorted(names)


def test_several_roots_are_read_as_one_installation(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_tree(tmp_path / name, {f"-p/{name}.jsonl": b""})
    assert found(tmp_path / "one", tmp_path / "two", tmp_path / "absent") == ["-p/one.jsonl", "-p/two.jsonl"]


def test_a_linked_project_folder_is_followed(tmp_path: Path) -> None:
    write_tree(tmp_path / "real", {"-p/a.jsonl": b""})
    (tmp_path / "claude" / "projects").mkdir(parents=True)
    (tmp_path / "claude" / "projects" / "-link").symlink_to(tmp_path / "real" / "projects" / "-p")
    assert found(tmp_path / "claude") == ["-link/a.jsonl"]


@pytest.mark.parametrize(
    ("name", "chain", "kind"),
    [
        (FILE, "", "main"),
        (f"-home-dev-app/{SESSION}/subagents/agent-ab1.jsonl", "ab1", "subagent"),
        (f"-home-dev-app/{SESSION}/subagents/workflows/run1/agent-ab1.jsonl", "ab1", "subagent"),
        ("-home-dev-app/agent-ab1.jsonl", "ab1", "subagent"),
        (f"-home-dev-app/{SESSION}/subagents/agent-acompact-77.jsonl", "acompact-77", "compaction"),
    ],
)
def test_a_files_name_tells_its_chain(name: str, chain: str, kind: str, tmp_path: Path) -> None:
    marks: dict[str, Any] = {} if name == FILE else AGENT_LINE
    batch = batch_of(tmp_path, prompt(**marks), answer(1, **marks), name=name)
    (call,) = batch.calls
    assert (call.session, call.chain) == (SESSION, chain)
    assert [(one.key, one.kind) for one in batch.chains] == [(chain, kind)]


@pytest.mark.parametrize(("stem", "chain"), [("one", ""), ("agent-ab1", "ab1")])
def test_a_file_that_tells_no_session_is_one_by_its_name(stem: str, chain: str, tmp_path: Path) -> None:
    lines = [prompt(sessionId=None), answer(1, sessionId=...)]
    batch = batch_of(tmp_path, *lines, name=f"-p/{stem}.jsonl")
    assert [one.native_id for one in batch.sessions] == [stem]
    assert [(call.session, call.seen_session, call.chain) for call in batch.calls] == [(stem, stem, chain)]
    assert [turn.session for turn in batch.turns] == ([] if chain else [stem])


def test_sidechain_lines_inside_the_main_file_are_a_chain_of_their_own(tmp_path: Path) -> None:
    """Client 1.0.128: no agent id; two agents at once are told apart by whose lines hang on whose."""
    side: dict[str, Any] = {"isSidechain": True}
    lines = [
        prompt(),
        answer(1),
        prompt("look here", second=2, uuid="s1", parentUuid=None, **side),
        prompt("look there", second=3, uuid="t1", parentUuid=None, **side),
        answer(4, uuid="s2", parentUuid="s1", **side),
        answer(5, uuid="t2", parentUuid="t1", **side),
        answer(6, uuid="s3", parentUuid="s2", **side),
        answer(7),
    ]
    chains = {call.message_id: call.chain for call in batch_of(tmp_path, *lines).calls}
    assert chains["msg_1"] == chains["msg_7"] == ""
    assert chains["msg_4"] == chains["msg_6"] != chains["msg_5"]
    assert "" not in (chains["msg_4"], chains["msg_5"])


def test_a_sidechain_line_inside_the_main_file_may_name_its_agent(tmp_path: Path) -> None:
    lines = [prompt(), answer(1, **AGENT_LINE), answer(2)]
    assert [call.chain for call in batch_of(tmp_path, *lines).calls] == ["ab1", ""]


def test_sidechain_prompts_begin_no_turn(tmp_path: Path) -> None:
    batch = batch_of(
        tmp_path,
        prompt("mine"),
        prompt("the agent's", second=1, uuid="s1", parentUuid=None, isSidechain=True),
        answer(2),
    )
    assert [turn.text for turn in batch.turns] == ["mine"]


def test_a_subagents_prompt_id_leads_to_the_turn_that_started_it(tmp_path: Path) -> None:
    name = f"-home-dev-app/{SESSION}/subagents/agent-ab1.jsonl"
    batch = batch_of(tmp_path, prompt("look", promptId="p-7", **AGENT_LINE), answer(1, **AGENT_LINE), name=name)
    assert [chain.prompt_id for chain in batch.chains] == ["p-7"]


def test_what_a_background_agent_starts_belongs_to_the_turn_that_started_the_agent(tmp_path: Path) -> None:
    """Its lines name the prompt that the user is at by then; the tool use stands beside its file only."""
    folder = f"-home-dev-app/{SESSION}/subagents"
    nested: dict[str, Any] = {"isSidechain": True, "agentId": "cd2", "promptId": "p-2"}
    files = {
        FILE: encoded(
            prompt(promptId="p-1"),
            use_line(1, "Agent"),
            result_line(2, "toolu_1", promptId="p-1", toolUseResult={"isAsync": True, "agentId": "ab1"}),
            prompt("another thing", second=3, promptId="p-2"),
            answer(4),
        ),
        f"{folder}/agent-ab1.jsonl": encoded(
            prompt(second=2, promptId="p-1", **AGENT_LINE), use_line(5, "Agent") | AGENT_LINE
        ),
        f"{folder}/agent-cd2.jsonl": encoded(prompt(second=6, **nested), answer(7, **nested)),
        f"{folder}/agent-cd2.meta.json": b'{"toolUseId":"toolu_5","parentAgentId":"ab1","spawnDepth":2}',
    }
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
        rebuild(db)
        rows = db.execute(
            "SELECT message_id, call_split.turn FROM call_split JOIN call ON call.id = call_id ORDER BY call.id"
        )
        first, second = prompt()["uuid"], prompt(second=3)["uuid"]
        assert dict(rows) == {"msg_1": first, "msg_4": second, "msg_5": first, "msg_7": first}


def test_an_agents_call_in_its_file_and_in_progress_records_counts_once(tmp_path: Path) -> None:
    files = {
        FILE: encoded(prompt(), answer(1), embedded(answer(2))),
        f"-home-dev-app/{SESSION}/subagents/agent-ab1.jsonl": encoded(prompt(**AGENT_LINE), answer(2, **AGENT_LINE)),
    }
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
        rows = db.execute(
            "SELECT message_id, chain.key, copy_rank FROM call JOIN chain ON chain.id = chain_id ORDER BY 1"
        )
        assert rows.fetchall() == [("msg_1", "", 0), ("msg_2", "ab1", 0)]


@pytest.mark.parametrize("has_own_file", [False, True])
def test_what_a_subagent_did_is_of_its_turn_whether_it_has_a_file_of_its_own_or_not(
    has_own_file: bool, tmp_path: Path
) -> None:
    """Its edit and its commit; with both, its tool uses count once."""
    done = [
        use_line(2, "Edit", file_path="/home/dev/app/a.py"),
        result_line(3, "toolu_2"),
        use_line(4, "Bash", command="git commit -m x"),
        result_line(5, "toolu_4", "[main 1a2b3c4] x"),
    ]
    started = use_line(1, "Task", subagent_type="coder", description="mend it")
    ended = result_line(6, "toolu_1", toolUseResult={"agentId": "ab1"})
    files = {FILE: encoded(prompt(), started, *map(embedded, done), ended, answer(7))}
    if has_own_file:
        own = encoded(*({**line, **AGENT_LINE} for line in done))
        files[f"-home-dev-app/{SESSION}/subagents/agent-ab1.jsonl"] = own
    with ledger_of(tmp_path, write_tree(tmp_path / "claude", files)) as db:
        rebuild(db)
        tools = db.execute("SELECT id, chain, commit_sha FROM tool_use WHERE chain <> '' ORDER BY id")
        assert tools.fetchall() == [("toolu_2", "ab1", None), ("toolu_4", "ab1", "1a2b3c4")]
        judged = db.execute("SELECT status, evidence, edit_turns FROM task").fetchall()
        assert judged == [("completed", "git", 1)]
