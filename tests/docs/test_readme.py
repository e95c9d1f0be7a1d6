"""The README's ten lines."""

from pathlib import Path

import pytest
from tests.support.documents import ROOT, blocks


def test_the_ten_lines_run_as_they_stand(playground: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Against a real directory over mutual TLS they register, list and are allowed."""
    (code,) = blocks(ROOT / "README.md", "python")

    exec(compile(code, "README.md", "exec"), {})

    assert "5/1 100 20 2026-01-01\n17/101 2 10 2026-01-01\nALLOWED\n" == capsys.readouterr().out


def test_the_ten_lines_are_ten() -> None:
    """A newcomer was promised ten; the empty one after the imports is the formatter's."""
    (code,) = blocks(ROOT / "README.md", "python")

    assert 10 == len([line for line in code.splitlines() if line])


def test_the_tree_names_what_is_there() -> None:
    """Every entry of the tree exists."""
    tree = next(block for block in blocks(ROOT / "README.md", "") if block.startswith("protos/"))
    named = [line.split(" ", 1)[0] for line in tree.splitlines()]

    assert [] == [name for name in named if not (ROOT / name).exists()]
