"""Reads of IdentityService: one person, many, a history, the bearer of a foreign identifier."""

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kruispunt.identity.v1 import identity_service_pb2 as pb
from kruispunt.ssin import Ssin, SsinError
from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.found import Found, FoundPerson
from kruispunt_identity.domain.history import Version, VersionPage, VersionPlace
from kruispunt_identity.domain.number import NumberEvent, Outcome, Resolved
from kruispunt_identity.domain.protection import Protection, hidden, person_protected
from kruispunt_identity.domain.rights import NUMBER, View
from kruispunt_identity.messages import persons as messages
from kruispunt_identity.messages.values import parse_identifier_key
from kruispunt_identity.servicer.candidates import REFERRAL
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.store.reading import PersonReader
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.standbys.read_place import from_primary
from kruispunt_server.tokens import PageTokens
from kruispunt_server.wire import parse_instant, parse_optional_day, parse_page_size, parse_ssin

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_identity.servicer.referrals import Referrals

_BATCH_LIMIT = 1000
_NOBODY = Ssin.parse("00000100166")  # well formed, of an unknown date, and given to nobody
_MALFORMED = Resolved(None, Outcome.MALFORMED)


class ReadingServicer:
    """One method per rpc: parse, read, build. What each does stands in the contract."""

    def __init__(
        self, reader: PersonReader, guard: Guard, referrals: "Referrals", tokens: PageTokens, clock: Clock
    ) -> None:
        self._reader = reader
        self._referrals = referrals
        self._guard = guard
        self._tokens = tokens
        self._clock = clock

    def GetPerson(self, request: pb.GetPersonRequest, call: Call) -> pb.GetPersonResponse:
        """Return one person."""
        asked = self._referred(request, call) if request.referral else parse_ssin(request.ssin, "ssin")
        view = _view_of(request, call)
        day, known_at = self._times_of(request, call)
        self._guard.check_read(call, asked, view.label)
        found = self._persons([asked], call, view, day, known_at)[asked]
        if found.person is None:
            raise _unknown(call, asked, view)
        _look_at(call, found.person, view)
        return pb.GetPersonResponse(
            person=messages.person_message(found.person, day, view),
            resolution=messages.resolved_message(found.resolved, call.right),
        )

    def BatchGetPersons(self, request: pb.BatchGetPersonsRequest, call: Call) -> pb.BatchGetPersonsResponse:
        """Return up to a thousand persons, each with its own outcome."""
        _check_count(request.ssins)
        view = _view_of(request, call)
        day, known_at = self._times_of(request, call)
        numbers = [_read_number(text) for text in request.ssins]
        wanted = list(dict.fromkeys(number for number in numbers if number is not None))
        readable = self._guard.readable(call, wanted)
        if readable is not None:
            wanted = [number for number in wanted if number in readable]
        found = self._persons(wanted, call, view, day, known_at) if wanted else {}
        results = []
        for text, number in zip(request.ssins, numbers, strict=True):
            if number is None:
                results.append(
                    pb.PersonResult(resolution=messages.resolved_message(_MALFORMED, call.right, text))
                )
                continue
            one = found.get(number)
            if one is None:
                call.look(int(number), view.label, Reason.NO_DOSSIER.label)
                withheld = Resolved(number, Outcome.NO_DOSSIER)
                results.append(pb.PersonResult(resolution=messages.resolved_message(withheld, call.right)))
                continue
            person = one.person
            if person is None:
                call.look(int(number), view.label, "none", protected=False)
            else:
                _look_at(call, person, view)
            results.append(
                pb.PersonResult(
                    resolution=messages.resolved_message(one.resolved, call.right),
                    person=None if person is None else messages.person_message(person, day, view),
                )
            )
        return pb.BatchGetPersonsResponse(results=results)

    def ListPersonVersions(
        self, request: pb.ListPersonVersionsRequest, call: Call
    ) -> pb.ListPersonVersionsResponse:
        """List everything ever recorded of one person."""
        asked = parse_ssin(request.ssin, "ssin")
        size = parse_page_size(request.page_size, "page_size")
        view = _view_of(request, call)
        known_at = _known_at_of(request, call)
        query = f"ListPersonVersions|{asked}|{sorted(request.data_groups)}|{known_at}".encode()
        place = None
        if request.page_token:
            place = VersionPlace.read(self._tokens.read(query, request.page_token))
        self._guard.check_read(call, asked, view.label)
        try:
            resolved, page = self._reader.versions(
                asked,
                view,
                known_at=place.instant if place else known_at,
                after=place.key if place else None,
                limit=size,
            )
        except RegistryError as refusal:
            call.look(int(asked), view.label, refusal.reason.label)
            raise
        if resolved.current is None:
            raise _unknown(call, asked, view)
        label = view.label_of(protected=resolved.protected)
        call.look(int(resolved.current), label, "found", protected=resolved.protected)
        if hidden(call.right, protected=resolved.protected):
            return pb.ListPersonVersionsResponse(
                resolution=messages.resolved_message(resolved, call.right), protected=True
            )
        for number in sorted(page.others):
            call.look(int(number), NUMBER, "found")
        token = ""
        if page.more:
            from_primary()  # the pages are those of one instant
            instant = place.instant if place else known_at or _latest_of(page, call.now)
            token = self._tokens.make(query, VersionPlace(instant, page.versions[-1].key).written())
        return pb.ListPersonVersionsResponse(
            versions=[_version_message(version) for version in page.versions],
            next_page_token=token,
            resolution=messages.resolved_message(resolved, call.right),
            withheld=[int(group) for group in view.withheld],  # type: ignore[misc]
            protected=resolved.protected,
        )

    def FindPersonsByForeignIdentifier(
        self, request: pb.FindPersonsByForeignIdentifierRequest, call: Call
    ) -> pb.FindPersonsByForeignIdentifierResponse:
        """Return whom a foreign identifier is linked to."""
        key = parse_identifier_key(request.key, "key")
        view = View.of(call.right)
        day, known_at = self._times_of(request, call)
        persons = self._reader.linked(key, valid_at=day, known_at=known_at)
        # The directory is asked in any case, or the time would tell whether anybody bears the identifier.
        readable = self._guard.readable(call, [person.ssin for person in persons] or [_NOBODY])
        if readable is not None:
            persons = [person for person in persons if person.ssin in readable]
        response = pb.FindPersonsByForeignIdentifierResponse()
        for person in persons:
            if view.hides(protected=person.protected):
                call.look(int(person.ssin), REFERRAL, "found", protected=True)
                response.referrals.add(referral=self._referrals.make(person.ssin))
            else:
                _look_at(call, person, view)
                response.persons.append(messages.person_message(person, day, view))
        return response

    def _referred(self, request: pb.GetPersonRequest, call: Call) -> Ssin:
        """Return whom a referral names; what else may be wrong with it is told to nobody who may not open it."""
        if not call.right.shows_protected:
            raise person_protected("referral")
        if request.ssin:
            raise RegistryError(Reason.FIELD_INVALID, "a number or a referral, not both", field="referral")
        return self._referrals.read(request.referral, "referral")

    def _times_of(self, request: Any, call: Call) -> tuple[dt.date, dt.datetime | None]:
        day = parse_optional_day(request, "valid_at") or self._clock.today()
        return day, _known_at_of(request, call)

    def _persons(
        self, asked: Sequence[Ssin], call: Call, view: View, day: dt.date, known_at: dt.datetime | None
    ) -> dict[Ssin, Found]:
        """Read; a refusal is noted for everybody who was asked for."""
        try:
            return self._reader.persons(asked, valid_at=day, known_at=known_at)
        except RegistryError as refusal:
            for number in asked:
                call.look(int(number), view.label, refusal.reason.label)
            raise


