"""Turns from what the user typed, and events from lines that the client writes in the user's name."""

from store.first_words import as_text, first_words
from store.projects import is_within, project_of
from store.records import Batch, EventKind, Turn, TurnKind
from tracker.sources.base import Options
from tracker.sources.claude_code.carry import Carry
from tracker.sources.claude_code.events import event, event_at
from tracker.sources.claude_code.fold import Place
from tracker.sources.claude_code.lines import AGENT, Block, Line, decode_content, decoded, joined_text
from tracker.sources.claude_code.prompts import Prompt, classify, is_caveat, planning_session_in
from tracker.sources.text import echo_of, opening, packed, word_hashes, word_set

_WORDS_FROM_CHARS = 1200
_RECENT_LINES = 200
_REPLY_CHARS = 40


class Conversation:
    """Follows the main chain of one piece of a file; adds turns and events to `batch`."""

    def __init__(self, carry: Carry, options: Options, batch: Batch) -> None:
        self._carry = carry
        self._options = options
        self._batch = batch
        self._last_text: list[Block] | None = None
        self._output_words = word_set(carry.output_words)

    def note_line(self, line: Line) -> None:
        """Note a line that is neither prompt nor answer: it may be the parent of a prompt, even of an earlier one."""
        if line.uuid:
            self._carry.recent.append(line.uuid)
            if self._carry.rewind is not None and self._carry.rewind[0] == line.uuid:
                self._carry.rewind = None

    def note_answer(self, line: Line) -> None:
        """Note a line of the agent's answer."""
        self._confirm_rewind()
        if line.uuid:
            self._carry.recent = [line.uuid]
            self._carry.tracked = True

    def note_answer_text(self, content: list[Block], line: Line, place: Place, position: int) -> None:
        """Note the agent's latest content with text, which must not point into a reused buffer."""
        self._last_text = content
        if self._carry.awaits_reply:
            text = joined_text(content).strip()
            if text:
                self._carry.awaits_reply = False
                words = as_text(first_words(text, _REPLY_CHARS))
                self._batch.events.append(event(line, place.seen_session, "", position, EventKind.REPLY, words))

    def includes(self, leaf: str | None) -> bool:
        """Whether a summary belongs to this conversation, judged by the last line that it covers (`leaf`).

        Old clients wrote summaries of earlier sessions into the open session's file.
        """
        return leaf is None or leaf in self._carry.recent

    def add_user_line(self, line: Line, text: str, place: Place, at: int) -> None:
        """Add a user line of the main chain that is no tool result."""
        if line.isCompactSummary:
            self._batch.events.append(event_at(line, place, EventKind.SUMMARY, None))
        elif line.isVisibleInTranscriptOnly or line.uuid is None or (line.isMeta and not self._is_scheduled(line)):
            # Text that the client adds: part of the current turn, and of the wait before its next call.
            self._carry.asked_at[""] = at
            if line.isMeta and is_caveat(text):
                self._carry.caveat = line.uuid
        else:
            prompt = classify(text, is_local=line.parentUuid is not None and line.parentUuid == self._carry.caveat)
            self._mark(line, prompt, place)
            if prompt.kind is not None:
                self._begin_turn(line, line.uuid, prompt, prompt.kind, place, at)
        self.note_line(line)

    def _is_scheduled(self, line: Line) -> bool:
        """Whether a line added by the client is a scheduled prompt that began the session.

        Later ones belong to the current turn.
        """
        return line.permissionMode is not None and self._carry.turn is None

    def add_local_command(self, line: Line, place: Place) -> None:
        """Add a `local_command` row: a slash command that newer clients no longer write as a user line."""
        self._mark(line, classify(joined_text(decoded(decode_content, line.content))), place)

    def save(self) -> None:
        """Save what later pieces need in the carry."""
        self._remember_output()
        self._carry.output_words = packed(self._output_words)
        del self._carry.recent[:-_RECENT_LINES]

    def _mark(self, line: Line, prompt: Prompt, place: Place) -> None:
        if prompt.mark is not None:
            if prompt.mark == EventKind.CLEAR and self._carry.turn is None:
                self._carry.old_title = self._carry.opening_title
            self._batch.events.append(event_at(line, place, prompt.mark, prompt.text or None))

    def _begin_turn(self, line: Line, key: str, prompt: Prompt, kind: str, place: Place, at: int) -> None:
        self._confirm_rewind()
        carry = self._carry
        if carry.tracked and line.parentUuid and line.parentUuid not in carry.recent and not place.copy_rank:
            carry.rewind = line.parentUuid, event_at(line, place, EventKind.REWIND, None)
        if kind != TurnKind.NOTIFICATION and line.cwd and self._changes_project(project_of(line.cwd)):
            self._batch.events.append(event_at(line, place, EventKind.FOLDER, None))
        planning = planning_session_in(prompt.text)
        if planning is not None and not place.copy_rank:
            self._batch.events.append(event_at(line, place, EventKind.PLAN, planning))
        words = word_hashes(prompt.text[:_WORDS_FROM_CHARS]) if kind != TurnKind.NOTIFICATION else set()
        self._remember_output()
        carry.turn = key
        carry.awaits_reply = kind != TurnKind.NOTIFICATION
        carry.asked_at[""] = at
        carry.retries = 0
        self._batch.turns.append(
            Turn(
                agent=AGENT,
                session=place.seen_session,
                prompt_uuid=key,
                position=place.position,
                at=at,
                kind=kind,
                prompt_id=line.promptId,
                text=opening(prompt.text, self._options.prompt_chars),
                chars=len(prompt.text),
                words=packed(words),
                echo=echo_of(words, self._output_words if carry.has_output else None),
                branch=line.gitBranch or carry.branch,
                source_tool_use=prompt.tool_use_id,
                seen_agent=prompt.agent_id,
            )
        )

    def _confirm_rewind(self) -> None:
        """Emit the pending rewind: the latest prompt's parent line did not turn up after it either."""
        if self._carry.rewind is not None:
            self._batch.events.append(self._carry.rewind[1])
            self._carry.rewind = None

    def _changes_project(self, project: str) -> bool:
        """Whether this project is neither inside nor above the previous prompt's; remembers it in that case."""
        known = self._carry.folder
        if known is None or not (is_within(project, known) or is_within(known, project)):
            self._carry.folder = project
            return known is not None
        return False

    def _remember_output(self) -> None:
        if self._last_text is None:
            return
        text = joined_text(self._last_text)
        if text:
            self._output_words = word_hashes(text[-_WORDS_FROM_CHARS:])
            self._carry.has_output = True
        self._last_text = None
