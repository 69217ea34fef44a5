"""What came after the first schema: columns, and second readings of files for what the first did not keep."""

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from store.clauses import IN_LIST, json_list
from store.files import read_anew
from store.migrations.steps import migration, run_script
from store.records import CallFlag

# A word, the second of a clock, or a line, and whatever rule made a name of it.
_NAMELESS = re.compile(r"(\D{0,15}(\d{10}|\d{14})?|[0-9a-f-]{36})([:#].*)?", re.DOTALL)


@migration
def m009_unrecorded_of_tasks(db: Any) -> None:
    """What requests without a record would have cost: modelled (MODEL section 3), where `task.hidden` is measured."""
    run_script(
        db,
        """
        ALTER TABLE task ADD COLUMN unrecorded INTEGER NOT NULL DEFAULT 0;
        UPDATE session SET model_stale = 1
        """,
    )


@migration
def m010_agent_teams(db: Any) -> None:
    """Which teams a session was in, and as which teammate: a teammate's work is on the task of its lead.

    Messages of teammates were taken for prompts: these are mended, and the files that they stand in are read once more
    from the start for what was not kept. A position one further on lets the second reading replace the text.
    """
    run_script(
        db,
        """
        ALTER TABLE session ADD COLUMN team TEXT;
        ALTER TABLE session ADD COLUMN teammate TEXT;
        CREATE INDEX session_team ON session (agent, native_id) WHERE team IS NOT NULL;
        WITH known AS MATERIALIZED (
            SELECT DISTINCT native_id FROM session JOIN turn ON turn.session_id = session.id
            WHERE turn.text LIKE '<teammate-message%'
        )
        UPDATE source_file SET state = NULL, mtime_ns = 0
        WHERE EXISTS (SELECT 1 FROM known WHERE instr(source_file.path, known.native_id));
        UPDATE session SET model_stale = 1
        WHERE id IN (SELECT session_id FROM turn WHERE text LIKE '<teammate-message%');
        UPDATE turn SET kind = 'notification', text = '', words = x'', position = position + 1
        WHERE text LIKE '<teammate-message%'
        """,
    )


@migration
def m011_first_words_of_replies(db: Any) -> None:
    """Files that are still there are read once more from the start, for the first words of replies."""
    db.execute("DELETE FROM event WHERE kind = 'question'")
    read_anew(db)


@migration
def m012_marks_of_other_projects(db: Any) -> None:
    """Files that are still there are read once more from the start, for prompts typed in another project."""
    read_anew(db)


@migration
def m013_outcomes_of_checks(db: Any) -> None:
    """Files that are still there are read once more from the start, for checks whose command line hid a failure."""
    read_anew(db)


@migration
def m014_corrected_readings(db: Any) -> None:
    """Files that are still there are read once more from the start, for what was left out or misread of them.

    A reading adds and replaces. What it would leave as it is, or lose to, goes before it: each step says why.
    """
    _note_readable_sessions(db)
    _drop_misread_titles_and_turns(db)
    _drop_marks(db)
    _weaken_calls(db)
    _read_and_derive_anew(db)


@migration
def m015_parts_of_calls(db: Any) -> None:
    """What each request of a call of several used: which of them are long depends on the price of the day."""
    db.execute("ALTER TABLE call ADD COLUMN parts TEXT")


@migration
def m016_parts_and_more_corrections(db: Any) -> None:
    """Files that are still there are read once more, for the parts of calls and for what was misread until now.

    What a reading does not take back goes before it, as in m014.
    """
    _note_readable_sessions(db)
    # What an editor put before the first words was taken for them; messages of teammates have no words to compare.
    run_script(
        db,
        """
        UPDATE turn SET echo = NULL, position = position + 1
            WHERE text LIKE '<ide|_%' ESCAPE '|' OR text LIKE '<system-reminder>%';
        UPDATE turn SET echo = NULL WHERE kind = 'notification'
        """,
    )
    _drop_rewinds_and_habits(db)
    _read_and_derive_anew(db)


