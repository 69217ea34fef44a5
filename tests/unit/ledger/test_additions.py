"""A ledger of an older version learns from the files that are still there what that version did not keep."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from store.ledger import open_ledger
from store.records import ToolFlag, TurnKind
from tracker.advisor.habits import Habits, cached_habits
from tracker.sources.claude_code import conversation
from tracker.sources.claude_code.prompts import Prompt

from .dump import differences, dump
from .plain import FILE, OTHER, OTHER_FILE, SESSION, answer, encoded, progress, prompt, session_of, usage
from .reading import before_migration, ledger_of, take_in, write_tree

GONE = "0a1b2c3d-0000-4000-8000-000000000003"
MESSAGE = '<teammate-message teammate_id="team-lead">\nLook at the parser.\n</teammate-message>'
OWN: dict[str, Any] = {"teamName": "crew", "agentName": "scout"}
SAYS = {"content": [{"type": "text", "text": "Good catch, that is right."}]}
ASKS = {"content": [{"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": "go test ./... | tail -1"}}]}
CORRECTED = "m014_corrected_readings"
PARTS = "m015_parts_of_calls"
UNNAMED = "m017_plans_to_dos_and_answers_without_a_name"
RESUMED = "m018_resumed_sessions_and_no_false_rewinds"
STARTED = "m020_what_started_subagents_and_retries_of_cline"
GOES_ON = "Command running in background with ID: b1"


@contextmanager
def as_before(step: str, place: Path, files: Mapping[str, bytes]) -> Iterator[sqlite3.Connection]:
    """A ledger of these files in which a step has yet to run, to be made what it was; then an upgrade learns it all."""
    root = write_tree(place / "claude", files)
    with ledger_of(place, root) as db:
        fresh = dump(db, root)
    with before_migration(place / "ledger.db", step) as db:
        yield db
    with closing(open_ledger(place / "ledger.db")) as db:
        assert take_in(db, root).files == len(files)
        assert differences(fresh, dump(db, root)) == []
        assert take_in(db, root).files == 0


def before_teams(path: Path) -> None:
    """Put a ledger back to what the version before would have made of the same files."""
    with before_migration(path, "m010_agent_teams") as db:
        db.execute(
            "UPDATE turn SET kind = 'prompt', text = ?, words = x'01020304' WHERE kind = 'notification'", (MESSAGE,)
        )
        db.execute("DROP INDEX session_team")
        db.execute("ALTER TABLE session DROP COLUMN team")
        db.execute("ALTER TABLE session DROP COLUMN teammate")
        db.execute("UPDATE session SET model_stale = 0")


def test_files_of_teams_are_read_again_and_no_others(tmp_path: Path) -> None:
    files = {
        FILE: encoded(prompt(MESSAGE, **OWN), answer(1, **OWN), prompt(second=2, **OWN), answer(3, **OWN)),
        OTHER_FILE: session_of(2, OTHER, first=10),
        f"-home-dev-app/{GONE}.jsonl": encoded(prompt(MESSAGE, GONE, **OWN), answer(20, GONE, **OWN)),
    }
    root = write_tree(tmp_path / "claude", files)
    with ledger_of(tmp_path, root) as db:
        fresh = dump(db, root)
    before_teams(tmp_path / "ledger.db")
    (root / "projects" / f"-home-dev-app/{GONE}.jsonl").unlink()
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert db.execute("SELECT native_id FROM session WHERE model_stale ORDER BY 1").fetchall() == [
            (SESSION,),
            (GONE,),
        ]
        assert take_in(db, root).files == 1
        told = differences(fresh, dump(db, root))
        assert take_in(db, root).files == 0
        lost = db.execute(
            "SELECT kind, text, words, team FROM turn JOIN session ON session_id = id WHERE native_id = ?", (GONE,)
        )
        assert lost.fetchall() == [("notification", "", b"", None)], "its calls stay in the message's turn"
    assert {line.split(": ")[0].split()[-1] for line in told} == {"session", "turn"}
    assert all(GONE in line for line in told), "the other files say what they say to a new ledger"


def test_first_words_of_replies_are_learned(tmp_path: Path) -> None:
    files = {FILE: encoded(prompt(), answer(1, message=SAYS)), OTHER_FILE: session_of(2, OTHER, first=10)}
    with as_before("m011_first_words_of_replies", tmp_path, files) as db:
        assert db.execute("UPDATE event SET kind = 'question', detail = NULL WHERE kind = 'reply'").rowcount == 2


@pytest.mark.parametrize(
    ("output", "as_it_was"),
    [
        ("FAIL", f"flags = flags & ~{int(ToolFlag.FAILED)}"),  # was taken for passed, by its exit status
        (GOES_ON, "is_error = 0"),  # likewise, though it had not ended
        ("ok", f"flags = flags | {int(ToolFlag.PUSH)}"),  # `git stash push` was taken for a push
    ],
)
def test_outcomes_of_checks_are_learned(output: str, as_it_was: str, tmp_path: Path) -> None:
    answers = {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t1", "content": output}]}
    files = {FILE: encoded(prompt(), answer(1, message=ASKS), prompt("", second=2, message=answers))}
    with as_before("m013_outcomes_of_checks", tmp_path, files) as db:
        assert db.execute(f"UPDATE tool_use SET {as_it_was}").rowcount == 1


def test_what_was_misread_is_corrected(tmp_path: Path) -> None:
    refusal = {"content": [{"type": "text", "text": "You've hit your 5-hour limit"}], "model": "<synthetic>"}
    lines = [answer(1), prompt(second=2), answer(3), answer(4, error="rate_limit", message=refusal)]
    files = {FILE: encoded(*lines), OTHER_FILE: session_of(2, OTHER, first=10)}
    with as_before(CORRECTED, tmp_path, files) as db:
        assert db.execute("UPDATE event SET kind = 'api_error' WHERE kind = 'limit'").rowcount == 1
        db.execute("INSERT INTO event (session_id, chain, position, kind) SELECT id, '', 9, 'command' FROM session")
        db.execute("UPDATE session SET title = 'Work of another session', title_rank = 1, model_stale = 0")
        columns = [name for _, name, *_ in db.execute("PRAGMA table_info(turn)")]
        values = ["'/plan'" if name == "prompt_uuid" else "'command'" if name == "kind" else name for name in columns]
        assert db.execute(f"INSERT INTO turn SELECT {', '.join(values)} FROM turn LIMIT 1").rowcount == 1


def test_a_second_reading_replaces_a_mark_and_a_place(tmp_path: Path) -> None:
    said = {"model": "<synthetic>", "content": [{"type": "text", "text": "You've hit your weekly limit"}]}
    refused = answer(4, isApiErrorMessage=True, error="rate_limit", message=said)
    with as_before(CORRECTED, tmp_path, {FILE: encoded(prompt(), answer(1), refused)}) as db:
        assert db.execute("UPDATE event SET kind = 'api_error' WHERE kind = 'limit'").rowcount == 1
        assert db.execute("UPDATE call SET turn = NULL, requested_at = NULL").rowcount == 1


def test_a_message_of_a_teammate_is_no_prompt_any_more(tmp_path: Path) -> None:
    text = 'Another Claude session sent a message: <teammate-message teammate_id="review" summary="All is well">Fine.'
    files = {FILE: encoded(prompt(), answer(1), prompt(text, second=2), answer(3))}
    with as_before(CORRECTED, tmp_path, files) as db:
        misread = "kind = 'prompt', text = ?, chars = 99, words = x'00000000', echo = 7"
        assert db.execute(f"UPDATE turn SET {misread} WHERE kind = 'notification'", (text,)).rowcount == 1


def without_parts(db: sqlite3.Connection) -> None:
    """Put a ledger in which m015 has yet to run back to what it was before that and before m016."""
    db.execute("ALTER TABLE call DROP COLUMN parts")
    db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm016_parts_and_more_corrections'")


def test_habits_of_an_older_version_are_measured_anew(tmp_path: Path) -> None:
    older = '{"orientation_tokens":17675.0,"orientation_calls":9}'
    with as_before(PARTS, tmp_path, {}) as db:
        without_parts(db)
        db.execute("INSERT INTO habit VALUES ('claude-code', 1000, ?)", (older,))
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert cached_habits(db, "claude-code", 2000) == (Habits(), True)


def test_parts_of_calls_are_learned(tmp_path: Path) -> None:
    parts = [{"type": "message", "input_tokens": 5, "output_tokens": 20}] * 2
    nothing = {"cache_read_input_tokens": 0, "cache_creation_input_tokens": 0, "cache_creation": ...}
    several = answer(1, message={"usage": usage(input_tokens=10, output_tokens=40, iterations=parts, **nothing)})
    with as_before(PARTS, tmp_path, {FILE: encoded(prompt(), several, answer(2))}) as db:
        assert db.execute("SELECT COUNT(parts) FROM call").fetchone() == (1,)
        without_parts(db)


def nameless(number: int, message_id: str | None, session: str = SESSION, **changes: Any) -> dict[str, Any]:
    """An answer of a gateway that names neither it nor its request."""
    message = {"id": message_id, "usage": usage(input_tokens=1000 * number)}
    return answer(number, session, requestId=..., message=message, **changes)


@pytest.mark.parametrize("name", ["'relay'", "'0a1b2c3d-0000-4000-8000-10000000000' || id", "'relay:' || input"])
@pytest.mark.parametrize("message_id", ["relay", "", None, "msg_20261120120003"])
def test_answers_without_a_name_count_once_after_an_upgrade(message_id: str | None, name: str, tmp_path: Path) -> None:
    """They were called by a word that they all have, by their line or by another rule."""
    mine = [prompt(), nameless(1, message_id), nameless(2, message_id, isSidechain=True, agentId="a1")]
    files = {FILE: encoded(*mine), OTHER_FILE: encoded(prompt(session=OTHER), nameless(4, message_id, OTHER))}
    with as_before(UNNAMED, tmp_path, files) as db:
        db.execute("DELETE FROM call WHERE input > 1000 AND ? = 'relay'", (name.strip("'"),))
        db.execute(f"UPDATE call SET message_id = {name}")


def test_answers_without_a_name_stay_where_their_file_is_gone(tmp_path: Path) -> None:
    agents_file = f"-home-dev-app/{SESSION}/subagents/agent-a2.jsonl"
    files = {
        FILE: encoded(prompt(), nameless(1, "relay")),
        OTHER_FILE: encoded(prompt(session=OTHER), nameless(2, "relay", OTHER)),
        agents_file: encoded(nameless(3, "relay", isSidechain=True, agentId="a2")),
    }
    root = write_tree(tmp_path / "claude", files)
    with ledger_of(tmp_path, root):
        pass
    with before_migration(tmp_path / "ledger.db", UNNAMED) as db:
        db.execute("UPDATE call SET message_id = 'relay:' || id")
    for name in (OTHER_FILE, agents_file):
        (root / "projects" / name).unlink()
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert take_in(db, root).files == 1
        assert db.execute("SELECT input FROM call ORDER BY input").fetchall() == [(1000,), (2000,), (3000,)]
        assert db.execute("SELECT SUM(calls) FROM spend").fetchone() == (3,)


def test_plans_to_dos_scheduled_prompts_and_branches_are_learned(tmp_path: Path) -> None:
    plan = f"Implement the following plan:\n\n# Retries\n\nread the full transcript at: /home/dev/{OTHER}.jsonl"
    owned = {"type": "tool_use", "id": "t1", "name": "TaskUpdate", "input": {"taskId": "1", "owner": "me"}}
    branched = answer(2, session=SESSION, forkedFrom={"sessionId": OTHER, "messageUuid": "x"}, requestSessionId=OTHER)
    files = {
        FILE: encoded(branched, prompt(plan, second=3), answer(4, message={"content": [owned]})),
        OTHER_FILE: encoded(prompt(session=OTHER, isMeta=True, permissionMode="default"), answer(2, OTHER)),
    }
    with as_before(UNNAMED, tmp_path, files) as db:
        assert db.execute("DELETE FROM event WHERE kind = 'plan'").rowcount == 1
        assert db.execute("UPDATE tool_use SET target = '1:pending', flags = 64").rowcount == 1
        assert db.execute("UPDATE sighting SET copy_rank = 2 WHERE copy_rank = 4").rowcount == 1
        assert db.execute("DELETE FROM turn WHERE text NOT LIKE 'Implement%'").rowcount == 1
        assert db.execute("UPDATE call SET turn = NULL WHERE message_id = 'msg_2'").rowcount == 1
        db.execute("UPDATE sighting SET turn = NULL")


@pytest.mark.parametrize(
    "text",
    [
        'Another Claude session sent a message:\n<cross-session-message from="a.sock">Read it.</cross-session-message>',
        '<cross-session-message from="a.sock">Read it.</cross-session-message>',
        "mend the parser\n<system-reminder>The user attached\nparser.py</system-reminder>",
        f"mend the parser {'of dates ' * 100}<system-reminder>The user attached parser.py</system-reminder>",
        "\ufeffmend the parser",
    ],
)
def test_words_that_nobody_typed_are_no_words_of_a_prompt_any_more(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), answer(1), prompt(text, second=2), answer(3))})
    with ledger_of(tmp_path, root) as db:
        fresh = dump(db, root)
    (tmp_path / "ledger.db").unlink()
    with monkeypatch.context() as older:
        older.setattr(conversation, "classify", lambda text, *, is_local: Prompt(TurnKind.PROMPT, text))
        with ledger_of(tmp_path, root) as db:
            assert differences(fresh, dump(db, root)) != []
    with before_migration(tmp_path / "ledger.db", UNNAMED):
        pass
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert take_in(db, root).files == 1
        assert differences(fresh, dump(db, root)) == []


def test_a_long_prompt_keeps_what_is_known_of_it_until_its_file_is_read(tmp_path: Path) -> None:
    """Another folder may be read first: without its echo it would start another task meanwhile."""
    long = prompt("What is a good catch? " * 40, second=2)
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), answer(1, message=SAYS), long, answer(3))})
    with ledger_of(tmp_path, root) as db:
        known = db.execute("SELECT echo FROM turn ORDER BY position").fetchall()
        assert known[1][0] > 0
    with before_migration(tmp_path / "ledger.db", UNNAMED):
        pass
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert db.execute("SELECT echo FROM turn ORDER BY position").fetchall() == known


def test_a_drive_has_a_capital_letter_after_an_upgrade_also_where_the_file_is_gone(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), answer(1))})
    with ledger_of(tmp_path, root):
        pass
    with before_migration(tmp_path / "ledger.db", UNNAMED) as db:
        db.execute("UPDATE session SET project = 'd:\\work\\shop'")
    (root / "projects" / FILE).unlink()
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert db.execute("SELECT project FROM session").fetchall() == [("D:\\work\\shop",)]


def test_what_an_editor_had_open_is_no_first_word_and_no_rewind_stays_that_is_none(tmp_path: Path) -> None:
    opened = "<ide_opened_file>The user opened /home/dev/app/parser.py in the IDE.</ide_opened_file>"
    files = {FILE: encoded(prompt(f"{opened}\nplease mend the parser"), answer(1))}
    with as_before(PARTS, tmp_path, files) as db:
        assert db.execute("SELECT text FROM turn").fetchall() == [("please mend the parser",)]
        without_parts(db)
        db.execute("UPDATE turn SET text = ?, chars = 99, words = x'01020304', echo = 7", (opened,))
        db.execute("INSERT INTO event (session_id, chain, position, kind) SELECT id, '', 9, 'rewind' FROM session")


def test_resumed_sessions_are_learned_and_rewinds_that_were_none_go(tmp_path: Path) -> None:
    stop = prompt(second=3, type="system", subtype="stop_hook_summary", uuid="stop")
    said = [{"type": "text", "text": "No response requested."}]
    nothing = answer(4, message={"model": "<synthetic>", "content": said})
    files = {FILE: encoded(prompt(), answer(1), prompt(second=2, parentUuid="stop"), stop, nothing, answer(5))}
    with as_before(RESUMED, tmp_path, files) as db:
        assert db.execute("DELETE FROM event WHERE kind = 'resume'").rowcount == 1
        placed = "SELECT session_id, '', position, 'rewind' FROM turn WHERE position > 0"
        assert db.execute(f"INSERT INTO event (session_id, chain, position, kind) {placed}").rowcount == 1
        db.execute("INSERT INTO habit VALUES ('claude-code', 1000, '{}')")


def test_what_started_an_older_clients_subagent_is_learned_and_a_title_kept_over_clear_goes(tmp_path: Path) -> None:
    kept = {"type": "custom-title", "customTitle": "the work before", "sessionId": SESSION}
    files = {
        FILE: encoded(
            kept, prompt("<command-name>/clear</command-name>"), prompt(second=1), answer(2), progress(3, "t1")
        )
    }
    with as_before(STARTED, tmp_path, files) as db:
        assert db.execute("UPDATE chain SET spawn_tool_use = NULL WHERE spawn_tool_use = 't1'").rowcount == 1
        assert db.execute("UPDATE session SET title = 'the work before', title_rank = 3 WHERE title IS NULL").rowcount


def test_marks_of_files_that_went_before_the_upgrade_stay(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "claude", {FILE: encoded(prompt(), answer(1, message=SAYS))})
    with ledger_of(tmp_path, root):
        pass
    with before_migration(tmp_path / "ledger.db", CORRECTED):
        (root / "projects" / FILE).unlink()
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        take_in(db, root)
        assert db.execute("SELECT COUNT(*) FROM event WHERE kind = 'reply'").fetchone() == (1,)
