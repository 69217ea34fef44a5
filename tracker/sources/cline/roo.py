"""Roo Code's tasks: Cline's classic layout with other token counts and no word about the model (CLINE section 4).

Roo writes the model's name only into the text that it sends along with each request, behind the mode's name. So it is
looked up there: in the row itself (until 2025), else in `api_conversation_history.json`. Prompts and files may hold a
`<model>` of their own, but stand before that text.
"""

import re
from bisect import bisect_left

from store.records import CallFlag
from tracker.sources.cline.dialect import Answerer
from tracker.sources.cline.files import decode_elements
from tracker.sources.cline.rows import DECODE_ERRORS, ApiRequest, UiRow, decode_api_message
from tracker.sources.cline.tokens import UNKNOWN, Recorded, Tokens, inclusive_tokens

_MODEL = re.compile(r"</name>\s*<model>([^<\s]{1,200})</model>")
_MODEL_IN_JSON = re.compile(rb"</name>(?:\\[nr])*<model>([^<\s\\\"]{1,200})</model>")


class RooDialect:
    """Roo's rows. The provider is nowhere in them."""

    agent = "roo"
    sums_hold_sums = False

    def __init__(self, named: list[tuple[int, str]]) -> None:
        """`named`: times and models as the conversation names them (`models_named`)."""
        self._times = [at for at, _ in named]
        self._models = [model for _, model in named]

    def answerer(self, row: UiRow, info: ApiRequest, /) -> Answerer:
        """The model named in the text sent with the request: the first one from its row's time on, else the last."""
        found = _MODEL.findall(info.request or "")
        if found:
            return Answerer(found[-1], UNKNOWN)
        if not self._models:
            return Answerer(UNKNOWN, UNKNOWN)
        index = min(bisect_left(self._times, row.at), len(self._models) - 1)
        return Answerer(self._models[index], UNKNOWN)

    def tokens(self, recorded: Recorded, by: Answerer, info: ApiRequest, /) -> Tokens:
        """`tokensIn` includes the cache since October 2025; a smaller one than its parts is from before."""
        tokens = inclusive_tokens(recorded)
        is_anthropic = info.api_protocol == "anthropic" if info.api_protocol else "claude" in by.model
        if is_anthropic and tokens.output:
            # The counts of the stream's start and of its end are added up, as in classic Cline.
            return tokens._replace(flags=tokens.flags | CallFlag.ESTIMATED)
        return tokens

    def version_at(self, _at: int, /) -> str | None:
        """Roo writes none."""
        return None

    def entrypoint(self) -> str | None:
        """Roo runs in editors only, and does not say in which."""
        return None


def models_named(content: bytes) -> list[tuple[int, str]] | None:
    """Times and models that `api_conversation_history.json` names, in order; None if the text is not whole."""
    elements = decode_elements(content)
    if elements is None:
        return None
    named = []
    for element in elements:
        found = _MODEL_IN_JSON.findall(element)
        if not found:
            continue
        try:
            message = decode_api_message(element)
        except DECODE_ERRORS:
            continue
        if message.role == "user" and message.ts is not None:
            named.append((int(message.ts), found[-1].decode("utf-8", "replace")))
    return sorted(named)
