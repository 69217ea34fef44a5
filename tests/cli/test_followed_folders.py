"""Which folders `watch` and the dashboard go on looking for while they run."""

import os
from pathlib import Path

import pytest

from tracker.cli.common import Invocation
from tracker.cli.sync import watch_targets
from tracker.keeper import LedgerKeeper


def folder(path: Path) -> Path:
    (path / "projects").mkdir(parents=True)
    return path


@pytest.fixture
def keeper(isolated_home: Path) -> LedgerKeeper:
    return LedgerKeeper(str(isolated_home))


def test_folders_that_hooks_name_are_followed_beside_those_of_this_machine_each_once(
    tmp_path: Path, keeper: LedgerKeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, named = folder(Path(os.environ["HOME"]) / ".claude"), folder(tmp_path / "elsewhere")
    (tmp_path / "link").symlink_to(usual)
    monkeypatch.setattr(keeper, "named_folders", lambda: [tmp_path / "link", named])
    find = watch_targets(Invocation(), keeper).find_sources
    assert find is not None
    (_, roots), *_ = find()
    assert sorted(map(os.path.realpath, roots)) == sorted(map(os.path.realpath, (usual, named)))


def test_where_the_user_names_folders_no_others_are_looked_for(tmp_path: Path, keeper: LedgerKeeper) -> None:
    for agent in ("claude", "cline"):
        invocation = Invocation()
        invocation.add_dirs(*([[tmp_path], []] if agent == "claude" else [[], [tmp_path]]))
        assert watch_targets(invocation, keeper).find_sources is None
