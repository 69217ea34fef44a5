"""Assigns a session's calls and events to its turns (MODEL section 1).

Every call is in exactly one turn. A main call belongs to the prompt before it, a subagent's calls to the turn that
started the subagent, calls before any prompt to the first turn. A session without a prompt is a single turn. Turns that
a fork copied from its parent are kept as context and marked as foreign.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from store.first_words import from_text
from store.records import CallFlag, EventKind, ToolFlag, TurnKind
from store.task_rows import CallRow, ChainRow, EventRow, SessionRecords, ToolRow, TurnRow
from tracker.model.defaults import MINUTE_MS

# Plain integers: enum arithmetic is too slow in code that runs once per tool use.
_EDIT, _READ, _RUN, _CHECK = (int(flag) for flag in (ToolFlag.EDIT, ToolFlag.READ, ToolFlag.RUN, ToolFlag.CHECK))
_COMMIT, _PUSH, _TODOS = (int(flag) for flag in (ToolFlag.COMMIT, ToolFlag.PUSH, ToolFlag.TODOS))
_PULL_REQUEST, _FAILED = int(ToolFlag.PULL_REQUEST), int(ToolFlag.FAILED)
_ABORTED, _ITERATION = int(CallFlag.ABORTED), int(CallFlag.ITERATION)
_LONGEST_STEP_MS = 10 * MINUTE_MS
NO_PROMPT = "none"  # kind of the single turn of a session without prompts


@dataclass(slots=True)
class TurnInfo:
    """A turn and everything in it; `origin` is the turn whose agent a notification reports on."""

    index: int
    row: TurnRow
    is_foreign: bool
    origin: int | None = None
    calls: list[CallRow] = field(default_factory=list)  # own calls, subagents included
    copies: list[CallRow] = field(default_factory=list)
    tools: list[ToolRow] = field(default_factory=list)
    events: list[EventRow] = field(default_factory=list)
    gap_ms: int = 0  # since the end of the previous turn
    ended_at: int = 0

    @property
    def is_own(self) -> bool:
        """Whether this session counts it."""
        return bool(self.calls) or not self.is_foreign

    @property
    def last_main_call(self) -> CallRow | None:
        """The last call of the main chain; a request within it, such as a refused first try, is no call of its own."""
        main = (call for call in self.calls if not call.chain and not call.flags & _ITERATION)
        return max(main, key=lambda call: call.position, default=None)


def arrange(records: SessionRecords) -> list[TurnInfo]:
    """A session's turns in file order, with their calls, tools and events."""
    own = [call for call in records.calls if not call.copied]
    rows = sorted(records.turns, key=lambda row: (row.position, row.prompt_uuid))
    if not rows and own:
        rows = [_no_prompt(own)]
    turns = [TurnInfo(index, row, row.prompt_uuid in records.foreign_turns) for index, row in enumerate(rows)]
    if not turns:
        return []
    places = _Places(records, turns)
    for call in records.calls:
        turn = turns[places.of(call.chain, call.turn, call.position, call.first_at)]
        (turn.copies if call.copied else turn.calls).append(call)
    for tool in records.tools:
        turns[places.of(tool.chain, tool.turn, tool.position, tool.at)].tools.append(tool)
    for event in _linked_once(records.events):
        turns[places.of(event.chain, None, event.position, event.at)].events.append(event)
    for turn in turns:
        turn.tools.sort(key=_order)
        turn.origin = places.origin_of(turn)
    _set_times(turns)
    return turns


def _linked_once(events: Iterable[EventRow]) -> Iterator[EventRow]:
    """Events in order, each pull request only at its first mention, as clients repeat it long after."""
    linked: set[str | None] = set()
    for event in sorted(events, key=lambda event: event.position):
        if event.kind == EventKind.PULL_REQUEST:
            if event.detail in linked:
                continue
            linked.add(event.detail)
        yield event


def _order(tool: ToolRow) -> tuple[int, int, str]:
    return tool.at, tool.position, tool.id


def _no_prompt(calls: list[CallRow]) -> TurnRow:
    first = min(calls, key=lambda call: (call.first_at, call.position))
    return TurnRow("", first.position, first.first_at, NO_PROMPT, None, "", 0, b"", None, None, None, None)


def _set_times(turns: Iterable[TurnInfo]) -> None:
    before: int | None = None
    for turn in turns:
        lasts = [call.last_at for call in (*turn.calls, *turn.copies)]
        mains = [call.last_at for call in (*turn.calls, *turn.copies) if not call.chain]
        turn.ended_at = max([turn.row.at, *lasts])
        turn.gap_ms = 0 if before is None else max(0, turn.row.at - before)
        before = max([turn.row.at, *mains])


