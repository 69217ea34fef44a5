"""The state of a session: its main chain so far, the current turn, and the events around it."""

import sqlite3
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import attrgetter

from store.reads import live_session as live
from store.reads.first_prompts import first_prompt
from store.reads.live_session import LiveCall, LiveSession, LiveTurn
from store.reads.tasks import task_row_of
from store.records import Agent, EventKind, ToolFlag
from store.task_rows import EventRow, TaskRow, ToolRow
from tracker.model.advice.compaction import compaction_failed
from tracker.model.advice.habits import Loss
from tracker.model.cache.cache_life import written_ttl
from tracker.model.cost.result_tokens import result_tokens
from tracker.model.defaults import TTL_5M_MS

COMPACTIONS = frozenset({EventKind.COMPACT, EventKind.SUMMARY})
RESETS = COMPACTIONS | {EventKind.CLEAR, EventKind.REWIND}
_STOPPED = frozenset({EventKind.INTERRUPT, EventKind.API_ERROR, EventKind.LIMIT})
_GOES_ON = frozenset({"tool_use", "pause_turn"})


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A tool result and the tokens that it added to the context."""

    pattern: str
    tokens: int


@dataclass(frozen=True, slots=True)
class SessionState:
    """A session with at least one call; times in epoch milliseconds, sizes in tokens."""

    session: LiveSession
    calls: Sequence[LiveCall]  # calls of the main chain that grow its prompt
    first_prompt: int  # tokens; a fork's comes from its parent
    turn: LiveTurn | None
    turns: int  # prompts so far, at most two
    marks: Sequence[EventRow]
    todos: Sequence[ToolRow]
    turn_tools: Sequence[ToolRow]
    task: TaskRow | None
    cold_floor: int | None  # static floor of the model and version

    @property
    def last(self) -> LiveCall:
        """The latest call."""
        return self.calls[-1]

    @property
    def epoch(self) -> Sequence[LiveCall]:
        """Calls since the last reset."""
        return self.calls[bisect_left(self.calls, self.last.epoch or 0, key=lambda call: call.epoch or 0) :]

    @property
    def is_waiting(self) -> bool:
        """Whether the turn has ended: the last answer asks for no tools, or the turn was stopped."""
        since = max(self.last.position, self.turn.position if self.turn is not None else 0)
        was_stopped = any(mark.kind in _STOPPED and mark.position > since for mark in self.marks)
        return was_stopped or not (self.awaits_answer or self._asks_tools)

    @property
    def awaits_answer(self) -> bool:
        """Whether no call has answered the latest prompt yet."""
        return self.turn is not None and self.turn.position > self.last.position

    @property
    def _asks_tools(self) -> bool:
        """Whether the last answer asks for tools; older versions of Claude Code do not record a stop reason."""
        if self.last.stop is None and self.session.agent == Agent.CLAUDE_CODE:
            return any(tool.message_id == self.last.message_id for tool in self.turn_tools)
        return self.last.stop in _GOES_ON

    @property
    def was_reset(self) -> bool:
        """Whether the context was cut after the last call, so that its size is unknown until the next one."""
        return any(mark.kind in RESETS and mark.position > self.last.position for mark in self.marks)

    @property
    def ttl_ms(self) -> int | None:
        """Cache lifetime of the chain's entry; None if it wrote none."""
        for call in reversed(self.calls):
            if (ttl_ms := written_ttl(call.write_5m, call.write_1h)) is not None:
                return ttl_ms
        return TTL_5M_MS if any(call.write_5m or call.write_1h for call in self.calls) else None

    @property
    def anchor(self) -> str:
        """Id of the current turn, or of the last call if no prompt is known."""
        return self.turn.prompt_uuid if self.turn is not None else self.last.message_id

    def increments(self) -> list[int]:
        """Growth of the context from call to call in this epoch, in tokens."""
        return [after.context - before.context for before, after in pairwise(self.epoch)]

    def calls_after(self, at: int) -> int:
        """Number of main-chain calls that began after a time."""
        return sum(call.started_at > at for call in self.calls)

    def calls_since_compaction(self) -> int | None:
        """Calls since the last compaction; None if there was none."""
        place = max((mark.position for mark in self.marks if mark.kind in COMPACTIONS), default=None)
        return None if place is None else len(self.calls) - bisect_right(self.calls, place, key=attrgetter("position"))

    def compaction_failed(self) -> bool:
        """Whether the compaction that began this epoch left the context nearly as it was."""
        for index in range(len(self.calls) - 1, 0, -1):
            before, after = self.calls[index - 1], self.calls[index]
            if before.epoch != after.epoch:
                between = (mark for mark in self.marks if before.position < mark.position <= after.position)
                is_compaction = any(mark.kind in COMPACTIONS for mark in between)
                return is_compaction and compaction_failed(before.context, after.context)
        return False

    def has_plan_in_progress(self) -> bool:
        """Whether the latest to-do list has an entry in progress."""
        listed = False
        entries: set[str] = set()
        for tool in self.todos:
            if tool.is_error:
                continue
            target = tool.target or ""
            if "/" in target:
                listed = target.endswith("+")
                entries.clear()
                continue
            name, _, status = target.rpartition(":")
            if status == "in_progress":
                entries.add(name)
            else:
                entries.discard(name)
        return listed or bool(entries)

    def largest_result(self) -> ToolResult | None:
        """The tool result of this turn that added most to the context, by measured growth; None without any."""
        grown = {call.message_id: after.context - call.context - call.output for call, after in pairwise(self.epoch)}
        by_call: dict[str, list[ToolRow]] = {}
        for tool in self.turn_tools:
            if tool.result_chars and tool.message_id in grown:
                by_call.setdefault(tool.message_id, []).append(tool)
        found: list[ToolResult] = []
        for message_id, tools in by_call.items():
            sizes = result_tokens(grown[message_id], [tool.result_chars for tool in tools])
            sized = zip(tools, sizes, strict=True)
            found += [ToolResult(command_pattern(tool), tokens) for tool, tokens in sized if tokens > 0]
        return max(found, key=attrgetter("tokens"), default=None)

    def recent_losses(self, count: int, missed_nano: float | None = None) -> list[Loss]:
        """Losses of the latest calls, oldest first; as billed, or at `missed_nano` per missed token."""
        return [
            Loss(
                call.kind,
                call.cause,
                (call.waste or 0) if missed_nano is None else round((call.missed or 0) * missed_nano),
            )
            for call in self.calls[-count:]
        ]


