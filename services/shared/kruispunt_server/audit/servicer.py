"""AuditService: who looked at whom, and proof that it is still what was written then."""

import re
import uuid
from typing import Any, Final

from kruispunt.audit.v1 import audit_service_pb2 as pb
from kruispunt_server.audit.reading import AuditReader, LookFilter, Record
from kruispunt_server.call import Call, Role
from kruispunt_server.clock import Clock
from kruispunt_server.edge import Policy
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.keys import Pseudonyms
from kruispunt_server.sealing.heads import SignedHead
from kruispunt_server.tokens import PageTokens
from kruispunt_server.wire import parse_instant, parse_page_size, parse_ssin, timestamp_message

_AUDITING: Final = frozenset({Role.AUDITOR, Role.DATA_PROTECTION_OFFICER})
_PARTICIPANT = re.compile(r"[a-z0-9-]{0,64}").fullmatch
_MOST_NUMBERS: Final = 100
_RETRY_S: Final = 1.0
_LOGS: Final = {pb.LOG_ACCESS: "access", pb.LOG_CHANGE: "change"}
_NUMBERS: Final = {name: number for number, name in _LOGS.items()}

POLICIES: Final = {
    # May name nobody: then no look at anybody is asked for.
    "ListAccessRecords": Policy(roles=_AUDITING, personal=True, look_required=False, data_group="access"),
    # Records name nobody. Whose they are is checked record by record.
    "GetProof": Policy(),
    "GetSignedHead": Policy(),
    "CheckConsistency": Policy(),
}
"""What each method asks of its callers, in both services."""


class AuditServicer:
    """The methods of AuditService.

    Args:
        reader: of the logs.
        pseudonyms: what the logs keep in place of numbers.
        tokens: of pages.
        clock: says what lies in the future.
    """

    def __init__(self, reader: AuditReader, pseudonyms: Pseudonyms, tokens: PageTokens, clock: Clock) -> None:
        self._reader = reader
        self._pseudonyms = pseudonyms
        self._tokens = tokens
        self._clock = clock

    def ListAccessRecords(  # noqa: N802 - named like its rpc
        self, request: pb.ListAccessRecordsRequest, call: Call
    ) -> pb.ListAccessRecordsResponse:
        """List who looked at whom, latest first; that the auditor looked is recorded for each number named."""
        if len(request.ssins) > _MOST_NUMBERS:
            raise RegistryError(
                Reason.TOO_MANY_ELEMENTS,
                "too many numbers in one message",
                field="ssins",
                metadata={"limit": str(_MOST_NUMBERS)},
            )
        if not _PARTICIPANT(request.participant_id):
            raise RegistryError(
                Reason.FIELD_INVALID,
                'a participant is named by 1 to 64 of a-z, 0-9 and "-"',
                field="participant_id",
            )
        numbers = [parse_ssin(text, f"ssins[{at}]") for at, text in enumerate(request.ssins)]
        named = {self._pseudonyms.of(int(number)): str(number) for number in numbers}
        narrowed = self._narrowed(request, list(named))
        limit = parse_page_size(request.page_size, "page_size")
        query = f"ListAccessRecords|{sorted(named.values())}|{narrowed.participant_id}|{narrowed.begin}|{narrowed.end}"
        before: int | None = None
        if request.page_token:
            (kept,) = self._tokens.read(query.encode(), request.page_token)
            assert isinstance(kept, int), "we made it"
            before = kept
        rows = self._reader.looks(narrowed, before=before, limit=limit + 1)
        for number in numbers:
            call.look(int(number), "access", "found" if rows else "none")
        response = pb.ListAccessRecordsResponse()
        for row in rows[:limit]:
            _put_look(response.records.add(), row, named.get(bytes(row.subject), ""))
        if len(rows) > limit:
            response.next_page_token = self._tokens.make(query.encode(), [rows[limit - 1].entry_no])
        return response

    def GetProof(self, request: pb.GetProofRequest, call: Call) -> pb.GetProofResponse:  # noqa: N802
        """Give the receipt of one record."""
        log = _log_of(request.log)
        try:
            record_id = uuid.UUID(request.record_id)
        except ValueError:
            raise RegistryError(
                Reason.FIELD_INVALID, "a record is named by a UUID", field="record_id"
            ) from None
        record = self._own(self._reader.find(log, record_id), call)
        if record.position is None:
            raise _not_sealed()
        head = self._head(log, request.tree_size, "tree_size")
        if head.note.tree_size <= record.position:
            if request.tree_size:
                raise _no_such_tree("tree_size")
            raise _not_sealed()
        proof = self._reader.prove(head, record.position)
        return pb.GetProofResponse(
            record=record.text,
            leaf_hash=proof.leaf_hash,
            position=record.position,
            inclusion_path=proof.path,
            head=_head_message(head),
        )

    def GetSignedHead(self, request: pb.GetSignedHeadRequest, call: Call) -> pb.GetSignedHeadResponse:  # noqa: N802, ARG002
        """Give the latest head of a log."""
        return pb.GetSignedHeadResponse(head=_head_message(self._head(_log_of(request.log), 0, "")))

    def CheckConsistency(  # noqa: N802
        self,
        request: pb.CheckConsistencyRequest,
        call: Call,  # noqa: ARG002
    ) -> pb.CheckConsistencyResponse:
        """Prove that a smaller tree is the beginning of a larger one."""
        head = self._head(_log_of(request.log), request.second_size, "second_size")
        if not 1 <= request.first_size <= head.note.tree_size:
            raise _no_such_tree("first_size")
        root, path = self._reader.connect(request.first_size, head)
        return pb.CheckConsistencyResponse(
            consistency_path=path, first_root_hash=root, head=_head_message(head)
        )

    def _narrowed(self, request: pb.ListAccessRecordsRequest, subjects: list[bytes]) -> LookFilter:
        now = self._clock.now()
        begin = end = None
        if request.HasField("from"):
            begin = parse_instant(getattr(request, "from"), "from", not_after=now)
        if request.HasField("until"):
            end = parse_instant(request.until, "until")
        if begin is not None and end is not None and begin >= end:
            raise RegistryError(Reason.PERIOD_INVERTED, "`from` lies before `until`", field="from")
        return LookFilter(subjects, request.participant_id or None, begin, end)

    def _own(self, record: Record | None, call: Call) -> Record:
        """Return the record if the caller may see it; that there is none and that it is another's is the same."""
        participant = call.participant
        if record is None or (
            participant.roles.isdisjoint(_AUDITING) and record.participant_id != participant.participant_id
        ):
            raise RegistryError(Reason.RECORD_UNKNOWN, "the log has no such record", field="record_id")
        return record

    def _head(self, log: str, tree_size: int, field: str) -> SignedHead:
        head = self._reader.head(log, tree_size) if tree_size >= 0 else None
        if head is None:
            raise _no_such_tree(field) if tree_size else _not_sealed()
        return head


