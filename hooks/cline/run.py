"""Starts the hook of one event; hook files call it as `python -I -S run.py EVENT --home DIR`.

Isolated interpreters do not look beside the script, so the program's own folder is the first thing to be named.
"""

import os
import sys


def _run() -> int:
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    from hooks.cline.entry import main

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_run())
