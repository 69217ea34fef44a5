"""Agent teams: what teammates write to each other is no prompt, and a session says whose teammate it is."""

import json
from pathlib import Path
from typing import Any

import pytest

from store.records import Session, TurnKind
from tests.unit.ledger.plain import FILE, OTHER, SESSION, answer, encoded, prompt
from tests.unit.ledger.reading import price_book
from tracker.sources.base import Options
from tracker.sources.claude_code import ClaudeCodeSource

from .reading import batch_of


def message(body: str, **attributes: str) -> str:
    """A message of a teammate as it stands in a user line."""
    told = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<teammate-message teammate_id="scout"{told}>\n{body}\n</teammate-message>'


def note(kind: str, **fields: Any) -> str:
    """A message whose body is JSON."""
    return message(json.dumps({"type": kind, **fields}))


IDLE = note("idle_notification", idleReason="available")


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (note("task_assignment", taskId="3", subject="Cache the avatars", description="x"), "Cache the avatars"),
        (message("Avatars are cached. More tomorrow.", color="red", summary="Avatars -> done"), "Avatars -> done"),
        (message("## You are **scout**, the one who looks.\n\nLook at `a.py`."), "You are scout, the one who looks"),
        (message("<brief>\nRead version 1.2 first! Then write.</brief>"), "Read version 1.2 first"),
        (message("Nothing to sum up. Really.", summary=""), "Nothing to sum up"),
        (message("no end of a sentence\nand a second line"), "no end of a sentence"),
        (f"{IDLE}\n\n{message('It works. Good night.')}\n\n{message('Me too.')}", "It works"),
        (IDLE, ""),
        (note("shutdown_request", reason="all done"), ""),
        (note("task_assignment", subject=7), ""),
        (message("{ this is no JSON }"), ""),
        (message(""), ""),
        ('<teammate-message teammate_id="scout">\nnever closed', "never closed"),
        ('<teammate-message teammate_id="scout', ""),
        (f"Another Claude session sent a message:\n{IDLE}\n\n{message('It works.')}", "It works"),
        (
            'Another Claude session sent a message:\n<agent-message from="review">\nRevise it.\n</agent-message>',
            "Revise it",
        ),
        (
            'Another Claude session sent a message:\n<cross-session-message from="a.sock" from-name="b > c">Read it.',
            "Read it",
        ),
        (f"<system-reminder>be kind</system-reminder>\n{message('After a reminder.')}", "After a reminder"),
    ],
)
def test_messages_of_teammates_are_no_prompts(text: str, kept: str, tmp_path: Path) -> None:
    batch = batch_of(tmp_path, prompt("first"), answer(1), prompt(text, second=2), answer(3))
    assert [(turn.kind, turn.text) for turn in batch.turns] == [
        (TurnKind.PROMPT, "first"),
        (TurnKind.NOTIFICATION, kept),
    ]
    assert batch.turns[1].words == b""
    assert [call.turn for call in batch.calls] == ["prompt-1-0", "prompt-1-2"], "what follows is in the message's turn"


def test_no_words_of_a_message_are_kept_where_the_setting_says_so(tmp_path: Path) -> None:
    batch = batch_of(tmp_path, prompt(message("my secret", summary="my secret")), answer(1), prompt_chars=0)
    assert "secret" not in repr(batch)


def own_session(place: Path, *lines: dict[str, Any]) -> Session:
    """What the file says of its own session."""
    return next(one for one in batch_of(place, *lines).sessions if one.native_id == SESSION)


def test_a_teammate_names_its_team_and_itself(tmp_path: Path) -> None:
    own: dict[str, Any] = {"teamName": "crew", "agentName": "scout"}
    session = own_session(tmp_path, prompt(**own), answer(1, **own))
    assert (session.team, session.teammate) == ("crew", "scout")


@pytest.mark.parametrize("own", [{}, {"agentName": None}, {"agentName": "team-lead"}])
def test_a_lead_is_no_teammate_and_may_have_had_several_teams(own: dict[str, Any], tmp_path: Path) -> None:
    crew: dict[str, Any] = {"teamName": "crew", **own}
    second = crew | {"teamName": "second crew"}
    session = own_session(tmp_path, prompt(), answer(1, **crew), prompt(second=2, **crew), answer(3, **second))
    assert (session.team, session.teammate) == ("crew\nsecond crew", None)


def test_a_name_alone_makes_no_teammate(tmp_path: Path) -> None:
    row = {"type": "agent-name", "agentName": "my session", "sessionId": SESSION}
    session = own_session(tmp_path, row, prompt(), answer(1, agentName="my session"))
    assert (session.team, session.teammate) == (None, None)


def test_subagent_files_and_other_sessions_lines_name_no_team(tmp_path: Path) -> None:
    own: dict[str, Any] = {"teamName": "crew", "agentName": "scout"}
    side: dict[str, Any] = {"isSidechain": True, "agentId": "ab1", **own}
    name = f"-home-dev-app/{SESSION}/subagents/agent-ab1.jsonl"
    batch = batch_of(tmp_path, prompt(**side), answer(1, requestSessionId=OTHER, **side), name=name)
    assert {(one.native_id, one.team, one.teammate) for one in batch.sessions} == {
        (SESSION, None, None),
        (OTHER, None, None),
    }


def test_a_later_piece_of_the_file_still_knows_its_team(tmp_path: Path) -> None:
    own: dict[str, Any] = {"teamName": "crew", "agentName": "scout"}
    path = tmp_path / "projects" / FILE
    path.parent.mkdir(parents=True)
    path.write_bytes(encoded(prompt(**own), answer(1, **own)))
    source, options = ClaudeCodeSource(), Options(price_book())
    (file,) = source.discover(tmp_path)
    (piece,) = source.read(file, None, options)
    with path.open("ab") as grown:
        grown.write(encoded(prompt(second=2), answer(3)))
    (file,) = source.discover(tmp_path)
    (piece,) = source.read(file, piece.state, options)
    assert [(one.team, one.teammate) for one in piece.batch.sessions] == [("crew", "scout")]