def _put_look(message: pb.AccessRecord, row: Any, ssin: str) -> None:
    message.access_id = str(row.access_id)
    message.recorded_at.CopyFrom(timestamp_message(row.recorded_at))
    message.participant_id = row.participant_id
    message.method = row.method
    message.end_user = row.end_user
    message.legal_basis = row.legal_basis
    message.case_reference = row.case_reference
    message.ssin = ssin
    message.data_groups = row.data_groups
    message.result = row.result
    message.via_participant_id = row.via or ""
    if row.position is not None:
        message.position = row.position


def _head_message(head: SignedHead) -> pb.SignedHead:
    return pb.SignedHead(
        log=_NUMBERS[head.log],
        tree_size=head.note.tree_size,
        root_hash=head.note.root_hash,
        signed_at=timestamp_message(head.note.signed_at),
        key_id=head.key_id,
        signature=head.signature,
        note=head.note.text(),
        public_key=head.public_key,
    )


def _log_of(value: int) -> str:
    log = _LOGS.get(value)  # type: ignore[call-overload]  # an enum of the wire is a number
    if log is None:
        reason = Reason.FIELD_INVALID if value else Reason.FIELD_REQUIRED
        raise RegistryError(reason, "which log is meant must be said", field="log")
    return str(log)


def _not_sealed() -> RegistryError:
    return RegistryError(
        Reason.NOT_SEALED_YET,
        "what was recorded in the last moments is not sealed yet",
        retry_after_s=_RETRY_S,
    )


def _no_such_tree(field: str) -> RegistryError:
    return RegistryError(Reason.TREE_SIZE_INVALID, "no head was signed for a tree of that size", field=field)
