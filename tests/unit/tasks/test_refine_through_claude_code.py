"""Refinement through the user's own `claude` command; the real one is asked in tests/live."""

import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.tasks.refined import GOOD, MODEL, REFINED, four_prompts, shape
from tracker.cli.tasks import tasks as tasks_command
from tracker.pricing import PriceBook
from tracker.rebuild import rebuild
from tracker.refine.asking import WAYS, AskError, through_claude_code
from tracker.refine.suggestions import INSTRUCTIONS, Outcome, digests, refine

USAGE = {
    "input_tokens": 700, "cache_read_input_tokens": 50, "cache_creation_input_tokens": 30, "output_tokens": 100,
    "cache_creation": {"ephemeral_1h_input_tokens": 20, "ephemeral_5m_input_tokens": 10},
}  # fmt: skip
RESULT = {"type": "result", "is_error": False, "result": json.dumps(GOOD), "total_cost_usd": 1.0, "usage": USAGE}

Says = Callable[..., Path]


@pytest.fixture
def says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Says:
    """A `claude` command that prints what it is told to; gives the file where it notes what it was asked."""
    folder = tmp_path / "bin"
    folder.mkdir()
    noted = tmp_path / "asked.json"
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path))

    def put(printed: str, *, errors: str = "", code: int = 0) -> Path:
        binary, program = folder / "claude", tmp_path / "claude.py"
        binary.write_text(f'#!/bin/sh\nexec {shlex.join([sys.executable, "-I", str(program)])} "$@"\n')
        program.write_text(
            "import json, os, sys\n"
            f"asked = {{'words': sys.argv[1:], 'stdin': sys.stdin.read(), 'env': dict(os.environ), 'cwd': os.getcwd(),"
            f" 'files': os.listdir()}}\n"
            f"open({str(noted)!r}, 'w').write(json.dumps(asked))\n"
            f"print({printed!r})\nprint({errors!r}, file=sys.stderr)\nsys.exit({code})\n"
        )
        binary.chmod(0o755)
        return noted

    return put


@pytest.fixture
def db(tmp_path: Path) -> Any:
    return four_prompts(tmp_path)


def ask(db: Any) -> list[Outcome]:
    return list(refine(db, digests(db, [1]), MODEL, PriceBook(), through_claude_code(MODEL)))


def test_its_answer_is_as_good_as_the_apis(db: Any, says: Says) -> None:
    says(json.dumps(RESULT))
    (outcome,) = ask(db)
    rebuild(db)
    assert (outcome.tasks, outcome.problem) == (2, None)
    assert shape(db) == REFINED
    # 0.10 $ per million tokens of input: reading costs a tenth, writing 1.25 and 2 times as much; 0.50 $ of output.
    assert outcome.cost_nano == 700 * 100 + 50 * 10 + 10 * 125 + 20 * 200 + 100 * 500


def test_it_gets_the_digest_and_nothing_of_this_machine(
    db: Any, says: Says, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    noted = says(json.dumps(RESULT))
    monkeypatch.setenv("CLAUDECODE", "1")  # as in a terminal of Claude Code: it would refuse to start another
    (digest,) = digests(db, [1])
    ask(db)
    asked = json.loads(noted.read_text())
    assert asked["stdin"] == digest.text
    words = asked["words"]
    assert words[-4:] == ["--model", MODEL, "--system-prompt", INSTRUCTIONS]
    assert [words[words.index(option) + 1] for option in ("--tools", "--setting-sources")] == ["", ""]
    assert {"--strict-mcp-config", "--no-session-persistence"} < set(words)
    assert asked["env"]["CLAUDE_CODE_DISABLE_ATTACHMENTS"] == "1"
    assert "CLAUDECODE" not in asked["env"]
    assert asked["files"] == []
    assert not Path(asked["cwd"]).exists()


@pytest.mark.parametrize(
    ("printed", "errors", "code", "words"),
    [
        (json.dumps(RESULT | {"is_error": True, "result": "You've hit your limit\nmore"}), "", 1, "hit your limit;"),
        (json.dumps(RESULT | {"is_error": True, "result": "Not logged in"}), "", 0, "Not logged in"),
        ("", "error: unknown option '--tools'", 1, "claude update"),
        ("", "", 1, "nothing"),
        ("[]", "", 0, "Claude Code says"),
    ],
)
def test_an_error_is_one_sentence(db: Any, says: Says, printed: str, errors: str, code: int, words: str) -> None:
    says(printed, errors=errors, code=code)
    with pytest.raises(AskError, match=words) as raised:
        ask(db)
    assert "\n" not in str(raised.value)


def test_without_the_client_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(AskError, match="no claude command"):
        through_claude_code(MODEL)


def test_every_way_can_be_chosen() -> None:
    (option,) = (option for option in tasks_command.params if option.name == "through")
    assert list(option.type.choices) == list(WAYS)  # type: ignore[attr-defined]