class _Places:
    """Finds the turn of any record in a session's files."""

    def __init__(self, records: SessionRecords, turns: list[TurnInfo]) -> None:
        self._turns = turns
        self._by_uuid = {turn.row.prompt_uuid: turn.index for turn in turns}
        self._positions = [turn.row.position for turn in turns]
        self._chains = {chain.key: chain for chain in records.chains}
        self._tools = {tool.id: tool for tool in records.tools}
        spawns: dict[str, set[str]] = {}
        for tool in records.tools:
            if tool.spawned:
                spawns.setdefault(tool.spawned, set()).add(tool.id)
        for chain in records.chains:
            if chain.spawn_tool_use in self._tools:
                spawns.setdefault(chain.key, set()).add(chain.spawn_tool_use)
        # By chain: the tool uses that started and resumed it.
        self._spawns = {key: sorted(map(self._tools.__getitem__, ids), key=_order) for key, ids in spawns.items()}
        self._prompts: dict[str, list[int]] = {}
        for turn in turns:
            if turn.row.prompt_id:
                self._prompts.setdefault(turn.row.prompt_id, []).append(turn.index)
        self._first_calls: dict[str, int] = {}
        for call in records.calls:
            if call.chain and call.first_at < self._first_calls.get(call.chain, call.first_at + 1):
                self._first_calls[call.chain] = call.first_at
        self._of_chain: dict[tuple[str, str | None], int] = {}

    def of(self, chain: str, turn: str | None, position: int, at: int | None) -> int:
        """Index of the turn of something in `chain` that the reader put into `turn`."""
        if chain:
            return self._chain_turn(chain, at, ())
        known = self._by_uuid.get(turn) if turn is not None else None
        return known if known is not None else max(0, bisect_right(self._positions, position) - 1)

    def origin_of(self, turn: TurnInfo) -> int | None:
        """The turn whose background agent this one reports on."""
        if turn.row.kind != TurnKind.NOTIFICATION:
            return None
        row = turn.row
        tool = self._tools.get(row.source_tool_use or "") or self._spawn(row.seen_agent or "", row.at)
        if tool is not None:
            found = self._tool_turn(tool, ())
        elif row.seen_agent in self._chains:
            found = self._chain_turn(row.seen_agent or "", row.at, ())
        else:
            return None
        if found >= turn.index:
            return None
        earlier = self._turns[found]
        return found if earlier.origin is None else earlier.origin

    def _spawn(self, key: str, at: int | None) -> ToolRow | None:
        """The tool use that started or last resumed an agent before that time."""
        spawns = self._spawns.get(key)
        if not spawns:
            return None
        return spawns[max(0, bisect_right(spawns, at, key=lambda tool: tool.at) - 1) if at is not None else 0]

    def _chain_turn(self, key: str, at: int | None, asking: tuple[str, ...]) -> int:
        tool = self._spawn(key, at)
        # In damaged records, chains may refer to each other in a cycle. A result found on behalf of another chain then
        # depends on who asks, so only a chain's own result is cached.
        if asking:
            return self._find_chain_turn(key, tool, asking)
        known = key, tool.id if tool is not None else None
        if known not in self._of_chain:
            self._of_chain[known] = self._find_chain_turn(key, tool, asking)
        return self._of_chain[known]

    def _find_chain_turn(self, key: str, tool: ToolRow | None, asking: tuple[str, ...]) -> int:
        if tool is not None and tool.chain not in (key, *asking):
            return self._tool_turn(tool, (*asking, key))
        chain = self._chains.get(key) or ChainRow(key, None, None, None)
        began = self._first_calls.get(key, chain.first_at)
        named = self._prompts.get(chain.prompt_id or "", ())
        if named:
            return self._latest(named, began)
        return self._latest(range(len(self._turns)), began)

    def _tool_turn(self, tool: ToolRow, asking: tuple[str, ...]) -> int:
        if tool.chain:
            return self._chain_turn(tool.chain, tool.at, asking)
        return self.of("", tool.turn, tool.position, tool.at)

    def _latest(self, indices: Iterable[int], began: int | None) -> int:
        """The latest of these turns that had started by then, else the first."""
        chosen = list(indices)
        started = [index for index in chosen if began is not None and self._turns[index].row.at <= began]
        return max(started, key=lambda index: self._turns[index].row.at) if started else chosen[0]


# -- facts of a turn --------------------------------------------------------------------------------------------------


class Ending:
    """How a turn ended."""

    NORMAL = "normal"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    RUNNING = "running"  # the last answer asks for a tool, or there is no answer


