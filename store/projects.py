"""The project of a session: the folder it ran in or, for a linked worktree, the checkout that it belongs to.

Worktrees are short-lived copies of one project; agents and people put them below the checkout, in folders that say so.
"""

import re

_WORKTREE = re.compile(r"[/\\](?:\.claude[/\\]worktrees|\.worktrees)[/\\][^/\\]")


def project_of(folder: str) -> str:
    """The project's folder for a session that ran in `folder`; a path of any system, which need not exist here.

    Windows drives have a capital letter: a terminal writes D: where an editor writes d: for the same folder.
    """
    if folder[1:2] == ":" and folder[2:3] in ("\\", "/"):
        folder = folder[0].upper() + folder[1:]
    found = _WORKTREE.search(folder)
    return folder[: found.start()] if found and found.start() else folder


def is_within(folder: str, other: str) -> bool:
    """Whether a folder is `other` or lies below it; paths of any system."""
    inner, outer = (path.replace("\\", "/").rstrip("/") + "/" for path in (folder, other))
    return inner.startswith(outer)


def project_name(project: str | None) -> str:
    """The last part of a project's path, empty if there is none."""
    return (project or "").replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
