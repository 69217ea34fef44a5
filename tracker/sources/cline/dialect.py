"""What differs between Cline's classic tasks and Roo's: who answered, what counts mean, how deletions are summed."""

from typing import NamedTuple, Protocol

from tracker.sources.cline.rows import ApiRequest, TaskMetadata, UiRow
from tracker.sources.cline.tokens import UNKNOWN, Recorded, Tokens, classic_tokens


class Answerer(NamedTuple):
    """The model that a request went to and the provider that served it, as the agent names them."""

    model: str
    provider: str


class Dialect(Protocol):
    """One of the two kinds of task."""

    agent: str
    sums_hold_sums: bool  # see tracker.sources.cline.deleted

    def answerer(self, row: UiRow, info: ApiRequest, /) -> Answerer:
        """Who answers the request that starts with `row`."""
        ...

    def tokens(self, recorded: Recorded, by: Answerer, info: ApiRequest, /) -> Tokens:
        """Counts in our meaning."""
        ...

    def version_at(self, at: int, /) -> str | None:
        """Version of the extension at a time."""
        ...

    def entrypoint(self) -> str | None:
        """The program that the extension ran in."""
        ...


class ClineDialect:
    """Classic Cline. Rows before version 3.37 name no model; the task's metadata do, else the task history."""

    agent = "cline"
    sums_hold_sums = True

    def __init__(self, metadata: TaskMetadata, history_model: str | None) -> None:
        self._uses = sorted(metadata.model_usage, key=lambda use: use.ts)
        self._environments = sorted(metadata.environment_history, key=lambda one: one.ts)
        self._history_model = history_model

    def answerer(self, row: UiRow, _info: ApiRequest, /) -> Answerer:
        """The row's own word, else the model in use at its time."""
        if row.model_info is not None and row.model_info.model_id:
            return Answerer(row.model_info.model_id, row.model_info.provider_id or UNKNOWN)
        earlier = [use for use in self._uses if use.ts <= row.ts and use.model_id]
        use = earlier[-1] if earlier else next((one for one in self._uses if one.model_id), None)
        if use is None:
            return Answerer(self._history_model or UNKNOWN, UNKNOWN)
        return Answerer(use.model_id or UNKNOWN, use.model_provider_id or UNKNOWN)

    def tokens(self, recorded: Recorded, by: Answerer, _info: ApiRequest, /) -> Tokens:
        """CLINE section 3, by provider."""
        return classic_tokens(recorded, by.provider, by.model)

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
