"""Who was not let in is told, and cannot fill the log."""

import io
import json
from dataclasses import dataclass, field
from typing import Any

from kruispunt_server.events import Events
from kruispunt_server.refusals import Refusals

from .conftest import Served


@dataclass
class Told:
    """What reaches the log, at an instant that the test sets."""

    now: float = 0.0
    stream: io.StringIO = field(default_factory=io.StringIO)

    def refusals(self, **more: Any) -> Refusals:
        """Return refusals that wake nobody by themselves within a test."""
        events = Events("directory", strict=True, stream=self.stream)
        return Refusals(events, window_s=1000, now=lambda: self.now, **more)

    def counts(self) -> list[tuple[str, int]]:
        """Return (participant, count) of the events so far."""
        lines = map(json.loads, self.stream.getvalue().splitlines())
        return [(line["participant"], line["count"]) for line in lines]


def tell(refusals: Refusals, participant: str, times: int = 1, reason: str = "ROLE_MISSING") -> None:
    """Refuse a participant so many times."""
    for _ in range(times):
        refusals.tell((participant, reason), participant=participant, reason=reason)


def test_the_first_refusal_is_told_at_once_and_the_others_once_a_window() -> None:
    """With their number; a caller that goes on being refused is told once in each window."""
    told = Told()
    refusals = told.refusals()

    tell(refusals, "a", 500)
    assert [("a", 1)] == told.counts()
    told.now = 1000.0
    tell(refusals, "a", 7)
    assert [("a", 1), ("a", 499)] == told.counts()
    told.now = 2000.0
    refusals.sweep()
    told.now = 3000.0
    refusals.sweep()
    assert [("a", 1), ("a", 499), ("a", 7)] == told.counts()
    tell(refusals, "a")
    refusals.close()
    assert ("a", 1) == told.counts()[-1]


def test_callers_and_reasons_are_told_apart() -> None:
    """Who is refused often hides nobody else, and no other reason."""
    told = Told()
    refusals = told.refusals()

    tell(refusals, "a", 3)
    tell(refusals, "b")
    tell(refusals, "a", reason="GRANT_MISSING")
    refusals.close()

    assert [("a", 1), ("b", 1), ("a", 1), ("a", 2)] == told.counts()


def test_of_too_many_callers_the_earliest_is_told_and_forgotten() -> None:
    """Memory stays bounded, and no refusal goes uncounted."""
    told = Told()
    refusals = told.refusals(most=2)

    tell(refusals, "a", 3)
    tell(refusals, "b")
    tell(refusals, "c")
    refusals.close()

    assert [("a", 1), ("b", 1), ("a", 2), ("c", 1)] == told.counts()


def test_a_certificate_of_nobody_cannot_fill_the_log(served: Served):
    """Known by its digest, over all methods; what was not told yet is told at the end."""
    for _ in range(10):
        served.refused(client="stranger")
        served.refused("GetCoverage", client="stranger")
    before = served.lines()
    assert served.edge.refusals is not None
    served.edge.refusals.close()

    assert [1] == [line["count"] for line in before]
    assert [1, 19] == [line["count"] for line in served.lines()]
    assert {("PARTICIPANT_UNKNOWN", ("spiffe://test/participant/stranger",))} == {
        (line["reason"], tuple(line["uris"])) for line in served.lines()
    }
