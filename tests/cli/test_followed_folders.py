"""Which folders `watch` and the dashboard go on looking for while they run."""

import os
from pathlib import Path

from tracker.cli.common import Invocation
from tracker.cli.sync import finder_of


def folder(path: Path) -> Path:
    (path / "projects").mkdir(parents=True)
    return path


def test_folders_that_hooks_name_are_followed_beside_those_of_this_machine_each_once(tmp_path: Path) -> None:
    usual, named = folder(Path(os.environ["HOME"]) / ".claude"), folder(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(usual)
    find = finder_of(Invocation(), lambda: [tmp_path / "link", named])
    assert find is not None
    (_, roots), *_ = find()
    assert sorted(map(os.path.realpath, roots)) == sorted(map(os.path.realpath, (usual, named)))


def test_where_the_user_names_folders_no_others_are_looked_for(tmp_path: Path) -> None:
    for agent in ("claude", "cline"):
        invocation = Invocation()
        invocation.add_dirs(*([[tmp_path], []] if agent == "claude" else [[], [tmp_path]]))
        assert finder_of(invocation, list) is None
