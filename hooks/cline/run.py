"""Starts the hook of one event; hook files call it as `python -I -S run.py EVENT --home DIR`.

An isolated interpreter does not search the script's folder, so the program's folder is put on the path first.
"""

import os
import sys


def _run() -> int:
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
    from hooks.cline.entry import main

    return main(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(_run())
