"""Ledger rows that the task and plan models work on: typed and without SQL, so pure code may import them.

Times are epoch milliseconds, tokens are counts, money is nano-dollars.
"""

from typing import NamedTuple

# The parts that a cost is split into (MODEL section 3), as columns of a call, a turn and a task.
COST_PARTS = ("baseline", "carry_over", "own", "waste", "fresh", "generation", "other")


class SessionRow(NamedTuple):
    """Facts of a session."""

    id: int
    agent: str
    native_id: str
    project: str | None
    branch: str | None
    title: str | None
    title_rank: int
    parent_id: int | None
    teammate: str | None = None  # name in an agent team; None for its lead and for everybody else


class TeamRow(NamedTuple):
    """A session of an agent team."""

    id: int
    agent: str
    native_id: str
    project: str | None
    team: str  # all that it was in, one a line
    teammate: str | None
    began_at: int


class CallRow(NamedTuple):
    """A call of a session, or (`copied`) another session's call that its file holds a copy of."""

    id: int
    chain: str
    home_id: int  # the session that made it
    message_id: str
    turn: str | None
    position: int
    requested_at: int | None
    first_at: int
    last_at: int
    model: str
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    speed: str | None
    stop: str | None
    effort: str | None
    version: str | None
    flags: int
    price_id: str | None
    cost: int | None
    miss_reason: str | None
    copied: bool = False

    @property
    def context(self) -> int:
        """Prompt size in tokens."""
        return self.input + self.cache_read + self.write_5m + self.write_1h


class ChainRow(NamedTuple):
    """A chain of a session; key "" is the main one."""

    key: str
    first_at: int | None
    spawn_tool_use: str | None
    prompt_id: str | None


class TurnRow(NamedTuple):
    """A prompt, as the reader saw it."""

    prompt_uuid: str
    position: int
    at: int
    kind: str
    prompt_id: str | None
    text: str
    chars: int
    words: bytes
    echo: int | None
    branch: str | None
    source_tool_use: str | None
    seen_agent: str | None


class ToolRow(NamedTuple):
    """A tool use and what is known of its result."""

    id: str
    chain: str
    turn: str | None
    position: int
    at: int
    message_id: str | None
    name: str | None
    target: str | None
    flags: int
    result_chars: int | None
    is_error: int | None
    spawned: str | None
    commit_sha: str | None


class EventRow(NamedTuple):
    """A mark in a chain."""

    chain: str
    position: int
    kind: str
    at: int | None
    detail: str | None


class SessionRecords(NamedTuple):
    """Everything that the ledger holds on one session."""

    session: SessionRow
    chains: list[ChainRow]
    calls: list[CallRow]  # own calls and copies, in no particular order
    turns: list[TurnRow]
    tools: list[ToolRow]
    events: list[EventRow]
    foreign_turns: dict[str, int]  # prompts in this session's file that were typed in another one -> that session


class SplitRow(NamedTuple):
    """A row of `call_split`."""

    call_id: int
    session_id: int
    turn: str
    task_id: str
    epoch: int
    expected_read: int
    missed: int
    kind: str | None
    cause: str | None
    cause_source: str | None
    is_up_to: int
    ttl_ms: int | None
    baseline: int | None
    carry_over: int | None
    own: int | None
    waste: int | None
    fresh: int | None
    generation: int | None
    other: int | None


class TaskTurnRow(NamedTuple):
    """A row of `task_turn`: a turn, the task that it is on, and its sums (subagents included)."""

    session_id: int
    prompt_uuid: str
    ordinal: int
    task_id: str
    root: str
    kind: str
    decision: str
    decided_by: str
    score: int | None  # per mille of what starts a task
    reasons: str
    at: int
    ended_at: int
    calls: int
    unpriced: int
    floor: int
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    cost: int
    baseline: int
    carry_over: int
    own: int
    waste: int
    fresh: int
    generation: int
    other: int
    misses: int
    subagent_calls: int
    subagent_cost: int
    models: str
    context_begin: int | None
    context_end: int | None
    facts: bytes


class PartRow(NamedTuple):
    """A row of `task_part`: the turns of one session that are on one task, and what they are linked to."""

    session_id: int
    root: str
    task_id: str
    opens_session: int
    branch: str | None
    keys: str
    first_at: int
    last_at: int
    link_kind: str | None = None
    link_session_id: int | None = None
    link_turn: str | None = None


class TaskRow(NamedTuple):
    """A row of `task`."""

    id: str
    title: str
    title_from: str
    status: str
    evidence: str | None
    if_left: str | None
    excluded: int
    agents: str
    project: str | None
    sessions: str
    models: str
    branch: str | None
    started_at: int
    ended_at: int
    active_ms: int
    turns: int
    calls: int
    unpriced: int
    floor: int
    input: int
    cache_read: int
    write_5m: int
    write_1h: int
    output: int
    web_searches: int
    cost: int
    baseline: int
    carry_over: int
    own: int
    waste: int
    fresh: int
    generation: int
    other: int
    misses: int
    subagent_calls: int
    subagent_cost: int
    hidden: int | None
    edit_turns: int
    retry_turns: int
    retry_cost: int
    context_begin: int | None
    context_end: int | None
    unrecorded: int  # modelled; what `hidden` is where the client's counter tells it


class EditRow(NamedTuple):
    """A user's edit, or a suggestion in the same form."""

    id: int
    kind: str
    body: str


class LimitSample(NamedTuple):
    """A reading of the usage meter of one plan window."""

    at: int
    used_percent: float
    resets_at: int | None


class CommitRow(NamedTuple):
    """A commit in the repository of a session's folder."""

    folder: str
    sha: str
    at: int
    reverts: str | None
    files: str  # JSON list, paths relative to the repository
