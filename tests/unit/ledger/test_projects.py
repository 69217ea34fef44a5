"""A session in a linked worktree belongs to the project that the worktree was made from."""

import pytest

from store.projects import project_name, project_of


@pytest.mark.parametrize(
    ("folder", "project"),
    [
        ("/home/dev/shop", "/home/dev/shop"),
        ("/home/dev/shop/.claude/worktrees/calm-river-1a2b", "/home/dev/shop"),
        ("/home/dev/shop/.worktrees/dev/new-cart/api", "/home/dev/shop"),
        ("D:\\work\\shop\\.claude\\worktrees\\calm-river-1a2b", "D:\\work\\shop"),
        ("/home/dev/.worktrees", "/home/dev/.worktrees"),
        ("/.worktrees/x", "/.worktrees/x"),
        ("/home/dev/my.worktrees/x", "/home/dev/my.worktrees/x"),
    ],
)
def test_worktrees_are_their_project(folder: str, project: str) -> None:
    assert project_of(folder) == project


@pytest.mark.parametrize(
    ("folder", "project"),
    [
        ("d:\\work\\shop", "D:\\work\\shop"),
        ("d:/code/shop", "D:/code/shop"),
        ("d:\\work\\shop\\.claude\\worktrees\\calm", "D:\\work\\shop"),
        ("d:", "d:"),
        ("é:shop", "é:shop"),
    ],
)
def test_a_drive_is_one_whichever_way_its_letter_is_written(folder: str, project: str) -> None:
    """Claude Code in a terminal writes D:, in VS Code d:."""
    assert project_of(folder) == project


def test_a_project_is_called_by_its_last_part() -> None:
    named = [project_name(one) for one in ("/home/dev/shop/", "D:\\work\\shop", "shop", "", None)]
    assert named == ["shop", "shop", "shop", "", ""]
