"""Two ways to ask a model: the API with the user's key, or the user's own Claude Code with its login.

Only `tasks --refine` calls this, after showing what would be sent and getting the user's consent.
"""

import os
import subprocess
import tempfile
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from tracker.claude_command import client_binary
from tracker.errors import UserError
from tracker.sources.claude_code.lines import Usage

_CLIENT_SECONDS = 180.0
# As bare as an API request: no tools, none of the user's settings, hooks, plugins and memory files, no stored session.
_CLIENT_OPTIONS = (
    "--print", "--output-format", "json", "--tools", "", "--setting-sources", "", "--strict-mcp-config",
    "--no-session-persistence",
)  # fmt: skip
_CLIENT_VARIABLES = {
    "CLAUDE_CODE_DISABLE_ATTACHMENTS": "1",  # else it reads and sends files named by an @ in the text
    "MAX_THINKING_TOKENS": "0",
    "CLAUDE_CODE_MAX_RETRIES": "1",
}


class AskError(UserError):
    """Why a request failed, and what to do."""


class Answer(NamedTuple):
    """A model's answer and its token usage."""

    text: str
    usage: Usage


# (instructions, text, maximum output tokens) -> Answer; AskError if further requests would fail too.
Ask = Callable[[str, str, int], Answer]


def through_api(model: str) -> Ask:
    """Ask through the API, with the key from the environment or the keyring; AskError without one."""
    from tracker.provider.api import API_ACCOUNT, KEY_NAMES, ProviderError, ask_model, find_key

    key = find_key(KEY_NAMES, API_ACCOUNT)
    if key is None:
        raise AskError(
            f"asking a model needs an API key: set {KEY_NAMES[0]} and run it again, or let your own Claude Code ask"
            " (--through claude-code)"
        )

    def ask(instructions: str, words: str, max_output: int) -> Answer:
        try:
            message = ask_model(key, model, instructions, words, max_output)
        except ProviderError as error:
            raise AskError(f"{error}; answers so far are kept") from None
        text = "".join(block.text for block in message.content if block.type == "text")
        return Answer(text, Usage(message.usage.input_tokens, output_tokens=message.usage.output_tokens))

    return ask


class _Result(msgspec.Struct):
    """Output of `claude --print --output-format json`."""

    result: str = ""
    is_error: bool = False
    usage: Usage = msgspec.field(default_factory=Usage)


def through_claude_code(model: str) -> Ask:
    """Ask through the `claude` command, with the plan or key it uses; AskError if it is not installed.

    It adds a few hundred tokens of its own, and sets its own limit on output.
    """
    binary = client_binary()
    if binary is None:
        raise AskError("no claude command was found on this machine: install Claude Code, or set ANTHROPIC_API_KEY")
    variables = {name: value for name, value in os.environ.items() if name != "CLAUDECODE"} | _CLIENT_VARIABLES

    def ask(instructions: str, words: str, _: int) -> Answer:
        command = [binary, *_CLIENT_OPTIONS, "--model", model, "--system-prompt", instructions]
        with tempfile.TemporaryDirectory(prefix="taximeter-") as folder:
            try:
                said = subprocess.run(  # noqa: S603 — the user's own client; the text goes to its standard input
                    command, input=words, capture_output=True, text=True, encoding="utf-8", errors="replace",
                    env=variables, cwd=folder, timeout=_CLIENT_SECONDS, check=False,
                )  # fmt: skip
            except (OSError, subprocess.TimeoutExpired) as error:
                raise AskError(
                    f"Claude Code did not answer ({type(error).__name__}); answers so far are kept"
                ) from error
        try:
            done = msgspec.json.decode(said.stdout, type=_Result)
        except msgspec.DecodeError:
            done = _Result(said.stderr.strip() or said.stdout.strip() or "nothing", is_error=True)
        if done.is_error or said.returncode:
            hint = " (it may be too old for this: claude update)" if "unknown option" in done.result else ""
            first_line = done.result.partition("\n")[0]
            raise AskError(f"Claude Code says: {first_line}{hint}; answers so far are kept")
        return Answer(done.result, done.usage)

    return ask


WAYS: dict[str, Callable[[str], Ask]] = {"api": through_api, "claude-code": through_claude_code}
