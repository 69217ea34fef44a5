"""`make` on a machine whose python3 is too old, as that of macOS, and that has no uv, which would find another."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[3]


def test_a_python_that_is_too_old_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    made = subprocess.run(
        ["make", "PYTHON=./python3.9", "demo"], cwd=tmp_path, env={"PATH": f"{tmp_path}:/usr/bin:/bin"},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert made.returncode != 0
    words = "./python3.9 is no Python 3.11 or newer; name one that is: make PYTHON=python3.12 demo"
    assert made.stdout.splitlines()[1:] == [words]
    assert not (tmp_path / ".venv").exists()
