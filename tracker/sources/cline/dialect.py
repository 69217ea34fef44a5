"""Differences between Cline's classic tasks and Roo's: who served a request, token counts, sums of deletions.

Roo Code writes the model's name only into the text that it sends along with each request, after the mode's name (CLINE
section 4). So it is looked up there: in the row itself (until 2025), else in `api_conversation_history.json`. Prompts
and files may hold a `<model>` of their own, but come before that text.
"""

import re
from bisect import bisect_left

from store.records import Agent, CallFlag
from tracker.sources.cline.calls import ServedBy
from tracker.sources.cline.rows import ApiRequest, TaskMetadata, UiRow, decode_api_message, decode_elements, decoded
from tracker.sources.cline.tokens import UNKNOWN, Recorded, Tokens, classic_tokens, inclusive_tokens

_MODEL = re.compile(r"</name>\s*<model>([^<\s]{1,200})</model>")
_MODEL_IN_JSON = re.compile(rb"</name>(?:\\[nr])*<model>([^<\s\\\"]{1,200})</model>")


class ClineDialect:
    """Classic Cline. Rows before version 3.37 name no model; the task's metadata do, else the task history."""

    agent = Agent.CLINE
    sums_hold_sums = True  # see tracker.sources.cline.deleted

    def __init__(self, metadata: TaskMetadata, history_model: str | None) -> None:
        self._uses = sorted((use for use in metadata.model_usage if use.model_id), key=lambda use: use.ts)
        self._environments = sorted(metadata.environment_history, key=lambda one: one.ts)
        self._history_model = history_model

    def served_by(self, row: UiRow, _info: ApiRequest) -> ServedBy:
        """The model that the row names, otherwise the one in use at its time."""
        if row.model_info is not None and row.model_info.model_id:
            return ServedBy(row.model_info.model_id, row.model_info.provider_id or UNKNOWN)
        if not self._uses:
            return ServedBy(self._history_model or UNKNOWN, UNKNOWN)
        use = next((use for use in reversed(self._uses) if use.ts <= row.ts), self._uses[0])
        return ServedBy(use.model_id or UNKNOWN, use.model_provider_id or UNKNOWN)

    def tokens(self, recorded: Recorded, served_by: ServedBy, _info: ApiRequest) -> Tokens:
        """CLINE section 3, by provider."""
        return classic_tokens(recorded, served_by.provider, served_by.model)

    def version_at(self, at: int) -> str | None:
        """The latest version that the metadata name up to then, else the first."""
        known = [one for one in self._environments if one.cline_version]
        earlier = [one.cline_version for one in known if one.ts <= at]
        if earlier:
            return earlier[-1]
        return known[0].cline_version if known else None

    def entrypoint(self) -> str | None:
        """Name of the host."""
        return next((one.host_name for one in reversed(self._environments) if one.host_name), None)


class RooDialect:
    """Roo Code: Cline's classic layout with other token counts. The provider is nowhere in its rows."""

    agent = Agent.ROO
    sums_hold_sums = False

    def __init__(self, named: list[tuple[int, str]]) -> None:
        """`named`: times and models as the conversation names them (`models_named`)."""
        self._times = [at for at, _ in named]
        self._models = [model for _, model in named]

    def served_by(self, row: UiRow, info: ApiRequest) -> ServedBy:
        """The model named in the text sent with the request: the first from the row's time on, otherwise the last."""
        found = _MODEL.findall(info.request or "")
        if found:
            return ServedBy(found[-1], UNKNOWN)
        if not self._models:
            return ServedBy(UNKNOWN, UNKNOWN)
        index = min(bisect_left(self._times, row.at), len(self._models) - 1)
        return ServedBy(self._models[index], UNKNOWN)

    def tokens(self, recorded: Recorded, served_by: ServedBy, info: ApiRequest) -> Tokens:
        """`tokensIn` includes the cache since October 2025; a smaller one than its parts is from before."""
        tokens = inclusive_tokens(recorded)
        is_anthropic = info.api_protocol == "anthropic" if info.api_protocol else "claude" in served_by.model
        if is_anthropic and tokens.output:
            # The counts of the stream's start and of its end are added up, as in classic Cline.
            return tokens._replace(flags=tokens.flags | CallFlag.ESTIMATED)
        return tokens

    def version_at(self, _at: int) -> str | None:
        """None: Roo writes no version."""
        return None

    def entrypoint(self) -> str | None:
        """Roo runs in editors only, and does not say in which."""
        return None


Dialect = ClineDialect | RooDialect


def models_named(content: bytes) -> list[tuple[int, str]] | None:
    """Times and models that `api_conversation_history.json` names, in order; None if the text is not whole."""
    elements = decoded(decode_elements, content)
    if elements is None:
        return None
    named = []
    for element in elements:
        found = _MODEL_IN_JSON.findall(element)
        message = decoded(decode_api_message, element) if found else None
        if message is not None and message.role == "user" and message.ts is not None:
            named.append((int(message.ts), found[-1].decode("utf-8", "replace")))
    return sorted(named)
