"""Groups command lines with similar output: names a command line by its program and purpose."""

import re
from functools import lru_cache

_VALUE = r"""(?:"[^"]*"|'[^']*'|[^\s;&|]*)"""
# Prefixes of the program: cd (a line break has become a blank), variables, a time limit.
_BEFORE_A_PROGRAM = re.compile(
    rf"(?:(?:cd|source|\.)\s+{_VALUE}(?:\s*2>\S+)?\s*(?:&&|;|\s)\s*|set\s+-\w+\s*(?:&&|;|\s)\s*"
    rf"|[A-Za-z_]\w*={_VALUE}(?:\s+|;\s*|&&\s*)|(?:sudo|time|nohup|nice|env|export)\s+"
    r"|timeout\s+(?:-\S+\s+)*\d\S*\s+|(?:&&|\|\||[;(\s])\s*)+"
)
_GIT_OPTIONS = re.compile(rf"git(?:\s+(?:-[Cc]\s+{_VALUE}|--no-pager))+")
_A_FILE = re.compile(r"[/.\\]")
_FILE_READERS = frozenset("cat head tail less bat jq python python3 node bash sh".split())
_SHELL_WORDS = frozenset(("for", "while", "until", "if"))
_SCRIPT_CHARS = 40
_A_WORD = re.compile(r"[\w@~./\\:+,-]+")


@lru_cache(maxsize=10_000)
def command_head(command: str) -> str:
    """The program of a command line with its verb, file or module: `git log`, `cat a.md`, `python -m pytest`."""
    begun = _BEFORE_A_PROGRAM.match(command)
    rest = command[begun.end() :] if begun else command
    words = _GIT_OPTIONS.sub("git", rest, count=1).split(maxsplit=3)
    # In a command stored as one line, a comment has no end.
    if not words or words[0].startswith("#") or words[0] in _SHELL_WORDS:
        return (rest or command)[:_SCRIPT_CHARS].rstrip()
    head = words[0].replace("\\", "/").rpartition("/")[2] or words[0]
    for word in (one.rstrip(";)") for one in words[1:3]):
        if not _A_WORD.fullmatch(word) or (word.startswith("-") and word != "-m"):
            break
        if _A_FILE.search(word) and head not in _FILE_READERS:
            break
        head = f"{head} {word}"
        if word not in ("-m", "run"):
            break
    return head
