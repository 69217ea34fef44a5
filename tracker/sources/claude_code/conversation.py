"""What the user typed: turns, and the marks that a client writes as if the user had typed them."""

from store.first_words import as_text, first_words
from store.projects import is_within, project_of
from store.records import Batch, EventKind, Turn, TurnKind
from tracker.sources.base import Options
from tracker.sources.claude_code.carry import Carry
from tracker.sources.claude_code.events import event, event_at
from tracker.sources.claude_code.fold import Place
from tracker.sources.claude_code.lines import AGENT, Block, Line, decode_content, decoded, joined_text
from tracker.sources.claude_code.prompts import Prompt, classify, is_caveat, planned_in
from tracker.sources.text import echo_of, opening, packed, word_hashes, word_set

_WORDS_FROM_CHARS = 1200
_RECENT_LINES = 200
_REPLY_CHARS = 40


class Conversation:
    """The main chain of one piece of a file, as the user sees it; adds turns and events to `batch`."""

    def __init__(self, carry: Carry, options: Options, batch: Batch) -> None:
        self._carry = carry
        self._options = options
        self._batch = batch
        self._last_text: list[Block] | None = None
        self._output_words = word_set(carry.output_words)

    def passes(self, line: Line) -> None:
        """A line that is neither a prompt nor an answer: a prompt may hang on it, also one that was written before."""
        if line.uuid:
            self._carry.recent.append(line.uuid)
            if self._carry.rewind is not None and self._carry.rewind[0] == line.uuid:
                self._carry.rewind = None

    def answers(self, line: Line) -> None:
        """A line of the agent's answer."""
        self._rewound()
        if line.uuid:
            self._carry.recent = [line.uuid]
            self._carry.tracked = True

    def says(self, content: list[Block], line: Line, place: Place, position: int) -> None:
        """The agent's latest content with text. It must not point into a buffer that is used again."""
        self._last_text = content
        if self._carry.awaits_reply:
            text = joined_text(content).strip()
            if text:
                self._carry.awaits_reply = False
                words = as_text(first_words(text, _REPLY_CHARS))
                self._batch.events.append(event(line, place.seen_session, "", position, EventKind.REPLY, words))

    def ended_at(self, leaf: str | None) -> bool:
        """Whether a summary is of what was just said here, by the last line that it is of.

        Old clients wrote what earlier sessions had been about into the file of the one that was open.
        """
        return leaf is None or leaf in self._carry.recent

    def typed(self, line: Line, text: str, place: Place, at: int) -> None:
        """A user line of the main chain that is no tool result."""
        if line.isCompactSummary:
            self._batch.events.append(event_at(line, place, EventKind.SUMMARY, None))
        elif line.isVisibleInTranscriptOnly or line.uuid is None or (line.isMeta and not self._is_scheduled(line)):
            # Text that the client adds: part of the turn at hand, and of the wait before its next call.
            self._carry.asked_at[""] = at
            if line.isMeta and is_caveat(text):
                self._carry.caveat = line.uuid
        else:
            prompt = classify(text, is_local=line.parentUuid is not None and line.parentUuid == self._carry.caveat)
            self._mark(line, prompt, place)
            if prompt.kind is not None:
                self._begin_turn(line, line.uuid, prompt, prompt.kind, place, at)
        self.passes(line)

    def _is_scheduled(self, line: Line) -> bool:
        """Whether a line of the client's is the prompt that a session began with, sent in by a schedule.

        Later ones are part of the turn at hand.
        """
        return line.permissionMode is not None and self._carry.turn is None

    def commanded(self, line: Line, place: Place) -> None:
        """A `local_command` row: a slash command that newer clients keep out of the user's lines."""
        self._mark(line, classify(joined_text(decoded(decode_content, line.content))), place)

    def end(self) -> None:
        """Put what later pieces need into the carry."""
        self._remember_output()
        self._carry.output_words = packed(self._output_words)
        del self._carry.recent[:-_RECENT_LINES]

    def _mark(self, line: Line, prompt: Prompt, place: Place) -> None:
        if prompt.mark is not None:
            self._batch.events.append(event_at(line, place, prompt.mark, prompt.text or None))

    def _begin_turn(self, line: Line, key: str, prompt: Prompt, kind: str, place: Place, at: int) -> None:
        self._rewound()
        carry = self._carry
        if carry.tracked and line.parentUuid and line.parentUuid not in carry.recent and not place.copy_rank:
            carry.rewind = line.parentUuid, event_at(line, place, EventKind.REWIND, None)
        if kind != TurnKind.NOTIFICATION and line.cwd and self._is_elsewhere(project_of(line.cwd)):
            self._batch.events.append(event_at(line, place, EventKind.FOLDER, None))
        planning = planned_in(prompt.text)
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

    def _rewound(self) -> None:
        """The line that the latest prompt hangs on did not follow either."""
        if self._carry.rewind is not None:
            self._batch.events.append(self._carry.rewind[1])
            self._carry.rewind = None

    def _is_elsewhere(self, project: str) -> bool:
        """Whether this is neither inside nor above the project of the prompt before; it is remembered."""
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
