"""Found by a Python with this folder in PYTHONPATH: our modules then see what they would on Windows.

Libraries keep what Linux has, so only our own code is put to the test. A file that anyone has open can be neither
removed nor replaced, listing a folder gives no file's identity, the only start method is spawn, and a text file opened
without an encoding is an error.
"""

import builtins
import errno
import importlib
import os
import sys
import types
from pathlib import Path

ROOT = str(Path(__file__).parents[4])
OURS = tuple(os.path.join(ROOT, part) for part in ("store", "tracker", "hooks", "tui", "taximeter.py"))
NO_MODULES = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
NO_NAMES = {
    "os": """
        O_ASYNC O_CLOEXEC O_DIRECTORY O_DSYNC O_NDELAY O_NOATIME O_NOCTTY O_NOFOLLOW O_NONBLOCK O_PATH O_SYNC WNOHANG
        chown fchmod fchown fork forkpty fsync_range getegid geteuid getgid getgroups getloadavg getpgid getpgrp
        getpriority getsid getuid killpg lchown mkfifo mknod nice openpty posix_fadvise posix_fallocate posix_spawn
        pread preadv pwrite register_at_fork sched_getaffinity sched_yield sendfile setpgid setpgrp setpriority setsid
        setuid statvfs sync sysconf uname wait wait3 wait4 fchdir chroot readv writev
    """,
    "signal": """
        ITIMER_REAL SIGALRM SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGUSR1 SIGUSR2 SIGWINCH
        alarm getitimer pause pthread_kill pthread_sigmask setitimer siginterrupt sigpending sigwait
    """,
    "time": "tzset",
}


class AsOnWindows(types.ModuleType):
    """A module of the standard library, less what Windows lacks."""

    def __init__(self, real: types.ModuleType) -> None:
        super().__init__(real.__name__)
        self.__dict__["_real"] = real
        self.__dict__["_missing"] = frozenset(NO_NAMES.get(real.__name__, "").split())

    def __getattr__(self, name: str) -> object:
        if name in self._missing:
            raise AttributeError(f"module {self._real.__name__!r} has no attribute {name!r}")
        return "win32" if (self._real.__name__, name) == ("sys", "platform") else getattr(self._real, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._real, name, value)


_import = builtins.__import__
_SEEN = {name: AsOnWindows(importlib.import_module(name)) for name in ("os", "signal", "sys", "time")}


def import_as_on_windows(name, globals=None, locals=None, fromlist=(), level=0):
    """`import`, for our modules with what Windows has."""
    if level == 0 and str((globals or {}).get("__file__", "")).startswith(OURS):
        if name in NO_MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if name.startswith("multiprocessing"):
            _spawn_only()
        if name in _SEEN:
            return _SEEN[name]
    return _import(name, globals, locals, fromlist, level)


def _spawn_only() -> None:
    import multiprocessing
    from contextlib import redirect_stderr
    from multiprocessing import context, resource_tracker

    if resource_tracker.ensure_running is _no_tracker:
        return
    context._concrete_contexts.pop("fork", None)
    context._concrete_contexts.pop("forkserver", None)
    multiprocessing.get_all_start_methods = lambda: ["spawn"]
    with redirect_stderr(sys.__stderr__):  # here the library cannot do without, there it has none
        resource_tracker.ensure_running()
    resource_tracker.ensure_running = _no_tracker


def _no_tracker() -> None:
    raise ModuleNotFoundError("No module named '_posixsubprocess'")


def _is_open(path: str) -> bool:
    """Whether any process has the file open."""
    wanted = os.path.realpath(path)
    if wanted.startswith("/dev/shm/"):  # multiprocessing's own
        return False
    for process in os.listdir("/proc"):
        if process.isdigit():
            try:
                for descriptor in os.listdir(f"/proc/{process}/fd"):
                    if os.readlink(f"/proc/{process}/fd/{descriptor}") == wanted:
                        return True
            except OSError:
                continue
    return False


def _refuse_if_open(path: object, folder: int | None = None) -> None:
    if not os.path.isdir("/proc/self/fd"):  # on macOS nothing tells what is open
        return
    text = os.fsdecode(path)
    if folder is not None:
        text = os.path.join(os.readlink(f"/proc/self/fd/{folder}"), text)
    if not os.path.isdir(text) and _is_open(text):
        raise PermissionError(errno.EACCES, "The process cannot access the file: another process uses it", text)


def _ours_called() -> bool:
    return sys._getframe(2).f_code.co_filename.startswith(OURS)


def _guard() -> None:
    unlink, rename, replace, scandir, open_file = os.unlink, os.rename, os.replace, os.scandir, os.open

    def guarded_unlink(path, *, dir_fd=None):
        _refuse_if_open(path, dir_fd)
        unlink(path, dir_fd=dir_fd)

    def guarded_rename(source, target, **more):
        _refuse_if_open(source)
        if os.path.lexists(target):
            raise FileExistsError(errno.EEXIST, "Cannot create a file when that file already exists", str(target))
        rename(source, target, **more)

    def guarded_replace(source, target, **more):
        _refuse_if_open(source)
        _refuse_if_open(target)
        replace(source, target, **more)

    def guarded_open(path, flags, mode=0o777, *, dir_fd=None):
        if dir_fd is None and _ours_called() and os.path.isdir(path):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return open_file(path, flags, mode, dir_fd=dir_fd)

    for name in ("stat", "lstat", "fstat"):
        setattr(os, name, _numbering(getattr(os, name)))
    os.unlink = os.remove = guarded_unlink
    os.rename, os.replace, os.open = guarded_rename, guarded_replace, guarded_open
    os.supports_dir_fd.update((guarded_unlink, guarded_open))
    _SEEN["os"].__dict__["scandir"] = lambda folder=".": Listing(scandir(folder))


class Listing:
    """What os.scandir gives."""

    def __init__(self, real) -> None:
        self._real = real

    def __enter__(self):
        return self

    def __exit__(self, *_: object) -> None:
        self._real.close()

    def __iter__(self):
        return (Entry(one) for one in self._real)


class Entry:
    """An entry of a folder whose facts say neither device nor inode, as those of Windows."""

    def __init__(self, real) -> None:
        self._real = real

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def stat(self, *, follow_symlinks: bool = True) -> os.stat_result:
        facts = self._real.stat(follow_symlinks=follow_symlinks)
        return _with_inode(facts) if self._real.is_symlink() else _facts(facts, 0, 0, 0)


def _numbering(real):
    return lambda *given, **more: _with_inode(real(*given, **more))


def _with_inode(facts: os.stat_result) -> os.stat_result:
    """ReFS numbers its files with 128 bits."""
    return _facts(facts, facts.st_ino | 1 << 100, facts.st_dev, facts.st_nlink)


def _facts(facts: os.stat_result, *numbers: int) -> os.stat_result:
    named = {name for name in dir(facts) if name.startswith("st_")} - set(facts.__match_args__)
    more = {name: getattr(facts, name) for name in named}
    return os.stat_result([facts[0], *numbers, *facts[4:10]], more)


_guard()
builtins.__import__ = import_as_on_windows
