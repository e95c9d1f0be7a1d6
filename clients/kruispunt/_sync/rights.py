# Written by `make generate` from kruispunt/_async; edit it there.
"""The part of both clients that asks about rights and gives them: ParticipantService, which both servers have."""

import datetime as dt
import uuid

from kruispunt._messages import optional_date
from kruispunt._rights_messages import change_of, grantee_of, quota_of, recorded_of
from kruispunt._sync.client import Caller
from kruispunt._sync.listing import Listing
from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.access.v1 import participant_service_pb2_grpc as rpc
from kruispunt.access_rights import (
    AccessCheck,
    AccessExplanation,
    AppliedRights,
    Grantee,
    OwnRights,
    RecordedRightsChange,
)
from kruispunt.pages import Page


class RightsMethods(Caller):
    """Each server keeps the rights for itself: give both the same."""

    def get_rights(self, *, timeout_s: float | None = None) -> tuple[pb.Rights, str]:
        """Return the rights as they stand, and their etag; for administrators, auditors and data-protection officers.

        Raises:
            RoleMissing: the caller is none of these.
        """
        answer = self._ask(self._participants.GetRights, pb.GetRightsRequest(), timeout_s)
        return answer.rights, answer.etag

    def apply_rights(
        self,
        rights: pb.Rights,
        *,
        etag: str = "",
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
        timeout_s: float | None = None,
    ) -> AppliedRights:
        """Make the rights exactly these, and say what that changed; for administrators. Repeating it changes nothing.

        Args:
            rights: all of them, such as `kruispunt.rights_file.read_rights(path).message`.
            etag: refused if they changed since it was read; left out: whatever they are.
            request_id: names the change; left out, the client makes one.
            validate_only: say what would change, and change nothing.
            timeout_s: for this call.

        Raises:
            RightsInvalid: `violations` lists every fault, its path beginning "rights."; nothing was changed.
            EtagMismatch: they changed since.
            RoleMissing: the caller is no administrator.
        """
        request = pb.ApplyRightsRequest(
            request_id=str(request_id or uuid.uuid4()), rights=rights, etag=etag, validate_only=validate_only
        )
        answer = self._ask(self._participants.ApplyRights, request, timeout_s)
        return AppliedRights(tuple(map(change_of, answer.changes)), answer.etag, answer)

    def get_own_rights(self, *, timeout_s: float | None = None) -> OwnRights:
        """Return what the rights say of the caller: its entry, its grants, their legal bases, its quotas."""
        answer = self._ask(self._participants.GetOwnRights, pb.GetOwnRightsRequest(), timeout_s)
        return OwnRights(answer.rights, tuple(map(quota_of, answer.quotas)), answer)

    def list_rights_changes(
        self,
        *,
        participant: str = "",
        legal_basis: str = "",
        changed_by: str = "",
        begin: dt.date | None = None,
        end: dt.date | None = None,
        page_size: int = 100,
        timeout_s: float | None = None,
    ) -> Listing[RecordedRightsChange]:
        """List who changed which rights, and when, latest first; what is given narrows.

        Args:
            participant: concerned: its entry, or grants that name it.
            legal_basis: concerned: its entry, or grants under it.
            changed_by: who made them; "operator": somebody at the database.
            begin: first day in Brussels.
            end: the day after the last.
            page_size: changes a call, 1 to 1000; a page may hold fewer.
            timeout_s: for each call.

        Raises:
            RoleMissing: the caller is no administrator, auditor or data-protection officer.
            InvalidArgument: FieldInvalid, PeriodInverted.
        """
        request = pb.ListRightsChangesRequest(
            participant_id=participant,
            legal_basis=legal_basis,
            changed_by=changed_by,
            begin=optional_date(begin),
            end=optional_date(end),
            page_size=page_size,
        )

        def fetch(page_token: str) -> Page[RecordedRightsChange]:
            request.page_token = page_token
            answer = self._ask(self._participants.ListRightsChanges, request, timeout_s)
            records = tuple(map(recorded_of, answer.records))
            return Page(records, answer.next_page_token, not answer.next_page_token, message=answer)

        return Listing(fetch)

    def explain_access(
        self,
        method: str,
        legal_basis: str = "",
        *,
        participant: str = "",
        day: dt.date | None = None,
        timeout_s: float | None = None,
    ) -> AccessExplanation:
        """Return whether a participant may call a method under a legal basis, and which rule decides.

        Args:
            method: such as "IdentityService/GetPerson"; ask the server that serves it.
            legal_basis: that the call would name.
            participant: left out: the caller. About others, administrators, auditors and data-protection officers ask.
            day: left out: today.
            timeout_s: for this call.

        Raises:
            RoleMissing: about another participant, and the caller oversees none.
            FieldInvalid: this server serves no such method.
        """
        request = pb.ExplainAccessRequest(
            participant_id=participant, method=method, legal_basis=legal_basis, day=optional_date(day)
        )
        answer = self._ask(self._participants.ExplainAccess, request, timeout_s)
        return AccessExplanation(
            allowed=answer.allowed,
            checks=tuple(AccessCheck(each.rule, each.passed, each.explanation) for each in answer.checks),
            grant=answer.grant_id,
            data_groups=tuple(answer.data_groups),
            requires_dossier=answer.requires_dossier,
            shows_protected=answer.shows_protected,
            quotas=tuple(map(quota_of, answer.quotas)),
            message=answer,
        )

    def list_grantees(
        self, data_group: str, *, day: dt.date | None = None, timeout_s: float | None = None
    ) -> list[Grantee]:
        """Return who may obtain a data group, such as "residential_address", on a day; left out: today.

        Raises:
            RoleMissing: the caller is no administrator, auditor or data-protection officer.
            FieldInvalid: there is no such data group.
        """
        request = pb.ListGranteesRequest(data_group=data_group, day=optional_date(day))
        answer = self._ask(self._participants.ListGrantees, request, timeout_s)
        return [grantee_of(each) for each in answer.grantees]

    @property
    def _participants(self) -> "rpc.ParticipantServiceStub":
        return self._connection.stub(rpc.ParticipantServiceStub)
