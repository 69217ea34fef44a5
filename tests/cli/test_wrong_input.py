"""What cannot be meant gets one line on stderr, nothing on stdout and the exit code of the shell's conventions."""

import errno
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.cli.running import Taximeter
from tracker.cli import listing
from tracker.cli.app import run
from tracker.demo.samples import write_samples

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("report", ["spend", "tasks", "sessions", "calls", "cache", "backtest", "whatif"])
def test_a_period_that_ends_before_it_begins(report: str, tree: Path, taximeter: Taximeter) -> None:
    assert tree
    ran = taximeter(report, "--since", "2026-05-01", "--until", "2026-04-01")
    assert (ran.code, ran.out) == (2, "")
    assert "no days from 2026-05-01 to 2026-04-01" in ran.err


@pytest.mark.parametrize("report", [("whatif",), ("reconcile", "--offline")])
def test_a_last_day_alone_ends_the_thirty_days_that_are_shown(
    report: tuple[str, ...], tree: Path, taximeter: Taximeter
) -> None:
    assert tree
    assert "2020-01-01 to 2020-01-30" in taximeter(*report, "--until", "2020-01-30").out


@pytest.mark.parametrize("report", ["spend", "tasks", "sessions", "calls", "cache", "backtest", "whatif"])
def test_extreme_days_mean_no_bound(report: str, tree: Path, taximeter: Taximeter) -> None:
    assert tree
    for day in ("0001-01-01", "1969-12-31"):
        ran = taximeter(report, "--since", day, "--until", "9999-12-31")
        assert (ran.code, ran.err) == (0, "")


def test_all_of_time_has_every_call(tree: Path, taximeter: Taximeter) -> None:
    assert tree
    for utc in ([], ["--utc"]):
        ran = taximeter("calls", "--json", "--since", "0001-01-01", "--until", "9999-12-31", *utc)
        assert len(ran.json_lines()) == 3


@pytest.mark.parametrize("beginning", ["zz", "%", "_"])
def test_an_unknown_session_is_one_sentence(beginning: str, tree: Path, taximeter: Taximeter) -> None:
    assert tree
    ran = taximeter("calls", "--session", beginning)
    assert (ran.code, ran.out) == (1, "")
    assert f"no session begins with '{beginning}'" in ran.err


