"""Classifies a shell command line by the programs it runs: commits, pushes, tests and the like."""

import re

from store.records import ToolFlag

# The programs that run tests, a build, a linter or a type checker: alone, or with one of these verbs behind them.
_CHECKERS = frozenset(
    "pytest py.test tox nox jest vitest mocha ruff mypy pyright eslint tsc phpunit rspec ctest unittest golangci-lint"
    " mvn gradle gradlew ./gradlew ./mvnw".split()
)
_VERBS = {
    **dict.fromkeys(
        ("cargo", "go", "dotnet", "swift", "mix", "zig"), ("test", "build", "check", "vet", "clippy", "nextest")
    ),
    **dict.fromkeys(("npm", "pnpm", "yarn", "bun"), ("test", "build", "lint", "check", "typecheck", "run")),
    **dict.fromkeys(("make", "just", "mise", "task"), ("test", "build", "lint", "check", "all", "run")),
    **dict.fromkeys(("flutter", "dart", "deno"), ("test", "build", "analyze", "lint", "check")),
    **dict.fromkeys(("playwright", "vite", "biome", "turbo"), ("test", "build", "lint", "check", "ci")),
}
CHECK_PROGRAMS = _CHECKERS | set(_VERBS)
_GIT_VERBS = (
    ("commit", int(ToolFlag.COMMIT), re.compile(r"\bgit\b[^|;&\n]*\scommit(?![\w.-])")),
    ("revert", int(ToolFlag.REVERT), re.compile(r"\bgit\b[^|;&\n]*\srevert\b")),
    ("push", int(ToolFlag.PUSH), re.compile(r"\bgit\b(?:(?!\sstash\s)[^|;&\n])*\spush\b")),
)
_PULL_REQUEST = re.compile(r"\b(?:gh\s+pr|glab\s+mr)\s+(?:create|merge)\b")
_WITH_A_VALUE = frozenset("-C --cwd --dir --prefix -F --filter -w --workspace --project workspace".split())
_NO_WORD_OF_IT = re.compile(r"\d*$|\d?[|&;<>)]")  # nothing, the number of a `-j 8`, a pipe, the next command
_RUN_VERBS = ("test", "build", "lint", "check", "typecheck")
_TELLS_ITS_VERSION = frozenset({"--version", "-v", "--help", "-h"})
_COMMIT_LINE = re.compile(r"\[[^\[\]\n]*?([0-9a-f]{7,40})\]")
# Plain integers: enum arithmetic is too slow for a line of code that runs for every command ever recorded.
_RUN, _PULL, _CHECKED = int(ToolFlag.RUN), int(ToolFlag.PULL_REQUEST), int(ToolFlag.CHECK)


def command_flags(command: str) -> int:
    """ToolFlag bits of a shell command line."""
    flags = _RUN
    command = command[:4000]
    if "git" in command:
        for word, flag, pattern in _GIT_VERBS:
            if word in command and pattern.search(command):
                flags |= flag
    if ("gh " in command or "glab" in command) and _PULL_REQUEST.search(command):
        flags |= _PULL
    words = command.split()
    if "(" in command:  # a subshell: `(npm test)`; the value in `-j$(nproc)` is one word
        words = [word if ")" in word else word.rpartition("(")[2] for word in words]
    if "bin/" in command:
        words = [word.rpartition("bin/")[2] for word in words]
    if not CHECK_PROGRAMS.isdisjoint(words) and _checks(words):
        flags |= _CHECKED
    return flags


def commit_in(output: str) -> str | None:
    """The short SHA that `git commit` prints in brackets; None if there is none."""
    found = _COMMIT_LINE.search(output[:2000])
    return found.group(1)[:12] if found else None


def without_options(words: list[str]) -> list[str]:
    """The words after a program's leading options: `--filter web test` gives `test`, so does `workspace web test`."""
    place = 0
    while place < len(words) and (words[place].startswith(("-", "+")) or words[place] in _WITH_A_VALUE):
        place += 2 if words[place] in _WITH_A_VALUE else 1
    return words[place:]


def _checks(words: list[str]) -> bool:
    """Whether a command line runs tests, a build, a linter or a type checker."""
    for place, word in enumerate(words):
        if word in _CHECKERS:
            return True
        verbs = _VERBS.get(word)
        if verbs is None:
            continue
        rest = without_options(words[place + 1 : place + 9])
        following = rest[0] if rest else ""
        if following in ("run", "run-script"):
            rest = without_options(rest[1:])
            following = rest[0] if rest else ""
            verbs = _RUN_VERBS
        is_bare = word == "make" and _NO_WORD_OF_IT.match(following) is not None
        if following.startswith(verbs) or (is_bare and _TELLS_ITS_VERSION.isdisjoint(words)):
            return True
    return False
