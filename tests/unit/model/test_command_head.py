"""Commands with similar output have one name."""

import pytest

from tracker.model.cost.command_head import command_head


@pytest.mark.parametrize(
    ("command", "head"),
    [
        ("pytest -q tests", "pytest"),
        ("cd /code/api && git log --oneline -5", "git log"),
        ('cd "/code/my api"; FOO=1 npm run test -- --watch', "npm run test"),
        ("git -C /code/api --no-pager diff HEAD", "git diff"),
        ("python -m pytest tests/unit", "python -m pytest"),
        ("pytest tests/unit/test_a.py -q", "pytest"),
        ("./gradlew test", "gradlew test"),
        (".venv/bin/python scripts/make.py", "python scripts/make.py"),
        ("timeout 60 cat docs/big.md | head", "cat docs/big.md"),
        ("(make check)", "make check"),
        ("sed -n '1,20p' a.py", "sed"),
        ("# Start the web server in the background pnpm dev", "# Start the web server in the background"),
        ("cd /x && for i in 1 2 3; do echo $i; done", "for i in 1 2 3; do echo $i; done"),
        ("cd /code/api 2>/dev/null && ls -la", "ls"),
        ("cd /code/api go test ./...", "go test"),
        ('NAME="a b" X=1 make check', "make check"),
        ("cd /code/api", "cd"),
        ("FOO=1 ", "FOO=1"),
        ("", ""),
    ],
)
def test_a_command_is_named_by_its_program_and_purpose(command: str, head: str):
    assert command_head(command) == head
