"""What the guide says of rehearsals is what the client says."""

import re

from tests.docs.test_documents import _leads
from tests.support.documents import ROOT

from kruispunt.rehearsing import ADVICE, Fault

GUIDE = ROOT / "docs" / "integration-guide.md"


def test_every_fault_stands_in_the_guide() -> None:
    """In the order of the contract, one row each."""
    rows = re.findall(r"^\| ([A-Z]+(?:_[A-Z]+)+) \|", GUIDE.read_text("utf-8"), re.MULTILINE)

    assert [fault.name for fault in Fault if fault is not Fault.UNSPECIFIED] == rows


def test_every_advice_leads_to_a_heading() -> None:
    """Who is told to read on finds where."""
    assert [] == [advice.guide for advice in ADVICE.values() if not _leads(GUIDE, advice.guide)]
