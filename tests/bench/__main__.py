"""`python -m tests.bench [NAME] [OPTIONS]`: each measurement is a module of this folder with a `main(argv)`."""

import importlib
import sys
from pathlib import Path

_DEFAULT = "reading"


def names() -> list[str]:
    """The measurements that there are."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if "\ndef main(" in path.read_text())


def run() -> int:
    """Run the one that is named first, reading speed without a name."""
    words = sys.argv[1:]
    name = words.pop(0) if words and not words[0].startswith("-") else _DEFAULT
    if name not in names():
        print(f"no such measurement: {name} (there are: {', '.join(names())})", file=sys.stderr)
        return 2
    code: int = importlib.import_module(f"tests.bench.{name}").main(words)
    return code


if __name__ == "__main__":
    sys.exit(run())
