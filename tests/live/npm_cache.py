"""Agents from npm, installed once into a cache folder and never anywhere else on the machine.

The folder is `.cache/live` of the project, or what TAXIMETER_LIVE_CACHE says; it ignores itself for git. An
installation appears under its final name only when it is complete.
"""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

INSTALL_TIMEOUT_SECONDS = 600


class UnavailableError(Exception):
    """Something that the live tests need cannot be had on this machine; the text says what."""


def cache_folder() -> Path:
    """The folder for installed agents; it is made if it is not there."""
    default = Path(__file__).resolve().parents[2] / ".cache" / "live"
    folder = Path(os.environ.get("TAXIMETER_LIVE_CACHE") or default)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".gitignore").write_text("*\n")
    return folder


def installed(package: str, version: str) -> Path:
    """The `node_modules` folder that holds `package` at `version`, installed now if it was not yet.

    Raises UnavailableError when npm is missing or cannot fetch it.
    """
    name = package.rpartition("/")[2]
    target = cache_folder() / f"{name}-{version}"
    with _lock(cache_folder() / f"{name}.lock"):
        if not (target / "node_modules").is_dir():
            _install(f"{package}@{version}", target)
    return target / "node_modules"


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _install(specification: str, target: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        raise UnavailableError("npm is not installed")
    unfinished = target.with_name(target.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir()
    command = [npm, "install", "--prefix", str(unfinished), "--no-audit", "--no-fund", "--force", specification]
    try:
        subprocess.run(
            command, cwd=unfinished, check=True, capture_output=True, text=True, timeout=INSTALL_TIMEOUT_SECONDS
        )
    except subprocess.CalledProcessError as error:
        raise UnavailableError(f"npm could not install {specification}: {error.stderr[-500:]}") from error
    except subprocess.TimeoutExpired as error:
        raise UnavailableError(f"npm did not install {specification} in {INSTALL_TIMEOUT_SECONDS} s") from error
    shutil.rmtree(target, ignore_errors=True)
    unfinished.rename(target)