def ending_of(turn: TurnInfo) -> str:
    """How the turn ended, as far as the records show; old clients do not record a stop reason."""
    last = turn.last_main_call
    position = last.position if last else turn.row.position - 1
    later = {event.kind for event in turn.events if not event.chain and event.position > position}
    if EventKind.INTERRUPT in later or (last is not None and last.flags & _ABORTED):
        return Ending.INTERRUPTED
    if later & {EventKind.API_ERROR, EventKind.LIMIT}:
        return Ending.ERROR
    if last is None or last.stop == "tool_use":
        return Ending.RUNNING
    return Ending.NORMAL


def edited_files(turn: TurnInfo) -> tuple[str, ...]:
    """Files that the turn changed, in order of first change."""
    edits = (tool for tool in turn.tools if tool.flags & _EDIT and not tool.is_error)
    return tuple(dict.fromkeys(tool.target for tool in edits if tool.target))


def touched_folders(turn: TurnInfo) -> frozenset[str]:
    """Folders of the files that the turn changed or read."""
    files = (tool.target for tool in turn.tools if tool.flags & (_EDIT | _READ) and tool.target)
    return frozenset(file[:end] for file in files if (end := max(file.rfind("/"), file.rfind("\\"))) >= 0)


def has_commit(turn: TurnInfo) -> bool:
    """Whether a `git commit` of the turn went through."""
    return any(tool.flags & _COMMIT and (tool.commit_sha or tool.is_error == 0) for tool in turn.tools)


def has_pushed(turn: TurnInfo) -> bool:
    """Whether the turn pushed to a remote repository."""
    return any(tool.flags & _PUSH and tool.is_error == 0 for tool in turn.tools)


def reply_words(turn: TurnInfo) -> list[int]:
    """Hashes of the agent's first words in the turn; empty if it wrote nothing."""
    said = (event.detail for event in turn.events if event.kind == EventKind.REPLY and event.detail)
    return from_text(next(said, ""))


def has_pull_request(turn: TurnInfo) -> bool:
    """Whether the turn opened or merged a pull request."""
    return any(event.kind == EventKind.PULL_REQUEST for event in turn.events) or any(
        tool.flags & _PULL_REQUEST and tool.is_error == 0 for tool in turn.tools
    )


def waited_ms(turn: TurnInfo) -> int:
    """Milliseconds in which nothing ran: the part of each pause between calls beyond ten minutes.

    Tools rarely take that long, but questions and permission requests may wait overnight.
    """
    waited, end = 0, turn.row.at
    for call in sorted(turn.calls, key=lambda call: call.first_at):
        waited += max(0, (call.requested_at or call.first_at) - end - _LONGEST_STEP_MS)
        end = max(end, call.last_at)
    return waited


def last_check(turn: TurnInfo) -> bool | None:
    """Whether the last check after the turn's last edit passed; None if there was none."""
    passed: bool | None = None
    for tool in turn.tools:
        if tool.flags & _EDIT and not tool.is_error:
            passed = None
        else:
            known = check_passed(tool)
            passed = passed if known is None else known
    return passed


def check_passed(tool: ToolRow) -> bool | None:
    """Whether a check passed; None if the tool use is no check, or its result is unknown."""
    if not tool.flags & _CHECK:
        return None
    if tool.flags & _FAILED:
        return False
    return None if tool.is_error is None else not tool.is_error


def is_retry(turn: TurnInfo) -> bool:
    """Whether the turn changed a file, ran something, and changed the same file again (MODEL section 2.3)."""
    edited: set[str] = set()
    stale: set[str] = set()
    for tool in turn.tools:
        if tool.flags & _RUN:
            stale |= edited
        elif tool.flags & _EDIT and tool.target and not tool.is_error:
            if tool.target in stale:
                return True
            edited.add(tool.target)
    return False


def todos_of(turn: TurnInfo) -> tuple[int | None, int | None]:
    """(closed, total) of the to-do list as the turn left it; else counts of entries closed and added one by one.

    (None, None) if the turn did not touch to-dos. A subagent may close the task's entries; a list of its own says
    nothing of the task.
    """
    listed: tuple[int, int] | None = None
    added, closed = 0, set()
    tools = [tool for tool in turn.tools if tool.flags & _TODOS and not tool.is_error]
    todos = [(tool.chain, tool.target) for tool in tools if tool.target]
    with_own_lists = {chain for chain, target in todos if chain and ("/" in target or target.startswith("new:"))}
    for chain, target in todos:
        if chain in with_own_lists:
            continue
        if "/" in target:
            done, _, entries = target.rstrip("+").partition("/")
            if done.isdigit() and entries.isdigit():
                listed = int(done), int(entries)
        else:
            name, _, status = target.rpartition(":")
            added += name == "new"
            if status in ("completed", "cancelled", "deleted"):
                closed.add(name)
    if listed is not None:
        return listed
    return (len(closed), added) if added or closed else (None, None)