def test_the_dashboard_needs_a_terminal(taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.cli.dashboard.open_dashboard", lambda *_, **__: pytest.fail("it was opened"))
    ran = taximeter("dashboard")
    assert (ran.code, ran.out) == (2, "")
    assert "needs a terminal" in ran.err


def test_what_serve_starts_opens_the_dashboard_without_one(
    taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = []
    monkeypatch.setattr("tracker.cli.dashboard.open_dashboard", lambda *_, **given: opened.append(given["screen"]))
    monkeypatch.setenv("TEXTUAL_DRIVER", "textual.drivers.web_driver:WebDriver")
    assert taximeter("dashboard", "--screen", "spend").code == 0
    assert opened == ["spend"]


def test_a_checkout_that_nobody_installed_knows_its_version(
    taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [part for part in sys.path if "site-packages" not in part])
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    ran = taximeter("--version")
    assert (ran.code, ran.out) == (0, f"taximeter, version {version}\n")


@pytest.mark.parametrize("word", ["record", "--help", "--version"])
def test_a_closed_pipe_is_not_an_error(word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Closed:
        """Standard output whose reader has gone."""

        def write(self, _text: str) -> int:
            raise BrokenPipeError(errno.EPIPE, "Broken pipe")

        def flush(self) -> None:
            pass

        def fileno(self) -> int:
            return pipe

        def isatty(self) -> bool:
            return False

    pipe = os.open(os.devnull, os.O_WRONLY)
    with monkeypatch.context() as patched:
        patched.setattr("sys.stdout", Closed())
        code = run([word])
    os.close(pipe)
    assert code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("taks", "no such command 'taks': did you mean tasks or task? (taximeter --help)"),
        ("zzz", "no such command 'zzz' (taximeter --help)"),
        ("spend --buy day", "no such option '--buy': did you mean --by or --utc? (taximeter spend --help)"),
        ("calls --limit -1", "invalid value for '--limit': -1 is not in the range x>=0 (taximeter calls --help)"),
        ("export", "missing argument 'FOLDER' (taximeter export --help)"),
        ("spend --by", "option '--by' requires an argument (taximeter spend --help)"),
        ("--claude-dir", "option '--claude-dir' requires an argument (taximeter --help)"),
        ("spend --csv --json", "--json and --csv are two forms of the output: leave one of them out"),
        ("reconcile --json --csv", "--json and --csv are two forms of the output: leave one of them out"),
        ("sync --workers x", "invalid value for '--workers': 'x' is not a whole number (taximeter sync --help)"),
        ("plans --tax x", "invalid value for '--tax': 'x' is not a number (taximeter plans --help)"),
        ("plans --tax nan", "invalid value for '--tax': 'nan' is not a number (taximeter plans --help)"),
        (
            "plans --plan foo",
            (
                "invalid value for '--plan': 'foo' is not one of 'api', 'pro', 'max', 'ultra', 'team-standard', "
                "'team-premium', 'enterprise' (taximeter plans --help)"
            ),
        ),
        ("whatif --batch nan", "invalid value for '--batch': 'nan' is not a number (taximeter whatif --help)"),
        ("budget --set hard_stop=true", "retry, abandoned, waste, buffer, project:TEXT)"),
        ("install claude", "'claude' is not one of 'claude-code', 'cline' (taximeter install --help)"),
        ("install", "Choose from: claude-code, cline (taximeter install --help)"),
    ],
)
def test_a_typo_gets_one_line(words: str, said: str, taximeter: Taximeter) -> None:
    ran = taximeter(*words.split())
    assert (ran.code, ran.out) == (2, "")
    (line,) = ran.err.splitlines()
    assert line.startswith("taximeter: error: ")
    assert line.endswith(said)


def test_an_unexpected_error_is_one_line_and_a_traceback_with_debug(
    tree: Path, taximeter: Taximeter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert tree

    def unforeseen(*args: object, **named: object) -> None:
        raise OverflowError(args, named)

    monkeypatch.setattr(listing, "call_rows", unforeseen)
    ran = taximeter("calls")
    assert (ran.code, ran.out) == (1, "")
    (line,) = ran.err.splitlines()
    assert line.startswith("taximeter: error: unexpected error: OverflowError: ")
    assert line.endswith(" (taximeter --debug … shows the traceback)")
    with pytest.raises(OverflowError):
        taximeter("--debug", "calls")


def test_a_group_without_words_shows_its_help(taximeter: Taximeter) -> None:
    ran = taximeter("task")
    assert (ran.code, ran.out) == (2, "")
    assert "Commands:" in ran.err


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_failure(closed: str) -> None:
    for words in ("", "spend", "statusline"):
        done = subprocess.run(
            ["sh", "-c", f'"{sys.executable}" -m taximeter {words} {closed}'],
            input=b"{}",
            check=False,
            capture_output=True,
            cwd=ROOT,
        )
        assert (done.returncode, done.stderr) == (0, b""), words


def test_the_shell_completes_commands_and_options(monkeypatch: pytest.MonkeyPatch, taximeter: Taximeter) -> None:
    monkeypatch.setenv("_TAXIMETER_COMPLETE", "bash_source")
    assert "_taximeter_completion" in taximeter().out
    monkeypatch.setenv("_TAXIMETER_COMPLETE", "bash_complete")
    for words, wanted in (("taximeter pla", "plain,plans\n"), ("taximeter spend --si", "plain,--since\n")):
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
        assert taximeter().out == wanted


def test_completing_behind_a_typo_says_nothing(monkeypatch: pytest.MonkeyPatch, taximeter: Taximeter) -> None:
    monkeypatch.setenv("_TAXIMETER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "taximeter taks ")
    monkeypatch.setenv("COMP_CWORD", "2")
    ran = taximeter()
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(
    ("host", "said"),
    [("192.0.2.1", "--host 192.0.2.1: this machine has no such address"), ("a..b", "--host a..b: not an address")],
)
def test_an_address_to_listen_at_that_is_not_here(host: str, said: str, taximeter: Taximeter) -> None:
    ran = taximeter("serve", "--host", host)
    assert (ran.code, ran.out, ran.err) == (1, "", f"taximeter: error: {said}\n")


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "ascii"])
def test_a_locale_without_our_signs_is_no_failure(encoding: str) -> None:
    def printed(*words: str) -> bytes:
        done = subprocess.run(
            [sys.executable, "-m", "taximeter", *words],
            env={**os.environ, "PYTHONIOENCODING": encoding},
            check=False,
            capture_output=True,
            cwd=ROOT,
        )
        assert (done.returncode, done.stderr) == (0, b"")
        return done.stdout

    assert printed("record", "Bücher → PDF", "--provider-cost", "1")
    if encoding != "ascii":  # click takes that for UTF-8 misnamed
        dash = "-" if encoding == "latin-1" else "–"
        assert f"Bücher _ PDF  1  {dash}".encode(encoding) in printed("record")
    assert "Bücher → PDF" in printed("record", "--json").decode()
    assert "Bücher → PDF" in printed("record", "--csv").decode()


@pytest.mark.parametrize(
    ("words", "after"),
    [
        (("prices", ""), "prices"),
        (("context", ""), "context"),
        (("task", ""), "task"),
        (("export", ""), "export"),
        (("sessions", "--project", ""), "--project"),
        (("sessions", "--project="), "--project="),
        (("calls", "--session", ""), "--session"),
        (("spend", "--model", ""), "--model"),
        (("spend", "--since", ""), "--since"),
        (("record", "launch clip", "--task", ""), "--task"),
        (("spend", "--claude-dir", ""), "--claude-dir"),
    ],
)
def test_an_empty_text_is_neither_everything_nor_the_latest(
    words: tuple[str, ...], after: str, tree: Path, taximeter: Taximeter
) -> None:
    """It is what a variable leaves that a script never set."""
    assert tree
    ran = taximeter(*words)
    told = f"taximeter: error: the text after {after} is empty (taximeter {words[0]} --help)\n"
    assert (ran.code, ran.out, ran.err) == (2, "", told)


def test_words_that_are_no_utf8_get_one_line(taximeter: Taximeter) -> None:
    ran = taximeter("spend", "--project", "\udcff")
    assert (ran.code, ran.out, ran.err) == (2, "", "taximeter: error: not UTF-8: '\\udcff' (taximeter spend --help)\n")


def test_words_that_the_locale_left_undecoded_are_utf8(taximeter: Taximeter) -> None:
    taximeter("record", os.fsencode("Bücher").decode("ascii", "surrogateescape"), "--provider-cost", "1")
    assert taximeter("record", "--json").json()["jobs"][0]["what"] == "Bücher"


def test_a_keyboard_interrupt_while_modules_are_loaded_shows_no_traceback() -> None:
    started = (
        "import sys, taximeter\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'tracker.cli.app':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "sys.argv = ['taximeter', 'spend']\n"
        "taximeter.program()\n"
    )
    done = subprocess.run([sys.executable, "-c", started], check=False, capture_output=True, cwd=ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"")


def test_a_model_without_a_price_is_told_where_the_models_are(taximeter: Taximeter) -> None:
    ran = taximeter("prices", "nobody")
    assert (ran.code, ran.out) == (1, "")
    assert "(taximeter prices lists the models)" in ran.err


def test_ids_that_are_not_named_are_hinted_at(taximeter: Taximeter, tmp_path: Path) -> None:
    write_samples(tmp_path)
    taximeter.claude_dirs = [tmp_path]
    assert taximeter("task", "t").err.endswith(" …: give more of the id\n")
