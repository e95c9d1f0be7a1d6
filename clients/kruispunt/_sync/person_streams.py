# Written by `make generate` from kruispunt/_async; edit it there.
"""The part of `IdentityClient` that takes very many persons in, and gives them out."""

import datetime as dt
import uuid
from collections.abc import Generator

from kruispunt._messages import optional_date, optional_instant
from kruispunt._person_messages import person_of
from kruispunt._registering_messages import import_fits, import_message, row_result_of
from kruispunt._sync.client import Caller
from kruispunt._sync.conversation import Conversation, Patience
from kruispunt._sync.driver import Requests, Source, Stream
from kruispunt._sync.streaming import batches, parts, resumed
from kruispunt.identity.v1 import identity_service_pb2 as reading
from kruispunt.identity.v1 import identity_service_pb2_grpc as identity_rpc
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.identity.v1 import registration_service_pb2_grpc as registration_rpc
from kruispunt.persons import Person, Register
from kruispunt.registering import ImportRow, RowResult
from kruispunt.ssin import Ssin

_STRETCH_S = 300.0  # one stream; a longer import or export goes over several
_WAIT_S = 60.0  # for one answer: a message is one transaction, with a search per row if that was asked for
MOST_ROWS = 500


class PersonStreamMethods(Caller):
    """Both streams are carried on when a server goes; nothing is done or told twice."""

    def import_persons(
        self,
        rows: Source[ImportRow],
        *,
        import_id: uuid.UUID | None = None,
        first_row: int = 1,
        search_duplicates: bool = False,
        validate_only: bool = False,
        chunk: int = MOST_ROWS,
        timeout_s: float | None = None,
    ) -> Generator[RowResult, None, None]:
        """Take many persons over from another system; for registrars.

        Args:
            rows: read as they are sent, a few chunks ahead of the answers, by whoever reads these. Those that bring
                their own number keep it; the others get a bis number.
            import_id: names the import; a row that was imported under it before is not imported again, but answered
                REPEATED, so that an import that broke is begun anew. Left out: the client makes one.
            first_row: number of the first row; larger to begin where an earlier attempt came to.
            search_duplicates: search for rows without a number as a registration does; some hundred rows a second.
            validate_only: a dry run: everything is checked and answered as if done, and nothing is written.
            chunk: rows a message, 1 to 500; each message is one transaction.
            timeout_s: for each answered message; left out: a minute.

        Returns:
            One result for each row, in order; a row that is refused says why, and the import goes on.

        Raises:
            ValueError: `chunk` or `first_row` lies outside its range.
            RoleMissing: the caller is no registrar.
            KruispuntError: refused as a whole, or no server answered in several attempts.
        """
        if not 1 <= chunk <= MOST_ROWS:
            raise ValueError("a chunk has 1 to 500 rows")
        if first_row < 1:
            raise ValueError("rows are numbered from 1 on")
        header = pb.ImportPersonsRequest(
            import_id=str(import_id or uuid.uuid4()),
            validate_only=validate_only,
            search_duplicates=search_duplicates,
        )

        def requests() -> Generator[pb.ImportPersonsRequest, None, None]:
            row_no = first_row
            for batch in batches(rows, chunk):
                yield import_message(header, row_no, batch)
                row_no += len(batch)

        def open_stream(
            requests: Requests[pb.ImportPersonsRequest],
        ) -> Stream[pb.ImportPersonsResponse]:
            stub = self._connection.stub(registration_rpc.RegistrationServiceStub)
            return stub.ImportPersons(requests, timeout=_STRETCH_S, metadata=self._metadata)

        patience = Patience(self._connection.line, _WAIT_S if timeout_s is None else timeout_s)
        answers = Conversation(open_stream, patience, requests(), import_fits).answers()
        return parts(answers, lambda answer: map(row_result_of, answer.results))

    def export_persons(
        self,
        register: Register = Register.UNSPECIFIED,
        *,
        changed_since: dt.datetime | None = None,
        born_from: int = 0,
        born_until: int = 0,
        valid_at: dt.date | None = None,
        after: Ssin | str = "",
        timeout_s: float | None = None,
    ) -> Generator[Person, None, None]:
        """Give the persons of a selection out, by number; for registrars and internal services.

        Args:
            register: BIS or RAD; left out: both. NATIONAL persons are not exported.
            changed_since: only those of whom something was recorded then or later; zone-aware.
            born_from: only those born in this year or later.
            born_until: only those born in this year or earlier.
            valid_at: day on which the facts shown are true; left out: today.
            after: go on after this number.
            timeout_s: for each message; left out: a minute.

        Raises:
            RoleMissing: the caller may not export.
            KruispuntError: refused, or no server answered in several attempts.
        """
        request = reading.ExportPersonsRequest(
            register=register.value,  # type: ignore[arg-type]  # same numbers, held by a test
            changed_since=optional_instant(changed_since),
            born_from=born_from,
            born_until=born_until,
            valid_at=optional_date(valid_at),
            after_ssin=str(after),
        )

        def open_stream() -> Stream[reading.ExportPersonsResponse]:
            stub = self._connection.stub(identity_rpc.IdentityServiceStub)
            return stub.ExportPersons(request, timeout=_STRETCH_S, metadata=self._metadata)

        def told(message: reading.ExportPersonsResponse) -> None:
            if message.persons:
                request.after_ssin = message.persons[-1].ssin

        patience = Patience(self._connection.line, _WAIT_S if timeout_s is None else timeout_s)
        messages = resumed(open_stream, patience, told)
        return parts(messages, lambda message: map(person_of, message.persons))
