"""Ways for a tree of transcripts to grow: pieces cut at any byte, files in any order, touched and replaced."""

import os
import random
from collections.abc import Iterator, Mapping
from pathlib import Path


def cuts(content: bytes, pick: random.Random) -> list[int]:
    """Up to four places to cut a file: any byte, or where a record ends (two may stand on one line)."""
    chosen = set()
    for _ in range(pick.randint(0, 4)):
        place = pick.randint(0, len(content))
        if pick.random() < 0.4:
            place = max(content.find(pick.choice((b"}\n", b"}{")), place) + pick.randint(1, 2), 0)
        chosen.add(min(place, len(content)))
    return sorted(chosen | {len(content)})


def grow_tree(root: Path, files: Mapping[str, bytes], seed: int, *, disturb: bool = True) -> Iterator[None]:
    """Write `files` below `root/projects` piece by piece; yields where a reader may look.

    `disturb`: files are also touched, and replaced by a copy of themselves, on the way.
    """
    pick = random.Random(seed)
    steps = [name for name, content in files.items() for _ in cuts(content, random.Random(f"{seed}{name}"))]
    ends = {name: iter(cuts(content, random.Random(f"{seed}{name}"))) for name, content in files.items()}
    pick.shuffle(steps)
    written = dict.fromkeys(files, 0)
    for name in steps:
        path = root / "projects" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        end = next(ends[name])
        with path.open("ab") as handle:
            handle.write(files[name][written[name] : end])
        written[name] = end
        if disturb and pick.random() < 0.15:
            os.utime(path, (pick.randint(1, 10**9), pick.randint(1, 10**9)))
        if disturb and pick.random() < 0.15:
            replace_by_copy(path)
        if pick.random() < 0.7:
            yield
    yield


def replace_by_copy(path: Path) -> None:
    """Another file with the same bytes takes the place of this one."""
    copy = path.with_suffix(".new")
    copy.write_bytes(path.read_bytes())
    copy.replace(path)
