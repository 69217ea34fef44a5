"""All sources, each with the folders to read."""

from collections.abc import Sequence
from pathlib import Path

from tracker.sources.base import Source


def all_sources(home: Path, claude_dirs: Sequence[Path], cline_dirs: Sequence[Path]) -> list[tuple[Source, list[Path]]]:
    """The sources for the given folders; without any, all sources with this machine's known folders.

    `home`: the state folder, where rows of our own plugin are.
    """
    from tracker.sources.claude_code import ClaudeCodeSource
    from tracker.sources.cline import ClineSource, LiveRowsSource, RooSource

    given: tuple[tuple[Source, Sequence[Path]], ...] = (
        (ClaudeCodeSource(), claude_dirs),
        (LiveRowsSource(home), cline_dirs),
        (ClineSource(), cline_dirs),
        (RooSource(), cline_dirs),
    )
    any_named = bool(claude_dirs or cline_dirs)
    return [(source, source.roots(folders)) for source, folders in given if folders or not any_named]
