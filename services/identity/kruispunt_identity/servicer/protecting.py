"""SetProtection: registrars mark persons as protected, and lift the marks."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt_identity.domain.person import Person
from kruispunt_identity.domain.protection import (
    LIFTED,
    REFERENCE,
    SET,
    Decision,
    Protection,
    described,
    is_protected,
    person_protected,
)
from kruispunt_identity.domain.texts import clean_text
from kruispunt_identity.messages.numbering import parse_effective_on
from kruispunt_identity.messages.persons import protection_message, resolved_message
from kruispunt_identity.servicer.telling import Telling
from kruispunt_identity.store.persons import PersonStore
from kruispunt_identity.store.told import told_of_days
from kruispunt_server.call import Call
from kruispunt_server.change import Change
from kruispunt_server.clock import brussels_day
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import parse_ssin, parse_write_key

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_identity.store.protections import Protections

_GROUP: Final = "protection"


class ProtectingServicer:
    """One method: parse, mark or lift in one transaction, build. What it does stands in the contract."""

    def __init__(self, persons: PersonStore, protections: "Protections", telling: Telling) -> None:
        self._persons = persons
        self._protections = protections
        self._telling = telling

    def SetProtection(self, request: pb.SetProtectionRequest, call: Call) -> pb.SetProtectionResponse:
        """Protect a person, or lift the protection."""
        asked = parse_ssin(request.ssin, "ssin")
        key = parse_write_key(request)
        protects = _parse_state(request.state)
        decision = Decision(
            parse_effective_on(request, brussels_day(call.now)),
            clean_text(request.reference, "reference", REFERENCE),
            call.participant.participant_id,
        )
        if not protects and not call.right.shows_protected:
            # Or whoever may not see protected persons would lift, look, and mark again.
            call.look(int(asked), _GROUP, Reason.PERSON_PROTECTED.label)
            raise person_protected("state")

        def work(transaction: Any, person: Person) -> pb.SetProtectionResponse:
            person.check_etag(request.etag)
            marks = self._protections.of(transaction, person.lineage.numbers)
            standing = [mark for mark in marks if mark.stands]
            if protects:
                new = _missing(standing, Protection.new(asked, decision, person.now))
                self._protections.add(transaction, new)
                before, after = [], new
            else:
                before, after = standing, [mark.lifted(decision, person.now) for mark in standing]
                self._protections.lift(transaction, after)
            version = person.root.version
            if after:
                change = _change(person, call, protects=protects, before=before, after=after)
                version = self._persons.touch(transaction, call, person, key.request_id, change)
            known = {mark.protection_id: mark for mark in (*marks, *after)}.values()
            resolved = replace(person.resolved(asked), protected=is_protected(known))
            return pb.SetProtectionResponse(
                unchanged=not after,
                protections=map(protection_message, known) if call.right.shows_protected else (),
                etag=str(version) if version else "",
                resolution=resolved_message(resolved, call.right),
            )

        return self._telling.run(call, key, asked, _GROUP, pb.SetProtectionResponse, work)


def _parse_state(state: int) -> bool:
    """Return whether a person is to be protected.

    Raises:
        RegistryError: not said, INVALID_ARGUMENT / FIELD_REQUIRED; no such state, INVALID_ARGUMENT / CODE_UNKNOWN.
    """
    if state not in (pb.PROTECTION_STATE_PROTECTED, pb.PROTECTION_STATE_LIFTED):
        raise RegistryError(
            Reason.CODE_UNKNOWN if state else Reason.FIELD_REQUIRED,
            "there is no such state" if state else "a state is required",
            field="state",
        )
    return state == pb.PROTECTION_STATE_PROTECTED


def _missing(standing: Sequence[Protection], new: Protection) -> list[Protection]:
    """Return the new mark, unless one stands under its number; one under another number goes with that in a split."""
    return [] if any(mark.registered_under == new.registered_under for mark in standing) else [new]


def _change(
    person: Person, call: Call, *, protects: bool, before: Sequence[Protection], after: Sequence[Protection]
) -> Change:
    """Return what the journal is told: from when, and where the decision is filed."""
    day = after[0].set_by.day if protects else after[0].lifted_by.day  # type: ignore[union-attr]
    told = told_of_days([day], [None], call.participant.institution)
    return Change(
        int(person.ssin),
        SET if protects else LIFTED,
        {"marks": list(map(described, before))} if before else None,
        {"marks": list(map(described, after))},
        told=told,
    )
