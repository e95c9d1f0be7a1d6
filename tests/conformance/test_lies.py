"""A registry that lies is found out: in each area something is broken on purpose, and a fact does not hold."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from tests.conformance.conftest import cast_of

from kruispunt.conformance import all_facts, run
from kruispunt.testing import Registry
from kruispunt_directory.domain.route import Route, Verdict
from kruispunt_directory.servicer import deciding
from kruispunt_server import raw, rich_errors
from kruispunt_server.access.book import RightsBook
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_stub.directory.notices import MemoryNotices
from kruispunt_stub.directory.reading import MemoryReader
from kruispunt_stub.identity.number_changes import MemoryNumberChanges
from kruispunt_stub.identity.protections import MemoryProtections
from kruispunt_stub.writes import MemoryWrites


@dataclass(frozen=True)
class Lie:
    """What is broken: an attribute of a class or module, what takes its place, and the fact that notices."""

    where: Any
    name: str
    instead: Callable[..., Any]
    noticed_by: str


def _forget_answers(self: Any, transaction: Any, call: Any, key: Any, work: Any) -> bytes:
    answer: bytes = work(transaction)
    return answer


def _without_past(self: Any, persons: Any, known_at: Any, valid_at: Any, narrowed: Any) -> Any:
    return _FOUND(self, persons, None, valid_at, narrowed)


def _always_allowed(question: Any, knowledge: Any, dossiers: Any) -> Route:
    return replace(_DECIDE(question, knowledge, dossiers), verdict=Verdict.ALLOWED)


def _nobody(self: Any, connection: Any, numbers: Any) -> frozenset[Any]:
    return frozenset()


def _nothing_led_back(self: Any, *_: Any) -> None:
    return None


def _told_twice(self: Any, institution: Any, after_no: int, limit: int) -> Any:
    return _AFTER(self, institution, max(after_no - 1, 0), limit)


def _everything(self: Any, participant: Any, method: str, legal_basis: str) -> Any:
    right = _RIGHT_OF(self, participant, method, "18/042" if legal_basis == "17/101" else legal_basis)
    return replace(right, requires_dossier=False)


def _without_field(error: RegistryError) -> bytes:
    return _DETAILS(RegistryError(error.reason, error.message))


_FOUND, _DECIDE, _AFTER = MemoryReader._found, deciding.decide, MemoryNotices.list_after
_RIGHT_OF, _DETAILS = RightsBook.right_of, rich_errors.details_of

LIES = (
    Lie(MemoryWrites, "_answer", _forget_answers, "dossiers.a_request_id_is_of_one_request"),
    Lie(MemoryReader, "_found", _without_past, "lists.the_past_is_told_as_it_was_known"),
    Lie(deciding, "decide", _always_allowed, "routes.a_route_needs_an_own_dossier"),
    Lie(MemoryProtections, "among", _nobody, "persons.a_protected_person_is_shown_as_a_mark"),
    Lie(MemoryNumberChanges, "split", _nothing_led_back, "numbers.a_split_gives_everything_back"),
    Lie(MemoryNotices, "list_after", _told_twice, "notices.what_was_acknowledged_is_not_told_again"),
    Lie(RightsBook, "right_of", _everything, "rights.a_grant_may_ask_for_a_dossier"),
    Lie(rich_errors, "details_of", _without_field, "wire.a_refusal_names_its_field"),
)


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.noticed_by)
def test_a_lie_is_found_out(lie: Lie, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fact holds, and does not hold any more once the registry lies; the lie ends no other fact."""
    (noticing,) = [each for each in all_facts() if each.name == lie.noticed_by]
    with Registry() as registry:
        cast = cast_of(registry)
        (before,) = run(cast, [noticing])
        monkeypatch.setattr("kruispunt.conformance.world._PATIENCE_S", 2.0)
        monkeypatch.setattr(lie.where, lie.name, lie.instead)
        (after,) = run(cast, [noticing])

    assert (True, "") == (before.held, before.why)
    assert not after.held
    assert after.why


def test_every_area_is_lied_to() -> None:
    """Each area has a lie that it finds out."""
    assert {each.area for each in all_facts()} == {lie.noticed_by.partition(".")[0] for lie in LIES}


def test_a_fault_of_the_registry_is_no_fact(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that fails is told as a fact that does not hold, with its reason."""

    def fail(*_: Any) -> Any:
        raise RegistryError(Reason.STORE_UNAVAILABLE, "the store cannot be used now")

    (fact,) = [each for each in all_facts() if each.name == "dossiers.nothing_to_remove_is_no_error"]
    with Registry() as registry:
        monkeypatch.setattr(raw, "parse", fail)
        monkeypatch.setattr("kruispunt_server.boundary.parse", fail)
        (outcome,) = run(cast_of(registry), [fact], timeout_s=2)

    assert not outcome.held
    assert "STORE_UNAVAILABLE" in outcome.why
