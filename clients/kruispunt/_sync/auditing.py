# Written by `make generate` from kruispunt/_async; edit it there.
"""The part of both clients that asks for proof: AuditService, which both servers have."""

import datetime as dt
import uuid
from collections.abc import Iterable

from kruispunt._audit_messages import head_of, record_of
from kruispunt._messages import optional_instant
from kruispunt._sync.client import Caller
from kruispunt._sync.listing import Listing
from kruispunt.audit.v1 import audit_service_pb2 as pb
from kruispunt.audit.v1 import audit_service_pb2_grpc as rpc
from kruispunt.auditing import AccessRecord, Consistency, Log, Receipt, SignedHead
from kruispunt.pages import Page
from kruispunt.ssin import Ssin


class AuditMethods(Caller):
    """Each server answers for its own logs: identity for looks and changes there, the directory for its own."""

    def list_access_records(
        self,
        persons: Iterable[Ssin | str] = (),
        *,
        participant: str = "",
        begin: dt.datetime | None = None,
        until: dt.datetime | None = None,
        page_size: int = 100,
        timeout_s: float | None = None,
    ) -> Listing[AccessRecord]:
        """List who looked at whom, latest first; for auditors and data-protection officers.

        Args:
            persons: numbers that were looked at, at most 100, former ones too; left out: anybody.
            participant: who looked; left out: anybody.
            begin: recorded at this instant or later, zone-aware.
            until: recorded before this instant.
            page_size: records a call, 1 to 1000.
            timeout_s: for each call.

        Raises:
            RoleMissing: the caller is neither.
            InvalidArgument: NumberMalformed, TimeInFuture, PeriodInverted.
        """
        request = pb.ListAccessRecordsRequest(
            ssins=map(str, persons),
            participant_id=participant,
            until=optional_instant(until),
            page_size=page_size,
        )
        since = optional_instant(begin)
        if since is not None:
            getattr(request, "from").CopyFrom(since)

        def fetch(page_token: str) -> Page[AccessRecord]:
            request.page_token = page_token
            answer = self._ask(self._audit.ListAccessRecords, request, timeout_s)
            records = tuple(map(record_of, answer.records))
            return Page(records, answer.next_page_token, not answer.next_page_token, message=answer)

        return Listing(fetch)

    def get_receipt(
        self,
        log: Log,
        record_id: uuid.UUID | str,
        *,
        tree_size: int = 0,
        timeout_s: float | None = None,
    ) -> Receipt:
        """Return the receipt of one record: of any for auditors, for others of their own calls.

        Args:
            log: which log.
            record_id: an `access_id` or `change_id`.
            tree_size: in the tree of that size; 0: in the latest.
            timeout_s: for this call.

        Raises:
            RecordUnknown: there is none, or it is another's.
            NotSealedYet: it is of the last moments; the client repeats by itself before it tells.
            TreeSizeInvalid: no head was signed for that size.
        """
        request = pb.GetProofRequest(log=log.value, record_id=str(record_id), tree_size=tree_size)  # type: ignore[arg-type]
        answer = self._ask(self._audit.GetProof, request, timeout_s)
        return Receipt(
            answer.record,
            answer.leaf_hash,
            answer.position,
            tuple(answer.inclusion_path),
            head_of(answer.head),
            answer,
        )

    def get_signed_head(self, log: Log, *, timeout_s: float | None = None) -> SignedHead:
        """Return the latest head of a log; keep it, and check a later one against it.

        Raises:
            NotSealedYet: nothing was sealed yet.
        """
        request = pb.GetSignedHeadRequest(log=log.value)  # type: ignore[arg-type]
        answer = self._ask(self._audit.GetSignedHead, request, timeout_s)
        return head_of(answer.head)

    def check_consistency(
        self, log: Log, first_size: int, *, second_size: int = 0, timeout_s: float | None = None
    ) -> Consistency:
        """Return the proof that the tree of `first_size` is the beginning of a later one; ask it `holds_for` your root.

        Raises:
            TreeSizeInvalid: the tree was never of these sizes.
        """
        request = pb.CheckConsistencyRequest(
            log=log.value,  # type: ignore[arg-type]
            first_size=first_size,
            second_size=second_size,
        )
        answer = self._ask(self._audit.CheckConsistency, request, timeout_s)
        return Consistency(
            first_size, answer.first_root_hash, tuple(answer.consistency_path), head_of(answer.head), answer
        )

    @property
    def _audit(self) -> "rpc.AuditServiceStub":
        return self._connection.stub(rpc.AuditServiceStub)