@migration
def m017_plans_to_dos_and_answers_without_a_name(db: Any) -> None:
    """Files that are still there are read once more, for plans' sessions, to-dos, scheduled prompts, words and names.

    What a reading does not take back goes before it, as in m014.
    """
    _note_readable_sessions(db)
    _drop_taken_over(db)
    _drop_nameless(db)
    _drop_branches_copies(db)
    _drop_misread_words(db)
    _weaken_calls(db)
    db.execute(
        "UPDATE session SET project = upper(substr(project, 1, 1)) || substr(project, 2) WHERE project GLOB '?:[/\\]*'"
    )
    # A to-do whose status stayed was taken for put back; of equally early places the recorded one would win.
    db.execute("UPDATE tool_use SET position = position + 1 WHERE name = 'TaskUpdate' AND session_id IN readable")
    _read_and_derive_anew(db)


@migration
def m018_resumed_sessions_and_no_false_rewinds(db: Any) -> None:
    """Files that are still there are read once more, for sessions that were resumed and rewinds that were none."""
    _note_readable_sessions(db)
    _drop_rewinds_and_habits(db)
    _read_and_derive_anew(db)


@migration
def m019_copies_without_a_key_and_checkpoints(db: Any) -> None:
    """Files that are still there are read once more, for what Cline's sessions go on from; its calls are counted anew.

    Copies of its tasks, and what it asked through Claude Code, are found in what is recorded (`store.keyless`).
    """
    db.execute("UPDATE session SET spend_stale = 1 WHERE agent IN ('cline', 'roo')")
    _read_and_derive_anew(db)


@migration
def m020_what_started_subagents_and_retries_of_cline(db: Any) -> None:
    """Files that are still there are read once more, for what was misread of them, and what started older subagents.

    What a reading does not take back goes before it, as in m014: titles that were kept over `/clear`, and in classic
    tasks what Cline's own retries were taken for.
    """
    _note_readable_sessions(db)
    is_classic = (
        "session_id IN readable AND session_id IN (SELECT id FROM session WHERE agent = 'roo'"
        " OR agent = 'cline' AND native_id NOT GLOB '*[^0-9]*')"
    )
    run_script(
        db,
        f"""
        UPDATE session SET title = NULL, title_rank = 0 WHERE agent = 'claude-code' AND title_rank = 3
            AND id IN readable AND id IN (SELECT session_id FROM event WHERE kind = 'clear');
        DELETE FROM event WHERE kind IN ('api_error', 'interrupt', 'resume') AND {is_classic};
        DELETE FROM turn WHERE kind = 'command' AND text = 'resume' AND {is_classic};
        UPDATE tool_use SET position = position + 1 WHERE {is_classic};
        UPDATE call SET stop = NULL, flags = flags & ~{int(CallFlag.ABORTED)} WHERE {is_classic}
            AND chain_id NOT IN (SELECT id FROM chain WHERE key LIKE 'deleted-%')
        """,
    )
    _weaken_calls(db)
    _read_and_derive_anew(db)


def _drop_rewinds_and_habits(db: Any) -> None:
    """No reading takes a rewind back that was none; habits were measured from what was misread."""
    run_script(
        db,
        """
        DELETE FROM event WHERE kind = 'rewind' AND session_id IN readable
            AND session_id IN (SELECT id FROM session WHERE agent = 'claude-code');
        DELETE FROM habit
        """,
    )


def _read_and_derive_anew(db: Any) -> None:
    db.execute("UPDATE session SET model_stale = 1")
    read_anew(db)


def _drop_misread_titles_and_turns(db: Any) -> None:
    """Summaries of earlier sessions were taken for titles, what the client answers and teammates write for prompts.

    No reading takes them back, so they go whether the file is there or not; so does what Cline writes where there is no
    branch. Turns with calls stay: a position one further on lets the reading replace their text.
    """
    run_script(
        db,
        """
        UPDATE session SET title = NULL, title_rank = 0 WHERE agent = 'claude-code' AND title_rank = 1;
        UPDATE session SET branch = NULL WHERE agent = 'cline' AND branch LIKE '(%';
        WITH used AS MATERIALIZED (SELECT DISTINCT session_id, turn FROM call WHERE turn IS NOT NULL)
        DELETE FROM turn WHERE kind = 'command' AND (session_id, prompt_uuid) NOT IN used
            AND session_id IN (SELECT id FROM session WHERE agent = 'claude-code');
        DELETE FROM event WHERE kind = 'mode' AND (session_id, position) IN
            (SELECT session_id, position FROM turn WHERE text LIKE 'System-delivered teammate async run updates:%');
        DELETE FROM turn WHERE text LIKE 'System-delivered teammate async run updates:%';
        UPDATE turn SET kind = 'notification', text = '', words = x'', echo = NULL, position = position + 1
            WHERE kind = 'prompt' AND text LIKE 'Another Claude session sent a message:%<teammate-message%'
        """,
    )


