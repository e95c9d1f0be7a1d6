"""ImportDossiers: what an institution holds, by the thousand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_directory.domain.claim import PersonRegister, RegisteredPerson
from kruispunt_directory.domain.importing import ImportRow, RowOutcome, RowResult
from kruispunt_directory.domain.registering import RegistrationRules
from kruispunt_directory.messages.importing import parse_row, write_result
from kruispunt_directory.servicer.knowledge_source import KnowledgeSource
from kruispunt_directory.store.importing import ImportStore
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.importing import ImportJob, ImportStream, continued

_DATA_GROUP: Final = "dossier"
_ROWS: Final = 1000


class ImportingServicer:
    """One method: parse, ask the registers, register, answer. What it does stands in the contract.

    Args:
        store: registers rows.
        knowledge: the code tables.
        register: the identity registers; none while the directory runs alone.
        clock: says when rows are recorded.
    """

    def __init__(
        self, store: ImportStore, knowledge: KnowledgeSource, register: PersonRegister | None, clock: Clock
    ) -> None:
        self._store = store
        self._knowledge = knowledge
        self._register = register
        self._clock = clock

    def ImportDossiers(
        self, requests: Iterator[pb.ImportDossiersRequest], call: Call
    ) -> Iterator[pb.ImportDossiersResponse]:
        """Register rows, a transaction per request; the order of the rows is that of the requests."""
        stream: ImportStream | None = None
        for request in requests:
            stream = continued(stream, request, _ROWS, call.participant.participant_id)
            first = stream.advance(len(request.rows))
            response = pb.ImportDossiersResponse()
            if request.rows:
                for result in self._take_over(stream, first, request.rows, call):
                    write_result(response.results.add(), result)
            yield response

    def _take_over(
        self, job: ImportJob, first: int, messages: Sequence[pb.DossierRow], call: Call
    ) -> list[RowResult]:
        own = call.participant.own_institution()
        recorded = self._store.recorded(job.kept_as, first, first + len(messages) - 1)
        rows = [
            recorded.get(number) or parse_row(message, number, own)
            for number, message in enumerate(messages, first)
        ]
        # Neither of the two inside: a transaction waits for no network and no second connection.
        known = self._known(call, [row for row in rows if isinstance(row, ImportRow)])
        rules = RegistrationRules(self._knowledge.current(), own, self._register is not None)
        # A stream may last an hour: what it writes is known from now on, not from when it began.
        moment = replace(call, now=self._clock.now())
        results = self._store.take_over(moment, job, first, rows, rules, known)
        _look(call, results, validate_only=job.validate_only)
        return results

    def _known(self, call: Call, rows: Sequence[ImportRow]) -> Mapping[Ssin, RegisteredPerson]:
        """Ask the registers once for all rows, and for what is claimed only where something is."""
        if self._register is None or not rows:
            return {}
        claimed = {row.said.asked for row in rows if row.said.claim is not None}
        return self._register.find_many(call, {row.said.asked for row in rows}, claimed)


def _look(call: Call, results: Sequence[RowResult], *, validate_only: bool) -> None:
    """Note on whom the answer says that the institution holds a dossier, or may not."""
    written = "validated" if validate_only else "written"
    for result in results:
        if result.person is None:
            continue
        label = "found" if result.repeated else written
        if result.outcome is RowOutcome.REFUSED and result.reason is not None:
            label = result.reason.label
        call.look(int(result.person), _DATA_GROUP, label)
