"""ExportDossiers: the dossiers of an institution as a stream."""

import time
from collections.abc import Iterator
from typing import Final

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_directory.messages.dossiers import write_dossiers
from kruispunt_directory.store.exporting import ExportReader, Selection
from kruispunt_server.call import Call
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import parse_code, parse_instant, parse_optional_day, parse_ssin

_DATA_GROUP: Final = "dossier"
_SILENCE_S: Final = 5.0


class ExportingServicer:
    """One method: read stretch by stretch. What it does stands in the contract."""

    def __init__(self, reader: ExportReader) -> None:
        self._reader = reader

    def ExportDossiers(
        self, request: pb.ExportDossiersRequest, call: Call
    ) -> Iterator[pb.ExportDossiersResponse]:
        """Stream the dossiers of the caller's institution, by person; up to 500 persons cost two statements."""
        institution = call.participant.own_institution()
        selection = _parse_selection(request, call)
        after: int | None = parse_ssin(request.after_ssin, "after_ssin") if request.after_ssin else 0
        silent_until = time.monotonic() + _SILENCE_S
        while after is not None:
            rows, after = self._reader.stretch(institution, selection, after)
            for person in dict.fromkeys(row.person for row in rows):
                call.look(person, _DATA_GROUP, "exported")
            if rows or time.monotonic() > silent_until:  # or nobody would know that it goes on
                response = pb.ExportDossiersResponse()
                write_dossiers(response.dossiers, rows)
                yield response
                silent_until = time.monotonic() + _SILENCE_S
            if time.monotonic() > call.deadline:
                raise RegistryError(Reason.DEADLINE_OVER, "the deadline passed; go on after the last number")


def _parse_selection(request: pb.ExportDossiersRequest, call: Call) -> Selection:
    """Read what is wanted.

    Raises:
        RegistryError: a date, a capacity or an instant that is none, INVALID_ARGUMENT.
    """
    since = None
    if request.HasField("changed_since"):
        since = parse_instant(request.changed_since, "changed_since", not_after=call.now)
    return Selection(
        parse_optional_day(request, "valid_at"),
        parse_code(request.capacity, "capacity", 0, 999) if request.HasField("capacity") else None,
        since,
    )