def _view_of(request: Any, call: Call) -> View:
    return View.of(call.right, messages.parse_data_groups(request.data_groups, "data_groups"))


def _known_at_of(request: Any, call: Call) -> dt.datetime | None:
    if not request.HasField("known_at"):
        return None
    return parse_instant(request.known_at, "known_at", not_after=call.now)


def _look_at(call: Call, person: FoundPerson, view: View) -> None:
    label = view.label_of(protected=person.protected)
    call.look(int(person.ssin), label, "found", protected=person.protected)


def _latest_of(page: VersionPage, now: dt.datetime) -> dt.datetime:
    """Return `now`, or when the latest version was recorded if a clock that was set back makes that later."""
    return now if page.latest is None else max(now, page.latest)


def _version_message(version: Version) -> pb.PersonVersion:
    entry = version.entry
    if isinstance(entry, Fact):
        return pb.PersonVersion(fact=messages.fact_message(entry, version.visible))
    if isinstance(entry, NumberEvent):
        return pb.PersonVersion(number_event=messages.event_message(entry))
    if isinstance(entry, Protection):
        return pb.PersonVersion(protection=messages.protection_message(entry))
    return pb.PersonVersion(foreign_identifier=messages.identifier_message(entry))


def _check_count(ssins: Sequence[str]) -> None:
    if not ssins:
        raise RegistryError(Reason.FIELD_REQUIRED, "at least one number is required", field="ssins")
    if len(ssins) > _BATCH_LIMIT:
        raise RegistryError(
            Reason.TOO_MANY_ELEMENTS,
            "too many numbers in one request",
            field="ssins",
            metadata={"limit": str(_BATCH_LIMIT)},
        )


def _read_number(text: str) -> Ssin | None:
    try:
        return Ssin.parse(text)
    except SsinError:
        return None


def _unknown(call: Call, asked: Ssin, view: View) -> RegistryError:
    """Note that somebody was asked for whom no register knows, and return the refusal."""
    call.look(int(asked), view.label, Reason.PERSON_UNKNOWN.label)
    return RegistryError(Reason.PERSON_UNKNOWN, "no register knows the number", field="ssin")
