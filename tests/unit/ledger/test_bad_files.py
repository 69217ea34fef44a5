"""Files that shrink, change, vanish or refuse to be read: what was counted stays, the rest is read."""

import os
import socket
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from store.ledger import open_ledger
from tracker.ingest import SyncReport, sync
from tracker.sources.base import FoundFile, Options, Piece, ReadState
from tracker.sources.claude_code import ClaudeCodeSource

from .dump import differences, dump
from .plain import COST, FILE, SESSION, answer, encoded, healthy_neighbour, prompt, session_of
from .reading import ledger_of, price_book, take_in


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with a session of three calls and a healthy neighbour."""
    folder = tmp_path / "claude"
    healthy_neighbour(folder)
    (folder / "projects" / FILE).write_bytes(session_of(3))
    return folder


def costs(place: Path) -> dict[str, int]:
    """Every call of the ledger in `place`."""
    with closing(open_ledger(place / "ledger.db")) as db:
        return dict(db.execute("SELECT message_id, cost FROM call"))


def calls(*numbers: int) -> dict[str, int]:
    """Plain calls with their cost."""
    return {f"msg_{number}": COST for number in (*numbers, 100)}


def test_a_file_cut_to_its_first_line_keeps_what_was_counted(root: Path, tmp_path: Path) -> None:
    path = root / "projects" / FILE
    with ledger_of(tmp_path, root) as db:
        os.truncate(path, len(encoded(prompt())))
        report = take_in(db, root)
        assert (report.problems, report.bad_lines) == ([], 0)
        with path.open("ab") as handle:
            handle.write(encoded(answer(4)))
        take_in(db, root)
    assert costs(tmp_path) == calls(1, 2, 3, 4)


def test_a_file_emptied_and_written_anew_counts_old_and_new(root: Path, tmp_path: Path) -> None:
    with ledger_of(tmp_path, root) as db:
        (root / "projects" / FILE).write_bytes(b"")
        take_in(db, root)
        (root / "projects" / FILE).write_bytes(session_of(2, first=3))
        take_in(db, root)
    assert costs(tmp_path) == calls(1, 2, 3, 4)


def test_a_file_rewritten_shorter_is_read_from_its_start(root: Path, tmp_path: Path) -> None:
    with ledger_of(tmp_path, root) as db:
        (root / "projects" / FILE).write_bytes(encoded(answer(7), answer(3)))
        assert take_in(db, root).new_calls == 1
    assert costs(tmp_path) == calls(1, 2, 3, 7)


def test_a_file_replaced_by_a_longer_one_is_read_from_its_start(root: Path, tmp_path: Path) -> None:
    with ledger_of(tmp_path, root) as db:
        other = root / "other"
        other.write_bytes(encoded(prompt(), *(answer(number) for number in (11, 12, 13, 3, 14, 15))))
        other.replace(root / "projects" / FILE)
        assert take_in(db, root).new_calls == 5
    assert costs(tmp_path) == calls(1, 2, 3, 11, 12, 13, 14, 15)


def test_a_changed_prefix_is_noticed_and_counts_nothing_twice(root: Path, tmp_path: Path) -> None:
    """A tool redacts earlier bytes in place and the client goes on appending."""
    path = root / "projects" / FILE
    with ledger_of(tmp_path, root) as db:
        redacted = path.read_bytes().replace(b"please mend", b"XXXXXX XXXX").replace(b"msg_2", b"msg_9")
        with path.open("r+b") as handle:
            handle.write(redacted + encoded(answer(4)))
        take_in(db, root)
    # The request id still says that the redacted call is the one already counted.
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert db.execute("SELECT COUNT(*), SUM(cost) FROM call").fetchone() == (5, 5 * COST)


def test_redaction_far_from_both_ends_is_noticed_by_its_length(tmp_path: Path) -> None:
    """A long prompt in the middle was shortened, the file grew on: every byte behind it has moved."""
    root = tmp_path / "claude"
    healthy_neighbour(root)
    path = root / "projects" / FILE
    long_text = [{"type": "text", "text": "z" * 40_000}]
    secret = prompt("the password is swordfish", second=2)
    lines = [prompt(), answer(1, message={"content": long_text}), secret, answer(3, message={"content": long_text})]
    path.write_bytes(encoded(*lines))
    with ledger_of(tmp_path, root) as db:
        added = encoded(*(answer(number) for number in range(4, 10)))
        path.write_bytes(encoded(*lines).replace(b"the password is swordfish", b"[redacted]") + added)
        take_in(db, root)
    assert costs(tmp_path) == calls(1, 3, *range(4, 10))


def test_a_touched_file_changes_nothing(root: Path, tmp_path: Path) -> None:
    """The client's hourly heartbeat sets the time of a file that has not changed."""
    with ledger_of(tmp_path, root) as db:
        before = dump(db, root)
        os.utime(root / "projects" / FILE, (1, 1))
        report = take_in(db, root)
        assert (report.new_calls, report.bad_lines, report.problems) == (0, 0, [])
        assert differences(before, dump(db, root)) == []


