"""Detects from their output whether tests, a build or a linter failed.

The exit status does not always tell: `go test ./... | tail` succeeds whatever the tests did.
"""

import re

from tracker.sources.commands import CHECK_PROGRAMS

_MAX_CHARS = 20_000
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")
_PROGRAM = f"(?:{'|'.join(map(re.escape, sorted(CHECK_PROGRAMS)))})"
_PASSED = r"[ \t]*(?:[✓✔√]|ok \d|PASS)"  # before the title of a test, whatever that is about
# Lines that only a failure has, as the runners write them in their summaries; never a word from within a line of a log.
_FAILURES = (
    r"[ \t]*--- FAIL\b|[ \t]*FAIL(?:\s|$)|FAILED(?:$| [(|]| \S*[./:])|FAILURES!",  # go, jest, vitest, pytest, deno
    r"[ \t]*Test(?:s| Suites| Files)(?::|  ).*\b[1-9]\d* failed",  # jest, vitest
    r"[ \t]*[1-9]\d* (?:fail|failed|failing)$",  # bun, playwright, mocha
    r"(?:=+ )?(?:[1-9]\d* \w+, )*[1-9]\d* (?:failed|errors?)(?:, .*)? in [\d.]+ ?s",  # pytest
    r"\d+ (?:examples?|tests?|runs|specs?),.*\b[1-9]\d* (?:failures?|errors?)\b",  # rspec, mix, minitest
    r"test result: FAILED|error: could not compile|error: test failed|error\[E\d+\]",  # cargo
    r"Found [1-9]\d* errors?\b(?!.*\b0 remaining)|[1-9]\d* errors?, \d+ warnings?",  # mypy, ruff, biome, pyright
    r".*[✖✗] \d+ problems? \([1-9]\d* errors?|.*\berror TS\d+:",  # eslint, tsc
    r"\S+\.go:\d+:\d+: |[1-9]\d* issues?:$",  # go build, go vet, golangci-lint
    r"npm (?:ERR!|error)|.*\bELIFECYCLE\b|.*\bCommand failed with exit code [1-9]",
    r"error: script .* exited with code [1-9]|error: Recipe .* failed|.*\bERROR task failed",  # bun, just, mise
    r"make(?:\[\d+\])?: \*\*\*|(?:\[\w+\] )?BUILD FAIL|FAILURE: Build",  # make, maven, gradle
    r"Build FAILED|Failed! +- ",  # dotnet
    r"(?:[x✗] )?Build failed in \d|error during build:",  # vite
    r"[ \t]*ERROR  run failed: |.*: ERROR: command finished with error",  # turbo
    r".* -\d+: Some tests failed\.|[ \t]*error (?:- \S+:\d+:\d+ - |• .* • )",  # flutter, dart
    rf"(?:.*[ :/])?{_PROGRAM}: (?:command )?not found$|.*\bcommand not found: (?:.*/)?{_PROGRAM}$",
)
_FAILED = re.compile(f"(?!{_PASSED})(?:{'|'.join(_FAILURES)})")
_HINTS = ("ail", "FAIL", "rror", "ERR", "issue", ".go:", "not found", "LIFECYCLE", "***")  # one is in each of these


def tells_failure(output: str) -> bool:
    """Whether a check's output, or a part of it, reports a failure."""
    output = output[-_MAX_CHARS:]
    if "\x1b" in output:
        output = _COLOURS.sub("", output)
    return any(_is_failure(output, hint) for hint in _HINTS)


def _is_failure(output: str, hint: str) -> bool:
    at = output.find(hint)
    while at >= 0:
        end = output.find("\n", at)
        if end < 0:
            end = len(output)
        if _FAILED.match(output, output.rfind("\n", 0, at) + 1, end):
            return True
        at = output.find(hint, end)
    return False
