"""The page of pictures and keys says what the registry says, and shows pictures that are there."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from textual.keys import Keys

from tui.keys import KEYS

FOLDER = Path(__file__).parents[2] / "docs" / "screens"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_screens", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(script: ModuleType) -> None:
    """`python docs/screens/make.py page` writes it."""
    assert (FOLDER / "README.md").read_text(encoding="utf-8") == script.page()


def test_every_key_is_documented() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    for keys in KEYS.values():
        for key in keys:
            assert f"| `{key.shown}` | {key.sentence} |" in text


def test_every_picture_is_there_and_asks_for_nothing_from_elsewhere() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    pictures = set(re.findall(r"\(([a-z0-9-]+\.svg)\)", text))
    assert len(pictures) > 14
    for name in pictures:
        drawn = (FOLDER / name).read_text(encoding="utf-8")
        assert "url(" not in re.sub(r"url\(#", "", drawn)
        assert "@font-face" not in drawn


def test_keys_have_names_that_textual_knows() -> None:
    known = {key.value for key in Keys} | {"comma", "slash", "question_mark", "space"}
    known |= {"left_square_bracket", "right_square_bracket"}
    for keys in KEYS.values():
        for key in keys:
            for name in key.keys.split(","):
                assert len(name) == 1 or name in known
