"""Looks at protected persons are flagged before they are written: once, whoever asks, and without a number."""

import io
import json
from collections.abc import Collection
from dataclasses import replace

import pytest
from tests.support.calls import call_of
from tests.support.rights import EVERYTHING

from kruispunt.ssin import Ssin
from kruispunt_identity.servicer.flagging import Flagging
from kruispunt_server.call import Call
from kruispunt_server.events import Events
from kruispunt_server.metrics import Metrics

ANNA, BEA = Ssin.parse("75460898095"), Ssin.parse("75260898052")


class Marks:
    """Knows that ANNA is protected, and whom it was asked about."""

    def __init__(self) -> None:
        self.asked: list[set[Ssin]] = []

    def __call__(self, numbers: Collection[Ssin]) -> frozenset[Ssin]:
        self.asked.append(set(numbers))
        return frozenset({ANNA} & set(numbers))


def flagging(marks: Marks, log: io.StringIO, metrics: Metrics) -> Flagging:
    return Flagging(marks, Events("identity", strict=True, stream=log), metrics)


def call_with(*results: str, shown: bool) -> Call:
    """Return a call that looked at ANNA and BEA."""
    call = call_of()
    call.right = replace(EVERYTHING, shows_protected=shown)
    for result in results:
        call.look(ANNA, "name", result)
        call.look(BEA, "name", result)
    return call


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (False, ["protected", "found", "candidate protected", "candidate"]),
        (True, ["found protected", "found", "candidate protected", "candidate"]),
    ],
)
def test_the_result_says_it(shown: bool, expected: list[str]) -> None:
    """Of the protected person only; withheld and shown are told apart."""
    call = call_with("found", "candidate", shown=shown)
    flagging(Marks(), io.StringIO(), Metrics())([call])

    assert expected == [look.result for look in call.looks]


def test_a_look_is_flagged_once(  # what is written again after a fault is flagged again
) -> None:
    """Event and counter say how many persons, by which method, and nobody's number."""
    log, metrics = io.StringIO(), Metrics()
    flag, call = flagging(Marks(), log, metrics), call_with("found", "found", shown=False)
    flag([call])
    flag([call])
    (line,) = [json.loads(line) for line in log.getvalue().splitlines()]

    assert ("protected_person_looked_at", "pensions", 2, False) == (
        line["event"],
        line["participant"],
        line["persons"],
        line["shown"],
    )
    assert str(ANNA) not in log.getvalue()
    labels = {"method": call.method, "shown": "false"}
    assert 2.0 == metrics.registry.get_sample_value("kruispunt_protected_looks_total", labels)


def test_what_a_method_knows_is_not_asked() -> None:
    """A read knows whom it read: that costs no statement."""
    marks, call = Marks(), call_of()
    call.look(BEA, "name", "found", protected=True)
    call.look(ANNA, "name", "found", protected=False)
    flagging(marks, io.StringIO(), Metrics())([call])

    assert [] == marks.asked
    assert ["protected", "found"] == [look.result for look in call.looks]