def _drop_marks(db: Any) -> None:
    """Marks that are now of another kind or elsewhere; those of sessions without files stay: nothing replaces them."""
    db.execute(
        """
        DELETE FROM event WHERE session_id IN readable
            AND IIF(session_id IN (SELECT id FROM session WHERE agent = 'claude-code'),
                    kind IN ('api_error', 'branch', 'command', 'reply'), detail = 'truncated')
        """
    )


def _weaken_calls(db: Any) -> None:
    """Recorded calls lose what would win against the new reading: an equally early place, and greater flags.

    Not so the sums of what Cline and Roo removed, which are in no file.
    """
    in_a_file = "chain_id NOT IN (SELECT id FROM chain WHERE key LIKE 'deleted-%')"
    run_script(
        db,
        f"""
        UPDATE call SET position = position + 1 WHERE {in_a_file};
        UPDATE sighting SET position = position + 1 WHERE {in_a_file};
        UPDATE call SET flags = flags & ~{int(CallFlag.ESTIMATED)}
                & ~IIF(input + cache_read + write_5m + write_1h + output, 0, {int(CallFlag.ABORTED)})
            WHERE {in_a_file} AND session_id IN readable
            AND session_id IN (SELECT id FROM session WHERE agent IN ('cline', 'roo'))
        """,
    )


def _drop_taken_over(db: Any) -> None:
    """Other agents' requests that Cline's desktop client took over were counted as its own, or as its fork's.

    Its manifest says of when the import is, a fork's what it is a fork of. What is seen in another session, too, stays.
    """
    manifests = db.execute(
        "SELECT path FROM source_file WHERE agent = 'cline' AND kind = 'sdk-manifest' AND gone_at IS NULL"
    ).fetchall()
    whose = "session_id IN (SELECT id FROM session WHERE agent = 'cline' AND native_id = ?)"
    imported = _imported({Path(path).stem: _origin(path) for (path,) in manifests})
    for session, until_ms in imported:
        db.execute(f"DELETE FROM sighting WHERE {whose} AND first_at <= ?", (session, until_ms))
    for session, until_ms in imported:
        taken_over = f"""
            SELECT call.id FROM call JOIN chain ON chain.id = chain_id
            WHERE call.{whose} AND key = '' AND call.first_at <= ? AND call.id NOT IN (SELECT call_id FROM sighting)
        """
        _drop_calls(db, json_list(row[0] for row in db.execute(taken_over, (session, until_ms))))
        for table in ("turn", "tool_use", "event"):
            db.execute(f"DELETE FROM {table} WHERE {whose} AND at <= ?", (session, until_ms))
        db.execute(f"UPDATE chain SET first_at = NULL WHERE {whose} AND key = ''", (session,))
        db.execute(
            "UPDATE session SET spend_stale = 1, first_at = NULL, own_start_at = NULL"
            " WHERE agent = 'cline' AND native_id = ?",
            (session,),
        )


def _imported(origins: dict[str, tuple[int | None, str | None]]) -> list[tuple[str, int]]:
    """Sessions that another agent began, or that are forks of one, and up to when (epoch ms). `origins`: see below."""
    found = []
    for session, (until_ms, parent) in origins.items():
        followed = set()
        while until_ms is None and parent in origins and parent not in followed:
            followed.add(parent)
            until_ms, parent = origins[parent]
        if until_ms is not None:
            found.append((session, until_ms))
    return found


def _origin(manifest: str) -> tuple[int | None, str | None]:
    """Up to when a session of Cline's is another agent's (epoch ms), and what it is a fork of."""
    try:
        metadata = json.loads(Path(manifest).read_bytes())["metadata"]
        if not metadata.get("importedFrom"):
            return None, str(metadata["fork"]["forkedFromSessionId"])
        until = datetime.fromisoformat(metadata["importedFrom"]["importedAt"])
        return round((until if until.tzinfo else until.replace(tzinfo=UTC)).timestamp() * 1000), None
    except (OSError, ValueError, LookupError, TypeError, AttributeError, OverflowError, RecursionError):
        return None, None