def test_deleted_files_keep_their_calls_and_may_come_back(root: Path, tmp_path: Path) -> None:
    path = root / "projects" / FILE
    content = path.read_bytes()
    with ledger_of(tmp_path, root) as db:
        path.unlink()
        assert take_in(db, root).problems == []
        assert db.execute("SELECT COUNT(*) FROM source_file WHERE gone_at IS NOT NULL").fetchone() == (1,)
        path.write_bytes(content + encoded(answer(4)))
        take_in(db, root)
        assert db.execute("SELECT COUNT(*) FROM source_file WHERE gone_at IS NOT NULL").fetchone() == (0,)
    assert costs(tmp_path) == calls(1, 2, 3, 4)


def test_a_vanished_projects_folder_loses_nothing(root: Path, tmp_path: Path) -> None:
    with ledger_of(tmp_path, root) as db:
        (root / "projects").rename(root / "elsewhere")
        assert take_in(db, root).new_calls == 0
    assert costs(tmp_path) == calls(1, 2, 3)


class Meddling(ClaudeCodeSource):
    """Something happens to the session's file between listing and reading it."""

    def __init__(self, happens: str) -> None:
        super().__init__()
        self.happens = happens

    def read(self, file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
        """Meddle with the one file; the other is read as it is."""
        path = Path(file.path)
        if path.name == f"{SESSION}.jsonl":
            if self.happens == "deleted":
                path.unlink()
            elif self.happens == "truncated":
                os.truncate(path, len(session_of(1)))
            elif self.happens == "grown":
                path.write_bytes(session_of(4))
            elif self.happens == "refused":
                raise PermissionError(13, "Permission denied", file.path)
            elif self.happens == "failing disk":
                yield from self._half(file, state, options)
                raise OSError(5, "Input/output error", file.path)
        yield from super().read(file, state, options)

    def _half(self, file: FoundFile, state: ReadState | None, options: Options) -> Iterator[Piece]:
        whole = Path(file.path).read_bytes()
        Path(file.path).write_bytes(session_of(2))
        yield from super().read(file, state, options)
        Path(file.path).write_bytes(whole)


def meddle(place: Path, root: Path, happens: str) -> SyncReport:
    """Take in `root` while something happens to it."""
    with closing(open_ledger(place / "ledger.db")) as db:
        return sync(db, [(Meddling(happens), [root])], Options(price_book()))


def test_a_file_deleted_between_listing_and_reading(root: Path, tmp_path: Path) -> None:
    report = meddle(tmp_path, root, "deleted")
    assert report.problems == []
    assert costs(tmp_path) == calls()


def test_a_file_truncated_between_listing_and_reading(root: Path, tmp_path: Path) -> None:
    meddle(tmp_path, root, "truncated")
    assert costs(tmp_path) == calls(1)


def test_a_file_that_grew_between_listing_and_reading(root: Path, tmp_path: Path) -> None:
    meddle(tmp_path, root, "grown")
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        take_in(db, root)
    assert costs(tmp_path) == calls(1, 2, 3, 4)


def test_an_unreadable_file_is_named_with_its_reason(root: Path, tmp_path: Path) -> None:
    report = meddle(tmp_path, root, "refused")
    assert len(report.problems) == 1
    assert f"{SESSION}.jsonl" in report.problems[0]
    assert "Permission denied" in report.problems[0]
    assert costs(tmp_path) == calls()


def test_an_unreadable_file_is_read_as_soon_as_it_can_be(root: Path, tmp_path: Path) -> None:
    meddle(tmp_path, root, "refused")
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        assert take_in(db, root).problems == []
    assert costs(tmp_path) == calls(1, 2, 3)


def test_what_was_read_before_the_disk_failed_stays(root: Path, tmp_path: Path) -> None:
    report = meddle(tmp_path, root, "failing disk")
    assert len(report.problems) == 1
    assert costs(tmp_path) == calls(1, 2)
    with closing(open_ledger(tmp_path / "ledger.db")) as db:
        take_in(db, root)
    assert costs(tmp_path) == calls(1, 2, 3)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unreadable to root; the fake above stands for it")
def test_a_file_without_read_permission(root: Path, tmp_path: Path) -> None:
    path = root / "projects" / FILE
    path.chmod(0)
    with ledger_of(tmp_path) as db:
        report = take_in(db, root)
    path.chmod(0o600)
    assert len(report.problems) == 1
    assert costs(tmp_path) == calls()


def refuse(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Listing `folder` fails as it would for another user's folder."""
    listing = os.scandir

    def scandir(path: str = ".") -> AbstractContextManager[Iterator[os.DirEntry[str]]]:
        if os.path.realpath(path) == os.path.realpath(folder):
            raise PermissionError(13, "Permission denied", str(path))
        return listing(path)

    monkeypatch.setattr(os, "scandir", scandir)


@pytest.mark.parametrize("which", [Path("projects"), Path("projects", FILE).parent])
def test_an_unreadable_folder_is_named_and_its_neighbours_are_read(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: Path
) -> None:
    for number in range(50, 58):  # some of them are listed before the refused folder, some after it
        neighbour = root / "projects" / f"-home-dev-{number}" / f"{number}.jsonl"
        neighbour.parent.mkdir()
        neighbour.write_bytes(session_of(1, SESSION, first=number))
    refuse(monkeypatch, root / which)
    with ledger_of(tmp_path) as db:
        report = take_in(db, root)
    assert len(report.problems) == 1
    assert str(which) in report.problems[0]
    if which != Path("projects"):
        assert costs(tmp_path) == {f"msg_{number}": COST for number in range(50, 58)}


def test_every_unreadable_folder_is_named_once(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shut = [root / "projects" / name for name in ("-a", "-b")]
    for folder in shut:
        folder.mkdir()
        refuse(monkeypatch, folder)
    with ledger_of(tmp_path) as db:
        report = take_in(db, root)
    assert sorted(report.problems) == [f"{folder}: Permission denied" for folder in shut]
    assert costs(tmp_path) == calls(1, 2, 3)


class Shut:
    """An entry of a folder that may be listed, but not entered; `link`: of any folder, and leads into such a one."""

    def __init__(self, path: str, *, link: bool) -> None:
        self.path, self.name, self._link = path, Path(path).name, link

    def stat(self) -> os.stat_result:
        raise PermissionError(13, "Permission denied", self.path)

    def is_dir(self) -> bool:
        return bool(self.stat())

    def is_symlink(self) -> bool:
        return self._link


class Listing(list[object]):
    """The entries of a folder, as os.scandir gives them."""

    def __enter__(self) -> "Listing":
        return self

    def __exit__(self, *_error: object) -> None:
        pass


@pytest.mark.parametrize("link", [False, True])
def test_what_may_be_listed_but_not_entered_is_named_once_and_hides_nothing(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, link: bool
) -> None:
    folder = root / "projects" / "-a"
    folder.mkdir()
    (folder / "good.jsonl").write_bytes(session_of(1, first=9))
    shut = [Shut(f"{folder}/{name}", link=link) for name in ("1.jsonl", "2")]
    with os.scandir(folder) as entries:
        listed = Listing([*shut, *entries] if link else shut)
    listing = os.scandir
    monkeypatch.setattr(os, "scandir", lambda path: listed if path == str(folder) else listing(path))
    with ledger_of(tmp_path) as db:
        report = take_in(db, root)
    named = [folder / "1.jsonl", folder / "2"] if link else [folder]
    assert report.problems == [f"{path}: Permission denied" for path in named]
    assert costs(tmp_path) == calls(1, 2, 3, *([9] if link else []))


def shut_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands below `folder` may not be looked at."""
    looks, lists = Path.is_dir, os.scandir

    def refuse(path: str | os.PathLike[str]) -> None:
        if folder in Path(path).parents:
            raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_dir", lambda path: refuse(path) or looks(path))
    monkeypatch.setattr(os, "scandir", lambda path: refuse(path) or lists(path))


def test_a_folder_of_an_agent_that_is_shut_hides_no_other(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut = tmp_path / "shut"
    shut.mkdir()
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", f"{shut},{root}")
    shut_off(shut, monkeypatch)
    source = ClaudeCodeSource()
    assert source.roots([]) == [shut, root]
    with ledger_of(tmp_path) as db:
        report = sync(db, [(source, source.roots([]))], Options(price_book()))
    assert report.problems == [f"{shut / 'projects'}: Permission denied"]
    assert costs(tmp_path) == calls(1, 2, 3)


@pytest.mark.skipif(os.geteuid() == 0, reason="root enters every folder; the fake above stands for it")
def test_a_folder_without_search_permission(root: Path, tmp_path: Path) -> None:
    folder = root / "projects" / FILE
    folder.parent.chmod(0o444)
    with ledger_of(tmp_path) as db:
        report = take_in(db, root)
    folder.parent.chmod(0o700)
    assert report.problems == [f"{folder.parent}: Permission denied"]


@pytest.mark.parametrize("where", ["self", "-home-dev-app/self.jsonl"])
def test_links_to_themselves_are_passed_over(root: Path, tmp_path: Path, where: str) -> None:
    for number in range(20):  # some of them are listed before the link, some after it
        (root / "projects" / FILE).with_name(f"{number}.jsonl").write_bytes(session_of(1, first=number + 10))
        (root / "projects" / f"-{number}").mkdir()
        (root / "projects" / f"-{number}" / "a.jsonl").write_bytes(session_of(1, first=number + 40))
    link = root / "projects" / where
    link.symlink_to(link.name)
    with ledger_of(tmp_path) as db:
        assert take_in(db, root).problems == []
    assert costs(tmp_path) == calls(1, 2, 3, *range(10, 30), *range(40, 60))


@pytest.mark.parametrize(("kind", "problems"), [("folder", 1), ("pipe", 1), ("socket", 1), ("dangling link", 0)])
def test_things_that_are_called_jsonl_but_are_no_files(root: Path, tmp_path: Path, kind: str, problems: int) -> None:
    """A pipe nobody writes to would be waited for, for ever."""
    odd = root / "projects" / "odd.jsonl"
    with socket.socket(socket.AF_UNIX) as listener:
        if kind == "folder":
            odd.mkdir()
        elif kind == "pipe":
            os.mkfifo(odd)
        elif kind == "socket":
            listener.bind(os.path.relpath(odd))  # the whole path may be too long for a socket
        else:
            odd.symlink_to(root / "nowhere")
        with ledger_of(tmp_path) as db:
            report = take_in(db, root)
    assert [str(odd) in problem for problem in report.problems] == [True] * problems
    assert costs(tmp_path) == calls(1, 2, 3)


def test_circular_links_are_followed_once(root: Path, tmp_path: Path) -> None:
    (root / "projects" / "loop").symlink_to(root / "projects", target_is_directory=True)
    with ledger_of(tmp_path, root):
        assert costs(tmp_path) == calls(1, 2, 3)


def test_a_name_that_is_no_utf8_is_read_or_named_and_stops_nothing(root: Path, tmp_path: Path) -> None:
    folder = root / "projects" / os.fsdecode(b"-caf\xe9")
    try:
        folder.mkdir()
    except OSError:
        pytest.skip("this file system takes no such name, as that of macOS")
    (folder / os.fsdecode(b"x\xff.jsonl")).write_bytes(session_of(1, SESSION, first=9))
    with ledger_of(tmp_path) as db:
        report = take_in(db, root)
    found = costs(tmp_path)
    assert found.pop("msg_9", None) == COST or len(report.problems) == 1
    assert found == calls(1, 2, 3)
