"""Which look-ups go together, in which order, and what becomes of them when a stream ends."""

import time
from typing import Any

import pytest
from tests.clients.registry_stand_in import answer_chunk

from kruispunt import KruispuntError, StoreUnavailable, Unavailable
from kruispunt._travelling import Lookup, Travelling
from kruispunt.directory.v1 import directory_service_pb2 as pb


class Sent:
    """Messages that went out, as the numbers in them."""

    def __init__(self) -> None:
        self.requests: list[pb.ResolveDossiersRequest] = []

    def __call__(self, request: pb.ResolveDossiersRequest) -> None:
        self.requests.append(request)

    @property
    def numbers(self) -> list[list[str]]:
        return [list(each.ssins) for each in self.requests]


def lookup(number: str, limit_s: float = 60.0) -> Lookup:
    slot: Any = None
    return Lookup(number, slot, time.monotonic() + limit_s)


def asked(travelling: Travelling, *numbers: str) -> list[Lookup]:
    made = [lookup(number) for number in numbers]
    for each in made:
        travelling.ask(each)
    return made


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def travelling(sent: Sent) -> Travelling:
    made = Travelling()
    made.opened(sent)
    return made


def test_two_messages_go_at_once_and_the_rest_together(travelling: Travelling, sent: Sent) -> None:
    """What comes while two are under way goes when the first is answered, in its order."""
    asked(travelling, "a", "b", "c", "d", "e")
    assert [["a"], ["b"]] == sent.numbers

    ((whose, message),) = travelling.answered(answer_chunk(sent.requests[0]))

    assert ("a", "a") == (whose.number, message.asked_ssin)
    assert [["a"], ["b"], ["c", "d", "e"]] == sent.numbers


def test_what_waited_for_a_stream_goes_a_thousand_at_a_time() -> None:
    """The registry takes no more in one message."""
    travelling, sent = Travelling(), Sent()
    asked(travelling, *map(str, range(2500)))
    travelling.opened(sent)
    travelling.answered(answer_chunk(sent.requests[0]))

    assert [1000, 1000, 500] == list(map(len, sent.numbers))


def test_the_first_to_ask_must_carry(travelling: Travelling) -> None:
    """Once, until there is nothing to carry any more."""
    assert [True, False] == [travelling.ask(lookup("a")), travelling.ask(lookup("b"))]
    travelling.give_up()

    assert travelling.rest()
    assert travelling.ask(lookup("c"))


def test_who_carries_may_not_rest_while_somebody_waits(travelling: Travelling) -> None:
    """Neither while something waits nor while it is under way; what nobody wants does not count."""
    (only,) = asked(travelling, "a")
    assert not travelling.rest()
    travelling.broken()
    assert not travelling.rest()
    only.wanted = False

    assert travelling.rest()


def test_a_broken_stream_leaves_the_order(travelling: Travelling, sent: Sent) -> None:
    """What it left unanswered goes first on the next, then what waited; what nobody wants is left out."""
    _, second, *_ = asked(travelling, "a", "b", "c", "d")
    second.wanted = False
    travelling.broken()
    again = Sent()
    travelling.opened(again)

    assert [["a", "c", "d"]] == again.numbers


def test_a_refused_stream_takes_only_what_was_on_it(travelling: Travelling, sent: Sent) -> None:
    """What waited may be luckier."""
    asked(travelling, "a", "b", "c")

    assert ["a", "b"] == [each.number for each in travelling.refused()]
    again = Sent()
    travelling.opened(again)
    assert [["c"]] == again.numbers


def test_nothing_goes_on_a_stream_that_is_held(travelling: Travelling, sent: Sent) -> None:
    """It goes on the next."""
    asked(travelling, "a")
    travelling.hold()
    asked(travelling, "b")
    travelling.answered(answer_chunk(sent.requests[0]))
    assert [["a"]] == sent.numbers
    again = Sent()
    travelling.opened(again)

    assert [["b"]] == again.numbers


def test_an_answer_to_something_else_is_no_answer(travelling: Travelling, sent: Sent) -> None:
    """Nobody gets another's dossiers; the look-ups stay under way for whoever ends the stream."""
    asked(travelling, "a", "b")
    with pytest.raises(KruispuntError, match="does not fit"):
        travelling.answered(answer_chunk(sent.requests[1]))

    assert ["a", "b"] == [each.number for each in travelling.refused()]


def test_waiting_lasts_as_long_as_somebody_waits(travelling: Travelling) -> None:
    """The most patient one decides; where nothing is under way, nobody waits."""
    assert travelling.patience_s() is None
    travelling.ask(lookup("a", 5))
    travelling.ask(lookup("b", 50))
    travelling.ask(lookup("c", 500))  # not under way yet

    patience_s = travelling.patience_s()
    assert patience_s is not None
    assert 45 < patience_s <= 50


def test_trouble_is_over_with_an_answer(travelling: Travelling, sent: Sent) -> None:
    """What is said at a deadline is what stands in the way then."""
    asked(travelling, "a")
    travelling.meet(Unavailable("away"))
    travelling.answered(answer_chunk(sent.requests[0]))

    assert travelling.trouble is None


def test_after_the_end_nothing_is_taken(travelling: Travelling) -> None:
    """What was asked before goes on."""
    asked(travelling, "a")
    travelling.close()
    with pytest.raises(ValueError, match="this resolver is closed"):
        travelling.ask(lookup("b"))

    assert travelling.patience_s() is not None


def test_a_reason_is_not_forgotten_for_a_silence(travelling: Travelling) -> None:
    """Who waits in vain hears what the registry said last, if it said anything."""
    said, silence = StoreUnavailable("the store is away"), Unavailable("away")
    for error, told in ((silence, silence), (said, said), (silence, said)):
        travelling.meet(error)
        assert travelling.trouble is told


def test_a_look_up_shows_no_number() -> None:
    """Nor does the text of what carries it."""
    assert "75060898009" not in repr(lookup("75060898009"))
