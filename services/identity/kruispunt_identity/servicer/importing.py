"""ImportPersons: many persons taken over from another system."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.importing import ImportRow, RowOutcome, RowResult, refused
from kruispunt_identity.domain.national import NationalRegister
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.rights import FOREIGN_IDENTIFIER, check_told
from kruispunt_identity.messages.importing import parse_row, write_result
from kruispunt_identity.store.importing import Import, ImportStore
from kruispunt_server.call import Call, Right
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError, group_not_granted
from kruispunt_server.importing import ImportStream, continued

_ROWS = 500
_LABELS = {RowOutcome.IMPORTED: "written", RowOutcome.REPEATED: "found"}


class ImportingServicer:
    """One method: parse, check, take over, answer. What it does stands in the contract."""

    def __init__(self, store: ImportStore, national: NationalRegister, clock: Clock) -> None:
        self._store = store
        self._national = national
        self._clock = clock

    def ImportPersons(
        self, requests: Iterator[pb.ImportPersonsRequest], call: Call
    ) -> Iterator[pb.ImportPersonsResponse]:
        """Take rows over, a transaction per request; the order of the rows is that of the requests."""
        source = call.participant.own_institution()
        stream: ImportStream | None = None
        rehearsed: set[Ssin] = set()  # numbers of a dry run so far, of which the database knows nothing
        for request in requests:
            stream = continued(stream, request, _ROWS, call.participant.participant_id)
            first = stream.advance(len(request.rows))
            response = pb.ImportPersonsResponse()
            if request.rows:
                job = Import(
                    stream.import_id, stream.kept_as, source, stream.validate_only, request.search_duplicates
                )
                for result in self._take_over(job, first, request.rows, rehearsed, call):
                    write_result(response.results.add(), result)
            yield response

    def _take_over(
        self, job: Import, first: int, messages: Sequence[pb.ImportRow], rehearsed: set[Ssin], call: Call
    ) -> list[RowResult]:
        known = self._store.recorded(job.kept_as, first, first + len(messages) - 1)
        today = self._clock.today()
        rows = [
            known.get(number) or _granted(parse_row(message, number, today), call.right)
            for number, message in enumerate(messages, first)
        ]
        rows = self._without_national(rows)
        if job.validate_only:
            rows = _without_rehearsed(rows, rehearsed)
        # A stream may last an hour: what it writes is known from now on, not from when it began.
        moment = replace(call, now=self._clock.now())
        results = self._store.take_over(moment, job, first, rows)
        if job.validate_only:
            own = {row.row for row in rows if isinstance(row, ImportRow) and row.ssin is not None}
            results = [result if result.row in own else _rehearsed(result) for result in results]
        _look(call, results, validate_only=job.validate_only)
        return self._without_protected(results, call.right)

    def _without_protected(self, results: list[RowResult], right: Right) -> list[RowResult]:
        """Leave out the numbers of protected candidates whom the call may not see; that there are candidates stays."""
        found = {candidate for result in results for candidate in result.candidates}
        if right.shows_protected or not found:
            return results
        withheld = self._store.protected(found)
        return [
            replace(result, candidates=tuple(each for each in result.candidates if each not in withheld))
            for result in results
        ]

    def _without_national(self, rows: list[ImportRow | RowResult]) -> list[ImportRow | RowResult]:
        """Refuse persons whom the national register keeps: MoveToRegister takes those over."""
        asked = [row.ssin for row in rows if isinstance(row, ImportRow) and row.register is Register.RAD]
        kept = self._national.find_many([ssin for ssin in asked if ssin is not None]) if asked else {}
        return [
            _taken(row.row) if kept and isinstance(row, ImportRow) and row.ssin in kept else row
            for row in rows
        ]


def _without_rehearsed(
    rows: list[ImportRow | RowResult], rehearsed: set[Ssin]
) -> list[ImportRow | RowResult]:
    """Refuse numbers that stood in an earlier request of the same dry run."""
    left = [_taken(row.row) if isinstance(row, ImportRow) and row.ssin in rehearsed else row for row in rows]
    rehearsed.update(row.ssin for row in left if isinstance(row, ImportRow) and row.ssin is not None)
    return left


def _granted(row: ImportRow | RowResult, right: Right) -> ImportRow | RowResult:
    """Refuse a row that tells a data group which the grant does not cover."""
    if isinstance(row, RowResult):
        return row
    try:
        check_told(right, ((each.group, f"facts[{at}].value") for at, each in enumerate(row.statements)))
        if row.links and FOREIGN_IDENTIFIER not in right.data_groups:
            raise group_not_granted(FOREIGN_IDENTIFIER, "foreign_identifiers")
    except RegistryError as refusal:
        return refused(row.row, refusal)
    return row


def _look(call: Call, results: Sequence[RowResult], *, validate_only: bool) -> None:
    """Note whose numbers the answer tells."""
    for result in results:
        label = "validated" if validate_only else _LABELS.get(result.outcome, "refused")
        if result.ssin is not None:
            call.look(int(result.ssin), "number", label)
        for candidate in result.candidates:
            call.look(int(candidate), "number", "candidate")


def _taken(row: int) -> RowResult:
    return refused(row, RegistryError(Reason.NUMBER_TAKEN, "the number is in use", field="ssin"))


def _rehearsed(result: RowResult) -> RowResult:
    """Return the outcome of a row without number as a dry run tells it: no number was given out."""
    return replace(result, ssin=None) if result.outcome is RowOutcome.IMPORTED else result
