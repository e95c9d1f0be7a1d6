"""Each word of the glossary is said in three languages, and explained."""

import re

from tests.support.documents import ROOT

_ROW = re.compile(
    r"^\| \*\*(?P<en>[^*]+)\*\* \| (?P<nl>[^|]+) \| (?P<fr>[^|]+) \| (?P<means>[^|]+) \|$", re.MULTILINE
)


def test_every_word_has_dutch_french_and_a_meaning() -> None:
    """No row has another form, none is given twice, and no cell says nothing."""
    text = (ROOT / "docs/glossary.md").read_text("utf-8")
    rows = [found.groupdict() for found in _ROW.finditer(text)]
    words = [row["en"] for row in rows]

    assert text.count("\n| **") == len(rows)
    assert {"SSIN", "dossier", "route", "notice", "rehearsal"} <= set(words)
    assert len(words) == len(set(words))
    assert [] == [row["en"] for row in rows if not all(re.search(r"\w{3}", cell) for cell in row.values())]