def command_pattern(tool: ToolRow) -> str:
    """A short name for a command: its first two words, or the tool and the file's name."""
    words = (tool.target or "").split()
    if tool.flags & ToolFlag.RUN or (tool.name or "").lower() in ("bash", "execute_command"):
        return " ".join(words[:2])[:40] or tool.name or "a command"
    name = (words[0] if words else "").replace("\\", "/").rsplit("/", 1)[-1]
    return f"{tool.name or 'tool'} {name}".strip()[:40]


def load_state(
    db: sqlite3.Connection, session_id: int, floors: Mapping[tuple[str, str | None], int]
) -> SessionState | None:
    """Load a session from the ledger; None before its first main-chain call."""
    calls = [call for call in live.main_calls(db, session_id) if call.epoch is not None]
    if not calls:
        return None
    turns = live.latest_turns(db, session_id, 2)
    turn = turns[-1] if turns else None
    return SessionState(
        session=live.live_session(db, session_id),
        calls=calls,
        first_prompt=first_prompt(db, session_id),
        turn=turn,
        turns=len(turns),
        marks=live.marks(db, session_id),
        todos=live.tools_with(db, session_id, int(ToolFlag.TODOS)),
        turn_tools=live.tools_since(db, session_id, turn.position) if turn is not None else [],
        task=task_row_of(db, turn.task_id) if turn is not None and turn.task_id is not None else None,
        cold_floor=floors.get((calls[-1].model, calls[-1].version)),
    )
