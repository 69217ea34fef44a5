"""The records that sources pass to the ledger: typed, frozen, without behaviour.

Times are epoch milliseconds (UTC), tokens are counts, money is nano-dollars. Records travel between processes as
msgpack arrays, so the order of fields is part of the format: append, never reorder.

Every record is an *observation*. The ledger joins observations of the same thing by rules that do not depend on
their order (store.write, store.merge), so files may be read in any order, in pieces, twice, or by several processes.
"""

from collections.abc import Iterable
from enum import IntFlag

import msgspec

# Of a model's, a branch's or a tool's name readers keep this much. No real one is as long; ids and folders stay whole.
NAME_CHARS = 300


class Agent:
    """Which agent wrote the records, as the ledger stores it and users type it."""

    CLAUDE_CODE = "claude-code"
    CLINE = "cline"
    ROO = "roo"  # and its successor, Zoo Code


AGENTS = (Agent.CLAUDE_CODE, Agent.CLINE, Agent.ROO)
DRIVES_CLAUDE_CODE = "claude-code"  # Cline's name of a provider that runs Claude Code for every request (store.keyless)


class CallFlag(IntFlag):
    """What is special about a call; stored as an integer."""

    OUTPUT_IS_FLOOR = 1  # the client never wrote the final output count: the true one is at least this
    TTL_UNKNOWN = 2  # cache writes without the 5 min / 1 h split: priced as 5 min, a lower bound
    ABORTED = 4  # the user stopped the stream
    ITERATION = 8  # an inner request of a call that the call's own usage leaves out (`usage.iterations`)
    EMBEDDED = 16  # seen only inside a progress record of another chain
    ESTIMATED = 32  # token counts are derived by a rule, not read (the source says which)
    REPORTED_ONLY = 64  # the provider reported a cost, but no tokens
    REPORTED_COST = 128  # the cost is the provider's own figure for this call, not a list price
    SEVERAL_REQUESTS = 256  # sums of several prompts, of which none may be as long as a long-prompt price needs


class ToolFlag(IntFlag):
    """What a tool call did, as far as its name and command show."""

    EDIT = 1  # changed a file
    COMMIT = 2  # ran `git commit`
    PULL_REQUEST = 4  # opened or merged a pull request
    CHECK = 8  # ran tests, a build, a linter or a type checker
    PUSH = 16  # ran `git push`
    AGENT = 32  # started a subagent
    TODOS = 64  # wrote the to-do list: target is "closed/all", with "+" while one is in progress
    REVERT = 128  # ran `git revert`
    RUN = 256  # ran a command of any kind
    READ = 512  # read a file or searched
    FAILED = 1024  # the output of a check says that it failed, whatever the exit status of the command line says


class CopyRank:
    """How far an observation of a call is from the original; the lowest rank tells where the call was made."""

    OWN = 0
    FOREIGN = 1  # a line of another session in this file
    FORK = 2  # history that `--fork-session` or an old resume copied; the client's counter goes on
    EMBEDDED = 3  # inside a progress record
    BRANCH = 4  # history that `/branch` copied; the client's counter starts at nothing


class TurnKind:
    """Why a turn began."""

    PROMPT = "prompt"
    COMMAND = "command"  # a slash command that reaches the model
    BASH = "bash"  # `!command` typed by the user
    # A background agent reports back (belongs to the turn that started it), or a teammate writes.
    NOTIFICATION = "notification"


class EventKind:
    """Marks in a session that are not calls."""

    COMPACT = "compact"  # tokens_before / tokens_after where the client says; detail = manual | auto
    MICROCOMPACT = "microcompact"
    CLEAR = "clear"
    REWIND = "rewind"
    SUMMARY = "summary"  # compaction summary line (some versions write no boundary)
    INTERRUPT = "interrupt"
    API_ERROR = "api_error"  # detail = status code or type
    FALLBACK = "fallback"  # detail = "model_a>model_b"
    LIMIT = "limit"  # a plan limit refused the request; detail = kind
    PULL_REQUEST = "pull_request"  # detail = URL
    BRANCH = "branch"
    FOLDER = "folder"  # the prompt at this place was typed in another project than the one before
    COMMAND = "command"  # local slash command; detail = its name
    EXIT = "exit"
    MODE = "mode"  # plan or act, permission mode
    COMPLETION = "completion"  # the agent says that the task is done
    RESUME = "resume"  # work goes on in a task that had been left
    FEEDBACK = "feedback"  # the user answers after a completion: the task is open again
    PLAN = "plan"  # the prompt at this place carries out a plan; detail = native id of the session that made it
    REPLY = "reply"  # the agent's first words after a prompt; detail = their hashes


