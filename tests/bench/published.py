"""Turns clones of repositories that publish their sessions into a folder like Claude Code's own.

`python -m tests.bench published FOLDER --from CLONE...`, then `--claude-dir FOLDER` wherever that option is. Sessions
stand as whole transcripts on the branches that entire.io keeps (`entire/checkpoints/v1` and others with `entire` in
their name), once for every commit they led to: the longest version of each is kept. Nothing is fetched; a clone made
with `git clone --mirror` has all branches.
"""

import argparse
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

_TRANSCRIPTS = ("full.jsonl", "transcript.jsonl")
_SESSION = re.compile(rb'"sessionId":\s*"([0-9a-f-]{36})"')


def _git(clone: Path, *words: str) -> list[str]:
    run = subprocess.run(["git", "-C", str(clone), *words], check=True, capture_output=True, text=True)
    return run.stdout.splitlines()


def transcripts(clone: Path) -> dict[str, str]:
    """Object ids of all transcripts on the clone's session branches, each with the path of one place it stands at."""
    found: dict[str, str] = {}
    for ref in _git(clone, "for-each-ref", "--format=%(refname)"):
        if "entire" in ref:
            for line in _git(clone, "ls-tree", "-r", "--full-tree", ref):
                facts, _, path = line.partition("\t")
                if path.endswith(_TRANSCRIPTS):
                    found[facts.split()[2]] = path
    return found


def contents(clone: Path, objects: Sequence[str]) -> Iterator[bytes]:
    """The objects' bytes, one after the other; objects that the clone lacks are passed over."""
    with subprocess.Popen(
        ["git", "-C", str(clone), "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as git:
        assert git.stdin is not None
        assert git.stdout is not None
        for name in objects:
            git.stdin.write(name.encode() + b"\n")
            git.stdin.flush()
            head = git.stdout.readline().split()
            if len(head) == 3:
                yield git.stdout.read(int(head[2]))
                git.stdout.read(1)


def extract(clone: Path, folder: Path, name: str) -> dict[str, int]:
    """Write the clone's sessions under `folder`; sizes in bytes by session id."""
    sizes: dict[str, int] = {}
    for content in contents(clone, list(transcripts(clone))):
        found = _SESSION.search(content)
        if found is not None and len(content) > sizes.get(session := found.group(1).decode(), -1):
            sizes[session] = len(content)
            place = folder / "projects" / name / f"{session}.jsonl"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    return sizes


def main(argv: Sequence[str]) -> int:
    """Extract every clone; 0, or 1 if there was no session in any."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench published", description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write, as for --claude-dir")
    parser.add_argument("--from", dest="clones", type=Path, nargs="+", required=True, help="clones, bare or not")
    options = parser.parse_args(list(argv))
    written = 0
    for clone in options.clones:
        place = clone.resolve()
        # A mirror may be called `repo` or `.git`; its parent then says which one it is.
        name = place.parent.name if place.name in ("repo", ".git") else place.name.removesuffix(".git")
        sizes = extract(clone, options.folder, name)
        written += len(sizes)
        print(f"{name}: {len(sizes)} sessions, {sum(sizes.values()) / 1e6:.0f} MB")
    return 0 if written else 1