def _drop_nameless(db: Any) -> None:
    """Answers whose id tells them from no other were called by it, by their line, or by another rule.

    Under the name that a reading makes up for them now they would count once more. An agent's answers stay where its
    own file is gone.
    """
    found = db.execute(
        """
        SELECT call.id, message_id, key FROM call
            JOIN session ON session.id = call.session_id JOIN chain ON chain.id = chain_id
        WHERE agent = 'claude-code' AND request_id IS NULL AND (call.seen_session_id IN readable OR EXISTS (
            SELECT 1 FROM sighting
            WHERE call_id = call.id AND sighting.first_at = call.first_at AND sighting.seen_session_id IN readable))
        """
    ).fetchall()
    there, names = _names_of_files(db)
    gone = names - there
    ids = json_list(
        call for call, message_id, chain in found if _NAMELESS.fullmatch(message_id) and f"agent-{chain}" not in gone
    )
    db.execute(
        f"UPDATE session SET spend_stale = 1 WHERE id IN (SELECT session_id FROM call WHERE id {IN_LIST})", (ids,)
    )
    _drop_calls(db, ids)


def _drop_calls(db: Any, ids: str) -> None:
    for table in ("sighting", "call_alias", "call_split"):
        db.execute(f"DELETE FROM {table} WHERE call_id {IN_LIST}", (ids,))
    db.execute(f"DELETE FROM call WHERE id {IN_LIST}", (ids,))


def _drop_branches_copies(db: Any) -> None:
    """What `/branch` of clients from 2.1.329 on copied was taken for a fork's (copy rank 2)."""
    versions = db.execute("SELECT id, version FROM session WHERE version IS NOT NULL AND id IN readable").fetchall()
    newer = [session for session, version in versions if [*map(int, re.findall(r"\d{1,9}", version))] >= [2, 1, 329]]
    db.execute(f"DELETE FROM sighting WHERE copy_rank = 2 AND seen_session_id {IN_LIST}", (json_list(newer),))


def _drop_misread_words(db: Any) -> None:
    """Messages of other sessions, and what an editor put behind a prompt or before it, were taken for its words."""
    tag = "<cross-session-message%"
    is_message = f"text LIKE '{tag}' OR text LIKE 'Another Claude session sent a message:%{tag}'"
    # What stood behind a prompt that was cut cannot be seen: it keeps its echo, as it may be read by a later run only.
    is_misread = "text LIKE '%</system-reminder>' OR text LIKE char(0xfeff) || '%'"
    run_script(
        db,
        f"""
        DELETE FROM event WHERE kind = 'reply' AND session_id IN readable
            AND session_id IN (SELECT session_id FROM turn WHERE {is_message});
        UPDATE turn SET kind = 'notification', text = '', words = x'', echo = NULL, position = position + 1
            WHERE {is_message};
        UPDATE turn SET echo = IIF({is_misread}, NULL, echo), position = position + 1
            WHERE ({is_misread} OR chars > length(text)) AND session_id IN readable
            AND session_id IN (SELECT id FROM session WHERE agent = 'claude-code')
        """,
    )


def _note_readable_sessions(db: Any) -> None:
    """Put the sessions that are named in the path of a file that is there into a table `readable` of this connection.

    Agents remove their files after a month: what a reading mends waits for it, and stays where there is none.
    """
    there, _ = _names_of_files(db)
    db.execute("CREATE TEMP TABLE IF NOT EXISTS readable (id INTEGER PRIMARY KEY)")
    db.execute("DELETE FROM readable")
    db.execute(f"INSERT INTO readable SELECT id FROM session WHERE native_id {IN_LIST}", (json_list(there),))


def _names_of_files(db: Any) -> tuple[set[str], set[str]]:
    """The names in the paths of files that are there, and of those that are not."""
    there: set[str] = set()
    gone: set[str] = set()
    for path, is_gone in db.execute("SELECT path, gone_at IS NOT NULL FROM source_file"):
        names = there if not is_gone and os.access(path, os.F_OK) else gone
        names.update(re.split(r"[/\\.]", path))
    return there, gone