class _Record(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Base of all records: how they travel between processes."""


class Session(_Record, frozen=True):
    """Facts of a session from one file. `rank`: 2 its own main file, 1 a part of it, 0 another session's."""

    agent: str
    native_id: str
    rank: int
    first_at: int | None
    last_at: int | None
    cwd: str | None = None
    branch: str | None = None
    version: str | None = None
    entrypoint: str | None = None
    title: str | None = None
    title_rank: int = 0  # 3 by the user, 2 by the agent, 1 a summary
    billing: str | None = None  # api | plan
    parent: str | None = None  # native id of the session this one was forked from
    own_start_at: int | None = None  # first line that is not a copy: tells a fork from its origin
    team: str | None = None  # agent teams that it was in, one a line
    teammate: str | None = None  # its name there; a team's lead has none


class Chain(_Record, frozen=True):
    """A chain of calls that share one growing prompt (MODEL section 1). `key` is "" for the main chain."""

    agent: str
    session: str
    key: str
    kind: str  # main | subagent | compaction | side
    first_at: int | None = None
    spawn_tool_use: str | None = None
    prompt_id: str | None = None
    agent_type: str | None = None


class Call(_Record, frozen=True):
    """One observation of a model call. Same `message_id` or same `request_id` is the same call, in any file."""

    agent: str
    message_id: str
    request_id: str | None
    more_message_ids: tuple[str, ...]  # further message ids under which the same request was seen
    # where: the session and chain in which it was made, the turn in which it fell
    session: str
    chain: str
    seen_session: str  # the session in whose file this observation stands (differs for copies)
    copy_rank: int  # 0 the original record, higher for copies (CopyRank)
    turn: str | None
    position: int  # byte offset of its first line: order inside the chain
    requested_at: int | None
    first_at: int
    last_at: int
    # what: the observation with the largest `output` represents the call, whole
    model: str
    provider: str
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    thinking: int
    web_searches: int
    speed: str | None
    tier: str | None
    geo: str | None
    stop: str | None
    effort: str | None
    version: str | None
    retries: int
    flags: int
    price_id: str | None  # key of the price row; None while unpriced
    cost: int | None
    reported_cost: int | None
    miss_reason: str | None = None  # `diagnostics.cache_miss_reason` where the API gives it
    more_request_ids: tuple[str, ...] = ()  # further request ids under which the same message was seen
    parts: str | None = None  # JSON: [input, cache_read, write_5m, write_1h, output] of each of several requests


def canonical_id(ids: Iterable[str]) -> str:
    """The one id that stands for a call with several, independent of their order."""
    return min(ids, key=lambda key: (not key.startswith(("msg_", "req_")), key))


class Turn(_Record, frozen=True):
    """A user prompt that reached the model. Its text is cut to the opening words before it gets here."""

    agent: str
    session: str
    prompt_uuid: str
    position: int
    at: int
    kind: str
    prompt_id: str | None
    text: str
    chars: int  # length of the whole prompt
    words: bytes  # 4-byte hashes of the prompt's distinct content words, sorted
    echo: int | None  # per mille of these words that the agent's latest output used; None without output
    branch: str | None
    source_tool_use: str | None = None  # for notifications: the tool call that started the agent
    seen_agent: str | None = None  # for notifications: the agent's id


class ToolUse(_Record, frozen=True):
    """A tool call as the assistant wrote it, or its result, or both; the ledger joins the halves by `id`."""

    agent: str
    session: str
    id: str
    chain: str
    turn: str | None
    position: int
    at: int
    message_id: str | None = None  # the call that asked for it
    name: str | None = None
    target: str | None = None
    flags: int = 0
    result_chars: int | None = None
    is_error: bool | None = None
    spawned: str | None = None  # agent id that it started
    commit: str | None = None  # short sha that `git commit` printed


class Event(_Record, frozen=True):
    """A mark in a chain (EventKind)."""

    agent: str
    session: str
    chain: str
    position: int
    at: int | None
    kind: str
    detail: str | None = None
    tokens_before: int | None = None
    tokens_after: int | None = None


class ModelTotal(_Record, frozen=True):
    """One model's part of a client total."""

    model: str
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    cost: int


class ClientTotal(_Record, frozen=True):
    """A session's cost so far as the agent itself counts it, including requests that were not recorded."""

    agent: str
    session: str
    source: str  # cost-state | statusline | result | history
    position: int
    at: int | None
    started_at: int | None  # where the client's counter began
    cost: int
    models: tuple[ModelTotal, ...] = ()
    unknown_model: bool = False


class Price(_Record, frozen=True):
    """A resolved price row: pico-dollars per token after every multiplier, web search in nano-dollars each."""

    id: str
    provider: str
    model: str
    effective_from: str  # date
    input: int
    output: int
    write_5m: int
    write_1h: int
    cache_read: int
    web_search: int
    tier: str  # standard | long, with /fast /batch /us … as they apply
    multiplier_permille: int
    source: str
    checked_on: str


class Batch(msgspec.Struct, array_like=True, gc=False):
    """All observations from one piece of one file, written in one transaction with the file's read state."""

    sessions: list[Session] = []
    chains: list[Chain] = []
    calls: list[Call] = []
    turns: list[Turn] = []
    tools: list[ToolUse] = []
    events: list[Event] = []
    totals: list[ClientTotal] = []
    bad_lines: int = 0
    prices: list[Price] = []  # the rows that the calls point at
