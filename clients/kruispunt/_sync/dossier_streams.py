# Written by `make generate` from kruispunt/_async; edit it there.
"""The part of `DirectoryClient` that registers very many dossiers, and gives the own ones out."""

import datetime as dt
import uuid
from collections.abc import Generator

from kruispunt._dossier_row_messages import import_fits, row_message, row_result_of
from kruispunt._messages import dossier_of, optional_date, optional_instant
from kruispunt._sync.client import Caller
from kruispunt._sync.conversation import Conversation, Patience
from kruispunt._sync.driver import Requests, Source, Stream, each_in
from kruispunt._sync.streaming import parts, resumed
from kruispunt.directory.v1 import directory_service_pb2 as reading
from kruispunt.directory.v1 import directory_service_pb2_grpc as directory_rpc
from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt.directory.v1 import dossier_service_pb2_grpc as dossier_rpc
from kruispunt.dossier_rows import DossierRow, DossierRowResult
from kruispunt.ssin import Ssin
from kruispunt.values import Dossier

_STRETCH_S = 300.0  # one stream; a longer import or export goes over several
_WAIT_S = 60.0  # for one answer: a message is one transaction
MOST_DOSSIER_ROWS = 1000


class DossierStreamMethods(Caller):
    """Both streams are carried on when a server goes; nothing is done or told twice."""

    def import_dossiers(
        self,
        rows: Source[DossierRow],
        *,
        import_id: uuid.UUID | None = None,
        first_row: int = 1,
        validate_only: bool = False,
        chunk: int = MOST_DOSSIER_ROWS,
        timeout_s: float | None = None,
    ) -> Generator[DossierRowResult, None, None]:
        """Register many dossiers of the institution, each by the rules of `register_dossier`, in their order.

        Args:
            rows: read as they are sent, a few chunks ahead of the answers, by whoever reads these. Rows on one person
                that follow each other travel in one message, as far as it holds them.
            import_id: names the import; a row that was sent under it before is not registered again, but answered as
                it was then, so that an import that broke is begun anew. Left out: the client makes one.
            first_row: number of the first row; larger to begin where an earlier attempt came to.
            validate_only: a dry run: everything is checked and answered as if done, and nothing is written. Rows see
                those before them in the same message only.
            chunk: rows a message at most, 1 to 1000; each message is one transaction.
            timeout_s: for each answered message; left out: a minute.

        Returns:
            One result for each row, in order; a row that is refused says why, and the import goes on.

        Raises:
            ValueError: `chunk` or `first_row` lies outside its range.
            RoleMissing: the caller is no supplier.
            KruispuntError: refused as a whole, or no server answered in several attempts.
        """
        if not 1 <= chunk <= MOST_DOSSIER_ROWS:
            raise ValueError("a chunk has 1 to 1000 rows")
        if first_row < 1:
            raise ValueError("rows are numbered from 1 on")
        name = str(import_id or uuid.uuid4())

        def requests() -> Generator[pb.ImportDossiersRequest, None, None]:
            row_no = first_row
            for batch in _by_person(rows, chunk):
                yield pb.ImportDossiersRequest(
                    import_id=name,
                    validate_only=validate_only,
                    first_row=row_no,
                    rows=map(row_message, batch),
                )
                row_no += len(batch)

        def open_stream(
            requests: Requests[pb.ImportDossiersRequest],
        ) -> Stream[pb.ImportDossiersResponse]:
            stub = self._connection.stub(dossier_rpc.DossierServiceStub)
            return stub.ImportDossiers(requests, timeout=_STRETCH_S, metadata=self._metadata)

        patience = Patience(self._connection.line, _WAIT_S if timeout_s is None else timeout_s)
        answers = Conversation(open_stream, patience, requests(), import_fits).answers()
        return parts(answers, lambda answer: map(row_result_of, answer.results))

    def export_dossiers(
        self,
        *,
        valid_at: dt.date | None = None,
        capacity: int | None = None,
        changed_since: dt.datetime | None = None,
        after: Ssin | str = "",
        timeout_s: float | None = None,
    ) -> Generator[Dossier, None, None]:
        """Give the institution's own dossiers out, by person, capacity, begin and phase.

        `DossierRow.of` makes a row of each, by which it is registered again.

        Args:
            valid_at: only those that are open on that day; left out: of every period.
            capacity: only this one, 0 to 999.
            changed_since: only those whose state was recorded then or later; zone-aware. What was removed is not told.
            after: go on after this person.
            timeout_s: for each message; left out: a minute.

        Raises:
            RoleMissing: the caller is no supplier.
            KruispuntError: refused, or no server answered in several attempts.
        """
        request = reading.ExportDossiersRequest(
            valid_at=optional_date(valid_at),
            capacity=capacity,
            changed_since=optional_instant(changed_since),
            after_ssin=str(after),
        )

        def open_stream() -> Stream[reading.ExportDossiersResponse]:
            stub = self._connection.stub(directory_rpc.DirectoryServiceStub)
            return stub.ExportDossiers(request, timeout=_STRETCH_S, metadata=self._metadata)

        def told(message: reading.ExportDossiersResponse) -> None:
            if message.dossiers:  # all of a person stand in one message
                request.after_ssin = message.dossiers[-1].ssin

        patience = Patience(self._connection.line, _WAIT_S if timeout_s is None else timeout_s)
        messages = resumed(open_stream, patience, told)
        return parts(messages, lambda message: map(dossier_of, message.dossiers))


def _by_person(rows: Source[DossierRow], most: int) -> Generator[list[DossierRow], None, None]:
    """Yield rows by up to `most`, cut where another person begins if that is possible."""
    batch: list[DossierRow] = []
    border = 0  # where the last person of the batch begins
    for row in each_in(rows):
        if batch and row.ssin != batch[-1].ssin:
            border = len(batch)
            if border == most:
                yield batch
                batch, border = [], 0
        elif len(batch) == most:
            cut = border or most
            yield batch[:cut]
            batch, border = batch[cut:], 0
        batch.append(row)
    if batch:
        yield batch
