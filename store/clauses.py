"""SQL fragments that several queries share: filters, IN lists, session titles, existence checks."""

import sqlite3
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from store.records import CallFlag, TurnKind

# Of the turns with words, prompts stand first. A session may hold nothing but slash commands, a teammate's nothing but
# messages of its team.
_OPENING_WORDS = (
    "SELECT text FROM turn WHERE turn.session_id = session.id AND text <> '' AND {}"
    f" ORDER BY kind != '{TurnKind.PROMPT}', kind = '{TurnKind.NOTIFICATION}', position LIMIT 1"
)
# What a session is called (store.titles): its title, or the opening words of its first prompt where it never got one.
# Where the agent's title or those only pick up earlier work, it is the next prompt that says more, if there is one.
_SAYS_MORE = f"kind != '{TurnKind.NOTIFICATION}' AND NOT only_resumes(text)"
SESSION_TITLE = (
    "title_in(COALESCE(IIF(session.title_rank <= 2 AND only_resumes(session.title), NULL, session.title),"
    f" ({_OPENING_WORDS.format(_SAYS_MORE)}), session.title, ({_OPENING_WORDS.format(1)})))"
)

# Clients of late 2025 warmed subagents up before the first prompt, and some sessions never had one.
HAS_TALKED = (
    "EXISTS (SELECT 1 FROM call JOIN chain ON chain.id = chain_id"
    " WHERE call.session_id = session.id AND chain.key = '')"
)

# A call counts for the git branch on which its prompt was typed, also a subagent's call; needs derived tasks.
CALLS_AND_PROMPTS = (
    "call JOIN session ON session.id = call.session_id LEFT JOIN call_split AS split ON split.call_id = call.id"
    " LEFT JOIN turn ON turn.session_id = call.session_id AND turn.prompt_uuid = split.turn"
)
BRANCH_OF_CALL = "COALESCE(turn.branch, session.branch, '(unknown)')"

# Takes any number of values in one parameter (json_list).
IN_LIST = "IN (SELECT value FROM json_each(?))"

# The whole prompt of a call, tokens.
PROMPT_TOKENS = "(call.input + call.cache_read + call.write_5m + call.write_1h)"
# The client wrote down what a call used.
IS_COUNTED = f"({PROMPT_TOKENS} + call.output + call.web_searches > 0)"
# Not all of a call's output is on record.
IS_FLOOR = f"((call.flags & {int(CallFlag.OUTPUT_IS_FLOOR)}) != 0)"

# A session of print mode or the SDK (`entrypoint`, CLAUDE_CODE section 1.2): mostly a program's, seldom a person's.
IS_HEADLESS = "COALESCE(session.entrypoint, '') LIKE 'sdk%'"
# When a session last had a record, as of `:now`. Times more than a day ahead are of a clock that was wrong: they count
# for nothing until then, or such a session would be the latest one, and at work, all that while.
SESSION_LAST_AT = (
    "IIF(session.last_at <= :now + 86400000, session.last_at, COALESCE((SELECT MAX(last_at) FROM call"
    " WHERE session_id = session.id AND last_at <= :now + 86400000), 0))"
)
# The latest session first. What a hook or script ran a moment ago is not what the person was at: a headless session
# stands behind those of the day before it.
LATEST_SESSION_FIRST = f"{SESSION_LAST_AT} - 86400000 * ({IS_HEADLESS}) DESC, session.id DESC"


def columns(table: str, row_fields: Iterable[str]) -> str:
    """The columns of a table that a row type's fields name, in the order of the fields."""
    return ", ".join(f"{table}.{name}" for name in row_fields)


def local_day(moment: str) -> str:
    """The local day of a column with epoch milliseconds."""
    return f"date({moment} / 1000, 'unixepoch', 'localtime')"


def utc_day(moment: str) -> str:
    """The UTC day of a column with epoch milliseconds."""
    return f"date({moment} / 1000, 'unixepoch')"


def where_clause(choices: Iterable[tuple[str, str | int | None]]) -> tuple[str, list[str | int]]:
    """The conditions joined by AND, and their values; conditions whose value is None are left out."""
    chosen = [(condition, value) for condition, value in choices if value is not None]
    return " AND ".join(condition for condition, _ in chosen) or "1", [value for _, value in chosen]


def in_sessions_of_days(since: str | None, until: str | None) -> tuple[str, list[str | int]]:
    """Condition: `call` is of a session with calls in these days (ISO, inclusive) or up to two days around them.

    Only narrows the search: the caller must also check the call's own day, which for the whole history would be slow.
    `spend` has one row for many calls.
    """
    if since is None and until is None:
        return "1", []
    # `date` knows nothing after the year 9999.
    where, values = where_clause(
        (("day >= date(?, '-2 days')", since), ("day <= COALESCE(date(?, '+2 days'), '9999')", until))
    )
    return f"call.session_id IN (SELECT session_id FROM spend WHERE {where})", values


def exists(db: sqlite3.Connection, rows: str, values: Sequence[object] | Mapping[str, object] = ()) -> bool:
    """Whether a query returns any row."""
    return bool(db.execute(f"SELECT EXISTS ({rows})", values).fetchone()[0])


def json_list(values: Iterable[int | str]) -> str:
    """Values for IN_LIST."""
    return msgspec.json.encode(list(values)).decode()
