"""What is sent of a session for refinement, what asking costs, and what is kept of an answer."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.ledger.reading import take_in
from tests.unit.tasks.making import Transcript, edit, ledger_of
from tests.unit.tasks.refined import MODEL, four_prompts, shape
from tracker.ingest import sync
from tracker.model.tasks.edits import Anchor
from tracker.pricing import PriceBook
from tracker.reader_options import price_book
from tracker.rebuild import rebuild
from tracker.refine.asking import Answer, Ask, AskError
from tracker.refine.suggestions import Digest, digests, quote, refine
from tracker.sources.base import Options
from tracker.sources.claude_code.lines import Usage
from tracker.sources.claude_code.source import ClaudeCodeSource


def saying(tasks: list[dict[str, Any]], allowed: list[int] | None = None) -> Ask:
    """A model that names these tasks; what it may put out is added to `allowed`."""

    def ask(_instructions: str, _words: str, max_output: int) -> Answer:
        if allowed is not None:
            allowed.append(max_output)
        return Answer(json.dumps({"tasks": tasks}), Usage())

    return ask


def ran(command: str) -> list[tuple[str, str, dict[str, str]]]:
    return [(command, "Bash", {"command": command})]


def test_what_is_sent_of_a_prompt_is_its_words_the_pause_before_it_and_what_was_done(tmp_path: Path) -> None:
    one = Transcript(tmp_path / "c", "s1")
    files = [use for number in range(5) for use in edit(f"e{number}", f"/code/api/f{number}.py")]
    one.prompt("add   retries\nto uploads").answer("a1", tools=files).answer("a2")
    one.prompt("go on", after_minutes=5).answer("a3", tools=ran("pytest -q"), result="3 passed").answer("a4")
    one.prompt("commit it", after_minutes=4.8)
    one.answer("a5", tools=ran("git commit -m x"), result="[main abc1234] x").answer("a6")
    one.prompt("and the branch").answer("a7", tools=ran("gh pr create"), result="https://x.test/pull/1").answer("a8")
    one.prompt("another way").answer("a9", tools=edit("e9", r"C:\code\api\upload.py"))
    one.prompt("[Request interrupted by user]")
    made = ledger_of(tmp_path, tmp_path / "c")
    rebuild(made)
    (digest,) = digests(made, [1])
    assert digest.text.splitlines() == [
        "1. add retries to uploads",
        "   -> 2 calls; edited f0.py, f1.py, f2.py, f3.py…",
        "2. (after 5 min) go on",
        "   -> 2 calls; checks passed",
        "3. commit it",
        "   -> 2 calls; committed",
        "4. and the branch",
        "   -> 2 calls; pull request",
        "5. another way",
        "   -> 1 call; edited upload.py; interrupted",
    ]


@pytest.mark.parametrize(("kept", "sent"), [(1000, "x" * 200), (0, "(words not kept)")])
def test_of_a_prompts_words_the_opening_is_sent_however_many_are_kept(tmp_path: Path, kept: int, sent: str) -> None:
    one = Transcript(tmp_path / "c", "s1").prompt("x" * 300).answer("a1").prompt("x" * 300).answer("a2")
    made = ledger_of(tmp_path)
    sync(made, [(ClaudeCodeSource(), [one.path.parents[2]])], Options(price_book(), prompt_chars=kept))
    rebuild(made)
    (digest,) = digests(made, [1])
    assert digest.text.splitlines()[::2] == [f"1. {sent}", f"2. {sent}"]


def test_a_session_that_went_on_is_asked_about_again(tmp_path: Path) -> None:
    one = Transcript(tmp_path / "c", "s1").prompt("add retries").answer("a1").prompt("go on").answer("a2")
    made = ledger_of(tmp_path, tmp_path / "c")
    rebuild(made)
    list(refine(made, digests(made, [1]), MODEL, PriceBook(), saying([{"first": 1}])))
    assert digests(made, [1]) == []
    one.prompt("and a filter").answer("a3")
    take_in(made, tmp_path / "c")
    rebuild(made)
    assert [len(digest.anchors) for digest in digests(made, [1])] == [3]


def test_titles_are_kept_as_one_short_line_and_only_statuses_that_were_offered(tmp_path: Path) -> None:
    db = four_prompts(tmp_path)
    before = shape(db)
    first = {"first": 1, "title": f"two\n words {'x' * 80}", "status": "done"}
    second = {"first": 3, "title": " ", "status": "abandoned"}
    list(refine(db, digests(db, [1]), MODEL, PriceBook(), saying([first, second])))
    rebuild(db)
    one, two = shape(db)
    assert one == (f"two words {'x' * 70}", 2, *before[0][2:])
    assert two == ("rows for invoices", 2, "abandoned", "refined")


def test_a_quote_counts_the_instructions_and_what_each_answer_may_take() -> None:
    """3.2 characters a token, 20 tokens a request around them; 120 of output and 25 for every second prompt."""
    sent = [
        Digest(1, "claude-code", name, [Anchor("claude-code", name, f"p{number}") for number in range(prompts)], text)
        for name, prompts, text in (("s1", 2, "x" * 320), ("s2", 5, ""))
    ]
    one, two = (quote([digest], MODEL, PriceBook()) for digest in sent)
    assert one.input_tokens - two.input_tokens == 100
    assert (one.output_tokens, two.output_tokens) == (145, 182)
    both = quote(sent, MODEL, PriceBook())
    assert both == (2, 7, *(left + right for left, right in zip(one[2:], two[2:], strict=True)))
    with pytest.raises(AskError, match="has no price"):
        quote(sent, "no-such-model", PriceBook())


def test_an_answer_may_take_four_times_the_output_that_was_quoted(tmp_path: Path) -> None:
    db = four_prompts(tmp_path)
    chosen = digests(db, [1])
    allowed: list[int] = []
    (outcome,) = refine(db, chosen, MODEL, PriceBook(), saying([], allowed))
    assert allowed == [4 * quote(chosen, MODEL, PriceBook()).output_tokens]
    assert outcome.cost_nano == 0
