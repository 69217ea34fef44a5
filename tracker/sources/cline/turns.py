"""Turns of a task: the user's prompts, with what the task model needs of each (MODEL sections 1 and 2.1)."""

from store.records import Turn, TurnKind
from tracker.sources.base import Options
from tracker.sources.text import echo_of, opening, packed, word_hashes

_WORDS_FROM_CHARS = 2000
RESUME_TEXT = "resume"


class TurnLog:
    """Collects the turns of one file; `current` is the id of the latest."""

    def __init__(self, agent: str, session: str, options: Options) -> None:
        self.turns: list[Turn] = []
        self.current: str | None = None
        self._agent = agent
        self._session = session
        self._options = options
        self._output: str | None = None

    def begin(self, prompt_uuid: str, at: int, text: str) -> None:
        """A prompt that the user wrote."""
        words = word_hashes(text[:_WORDS_FROM_CHARS])
        echo = echo_of(words, None if self._output is None else word_hashes(self._output))
        self._add(prompt_uuid, at, TurnKind.PROMPT, text, words, echo)

    def resume(self, prompt_uuid: str, at: int) -> None:
        """The user resumes a task without typing anything: a command that reaches the model, never a new task."""
        self._add(prompt_uuid, at, TurnKind.COMMAND, RESUME_TEXT, set())

    def command(self, prompt_uuid: str, at: int, text: str) -> None:
        """A slash command that reaches the model."""
        self._add(prompt_uuid, at, TurnKind.COMMAND, text, word_hashes(text))

    def answered(self, text: str) -> None:
        """Note text of the agent, to which the next prompt may refer."""
        if text:
            self._output = text[-_WORDS_FROM_CHARS:]

    def _add(self, prompt_uuid: str, at: int, kind: str, text: str, words: set[int], echo: int | None = None) -> None:
        self.current = prompt_uuid
        self.turns.append(
            Turn(
                self._agent,
                self._session,
                prompt_uuid,
                at,
                at,
                kind,
                prompt_uuid,
                opening(text, self._options.prompt_chars),
                len(text),
                packed(words),
                echo,
                None,  # Cline does not say on which branch
            )
        )


def title_of(text: str | None, options: Options) -> str | None:
    """The opening words as a session's title; None if no words may be kept."""
    return opening(text or "", min(options.prompt_chars, 200)) or None
