"""ExportPersons: a selection of persons as a stream."""

import datetime as dt
import functools
import time
from collections.abc import Iterator

from kruispunt.identity.v1 import identity_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.exporting import OURS, Selection
from kruispunt_identity.domain.found import Found
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.rights import View
from kruispunt_identity.messages.persons import person_message
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.store.exporting import ExportReader
from kruispunt_identity.store.reading import PersonReader
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.standbys.read_place import answered
from kruispunt_server.standbys.reads import Reads
from kruispunt_server.wire import parse_code, parse_instant, parse_optional_day, parse_ssin

_CHUNK = 500
_SILENCE_S = 5.0
_FIRST_YEAR, _LAST_YEAR = 1800, 2999
_REGISTERS = {0: OURS, **{int(register): frozenset({register}) for register in OURS}}


class ExportingServicer:
    """One method: read stretch by stretch. What it does stands in the contract.

    Each message is read at its own moment: what changes meanwhile is in it or not, and a later export finds it by
    `changed_since`.
    """

    def __init__(
        self,
        numbers: ExportReader,
        reader: PersonReader,
        guard: Guard,
        clock: Clock,
        reads: Reads | None = None,
    ) -> None:
        self._reads = reads
        self._numbers = numbers
        self._guard = guard
        self._reader = reader
        self._clock = clock

    def ExportPersons(
        self, request: pb.ExportPersonsRequest, call: Call
    ) -> Iterator[pb.ExportPersonsResponse]:
        """Stream the persons of a selection, by number; up to 500 cost the statements of one read."""
        selection = _parse_selection(request, call)
        day = parse_optional_day(request, "valid_at") or self._clock.today()
        after: int | None = parse_ssin(request.after_ssin, "after_ssin") if request.after_ssin else 0
        if self._reads is not None and call.wish is not None:
            # Or the next export, of what changed since this one began, might miss what a standby did not show yet.
            call.wish = self._reads.from_now_on()
        silent_until = time.monotonic() + _SILENCE_S
        while after is not None:
            view = View.of(call.right)  # rights may be narrowed while it streams
            stretch = functools.partial(self._stretch, call, selection, after, day)
            found, after = answered(self._reads, call, stretch)
            response = pb.ExportPersonsResponse()
            for number, one in found.items():
                person = one.person
                # Not one that was replaced since: it is found under the other number.
                if person is None or person.ssin != number or not selection.holds(person):
                    continue
                if view.hides(protected=person.protected):
                    continue
                response.persons.append(person_message(person, day, view))
                call.look(int(number), view.label, "exported", protected=person.protected)
            if response.persons or time.monotonic() > silent_until:  # or nobody would know that it goes on
                yield response
                silent_until = time.monotonic() + _SILENCE_S
            if time.monotonic() > call.deadline:
                raise RegistryError(Reason.DEADLINE_OVER, "the deadline passed; go on after the last number")

    def _stretch(
        self, call: Call, selection: Selection, after: int, day: dt.date
    ) -> tuple[dict[Ssin, Found], int | None]:
        """Read the next persons that the call may read, by number, and after which number to go on; none: at the end."""
        numbers, next_after = self._numbers.stretch(selection, after, _CHUNK)
        readable = self._guard.readable(call, numbers)
        if readable is not None:
            numbers = [number for number in numbers if number in readable]
        found = self._reader.persons(numbers, valid_at=day) if numbers else {}
        return {number: found[number] for number in numbers}, next_after


def _parse_selection(request: pb.ExportPersonsRequest, call: Call) -> Selection:
    """Read what is wanted.

    Raises:
        RegistryError: NATIONAL, a year outside 1800 to 2999, or years the wrong way round, INVALID_ARGUMENT /
            FIELD_INVALID; no such register, INVALID_ARGUMENT / CODE_UNKNOWN; an instant to come, INVALID_ARGUMENT /
            TIME_IN_FUTURE.
    """
    registers = _REGISTERS.get(request.register)
    if registers is None:
        if request.register == int(Register.NATIONAL):
            raise RegistryError(
                Reason.FIELD_INVALID, "the national register exports itself", field="register"
            )
        raise RegistryError(Reason.CODE_UNKNOWN, "there is no such register", field="register")
    since = None
    if request.HasField("changed_since"):
        since = parse_instant(request.changed_since, "changed_since", not_after=call.now)
    born_from, born_until = (
        parse_code(year, field, _FIRST_YEAR, _LAST_YEAR) if year else 0
        for year, field in ((request.born_from, "born_from"), (request.born_until, "born_until"))
    )
    if born_until and born_from > born_until:
        raise RegistryError(Reason.FIELD_INVALID, "nobody is born after the last year", field="born_until")
    return Selection(registers, since, born_from, born_until)
