"""ParticipantService: who may connect, who may obtain what, and why."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, Final

from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt_server.access import messages
from kruispunt_server.access.book import RightsBook
from kruispunt_server.access.catalogue import DATA_GROUPS
from kruispunt_server.access.checking import Fault
from kruispunt_server.access.explaining import Grantee, Question, explain, grantees_of
from kruispunt_server.access.forms import IDENTIFIER
from kruispunt_server.access.history import ChangeFilter, Recorded, RightsHistory
from kruispunt_server.access.judging import checked, refusal
from kruispunt_server.access.owning import own_rights
from kruispunt_server.access.rights import Rights
from kruispunt_server.access.store import RightsStore
from kruispunt_server.call import Call, Role
from kruispunt_server.changes import ChangeLog
from kruispunt_server.clock import Clock, brussels_bounds
from kruispunt_server.edge import MethodClass, Policy
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.purpose import is_reference
from kruispunt_server.quotas.enforcing import Quotas
from kruispunt_server.quotas.standing import nearest_of
from kruispunt_server.tokens import PageTokens
from kruispunt_server.wire import (
    date_message,
    parse_optional_day,
    parse_page_size,
    parse_write_key,
    timestamp_message,
)
from kruispunt_server.writes import Writes

_ADMINISTRATOR: Final = frozenset({Role.ADMINISTRATOR})
_OVERSEEING: Final = frozenset({Role.ADMINISTRATOR, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER})

POLICIES: Final = {
    "GetRights": Policy(roles=_OVERSEEING),
    "ApplyRights": Policy(roles=_ADMINISTRATOR, kind=MethodClass.WRITES, purpose=True),
    # About itself everybody may ask.
    "ExplainAccess": Policy(),
    "ListGrantees": Policy(roles=_OVERSEEING),
    "GetOwnRights": Policy(),
    "ListRightsChanges": Policy(roles=_OVERSEEING),
}
"""What each method asks of its callers, in both services. Nothing in it concerns a person."""


class ParticipantServicer:
    """One method per rpc; what each does stands in the contract.

    Args:
        store: where the rights are.
        history: what the change log says of them.
        book: the rights as calls meet them.
        writes: carries mutations out once.
        changes: the change log.
        clock: says what day it is.
        quotas: says by what calls are counted.
        tokens: of pages.
        policies: of every method that this server serves, by short name.
    """

    def __init__(
        self,
        store: RightsStore,
        history: RightsHistory,
        book: RightsBook,
        writes: Writes,
        changes: ChangeLog,
        clock: Clock,
        quotas: Quotas,
        tokens: PageTokens,
        policies: Mapping[str, Policy],
    ) -> None:
        self._store = store
        self._history = history
        self._book = book
        self._writes = writes
        self._changes = changes
        self._clock = clock
        self._quotas = quotas
        self._tokens = tokens
        self._policies = policies

    def GetRights(self, request: pb.GetRightsRequest, call: Call) -> pb.GetRightsResponse:  # noqa: ARG002, N802
        """Return the rights as they stand."""
        rights, version = self._store.read()
        return pb.GetRightsResponse(rights=messages.rights_message(rights), etag=str(version))

    def ApplyRights(self, request: pb.ApplyRightsRequest, call: Call) -> pb.ApplyRightsResponse:  # noqa: N802
        """Make the rights exactly those given."""
        key = parse_write_key(request)
        rights = checked(request.rights, "rights")
        self._refuse_lockout(rights, call)
        expected = _version(request.etag)

        def work(transaction: Any) -> bytes:
            changes, version = self._store.replace(
                transaction, self._changes, call, rights, request_id=key.request_id, expected=expected
            )
            kept = version - 1 if changes and key.validate_only else version
            return pb.ApplyRightsResponse(
                changes=[messages.change_message(each, self._quotas.usual) for each in changes],
                etag=str(kept),
            ).SerializeToString()

        return pb.ApplyRightsResponse.FromString(self._writes.run(call, key, work))

    def ExplainAccess(self, request: pb.ExplainAccessRequest, call: Call) -> pb.ExplainAccessResponse:  # noqa: N802
        """Say which rule decides."""
        asked = request.participant_id or call.participant.participant_id
        if asked != call.participant.participant_id and call.participant.roles.isdisjoint(_OVERSEEING):
            raise RegistryError(
                Reason.ROLE_MISSING,
                "about others only those ask who oversee them",
                field="participant_id",
                metadata={"role": ",".join(sorted(_OVERSEEING))},
            )
        if not request.method:
            raise RegistryError(Reason.FIELD_REQUIRED, "which method is meant must be said", field="method")
        policy = self._policies.get(request.method)
        if policy is None:
            raise RegistryError(Reason.FIELD_INVALID, "this server serves no such method", field="method")
        day, today = self._day(request), self._clock.today()
        question = Question(asked, request.method, policy, request.legal_basis, day)
        explanation = explain(self._book.current(), question, self._quotas.standing if day == today else None)
        nearest = nearest_of(explanation.quotas)
        return pb.ExplainAccessResponse(
            allowed=explanation.allowed,
            checks=[
                pb.AccessCheck(rule=each.rule, passed=each.passed, explanation=each.explanation)
                for each in explanation.checks
            ],
            grant_id=explanation.right.grant_id,
            data_groups=sorted(explanation.right.data_groups),
            requires_dossier=explanation.right.requires_dossier,
            shows_protected=explanation.right.shows_protected,
            quotas=[
                messages.applied_quota_message(each, nearest=place == nearest)
                for place, each in enumerate(explanation.quotas)
            ],
        )

    def GetOwnRights(self, request: pb.GetOwnRightsRequest, call: Call) -> pb.GetOwnRightsResponse:  # noqa: ARG002, N802
        """Return what the rights say of the caller."""
        own = own_rights(self._book.current(), call.participant.participant_id, self._quotas.standing)
        return pb.GetOwnRightsResponse(
            rights=messages.rights_message(own.rights), quotas=map(messages.applied_quota_message, own.quotas)
        )

    def ListRightsChanges(  # noqa: N802
        self,
        request: pb.ListRightsChangesRequest,
        call: Call,  # noqa: ARG002
    ) -> pb.ListRightsChangesResponse:
        """List who changed which rights."""
        narrowed = _change_filter(request)
        limit = parse_page_size(request.page_size, "page_size")
        query = f"ListRightsChanges|{narrowed}".encode()
        before: int | None = None
        if request.page_token:
            (kept,) = self._tokens.read(query, request.page_token)
            assert isinstance(kept, int), "we made it"
            before = kept
        records, further = self._history.page(narrowed, before=before, limit=limit)
        return pb.ListRightsChangesResponse(
            records=map(self._record_message, records),
            next_page_token="" if further is None else self._tokens.make(query, [further]),
        )

    def ListGrantees(self, request: pb.ListGranteesRequest, call: Call) -> pb.ListGranteesResponse:  # noqa: ARG002, N802
        """List who may obtain a data group."""
        if not request.data_group:
            raise RegistryError(
                Reason.FIELD_REQUIRED, "which data group is meant must be said", field="data_group"
            )
        if request.data_group not in DATA_GROUPS:
            raise RegistryError(Reason.FIELD_INVALID, "there is no such data group", field="data_group")
        found = grantees_of(self._book.current(), request.data_group, self._day(request), self._policies)
        return pb.ListGranteesResponse(grantees=map(_grantee_message, found))

    def _refuse_lockout(self, rights: Rights, call: Call) -> None:
        """Refuse rights by which the caller could not change them again: a slip, rather than a wish.

        Raises:
            RegistryError: INVALID_ARGUMENT / RIGHTS_INVALID.
        """
        name = call.participant.participant_id
        before = self._book.current().registrations.get(name)
        after = next((one for one in rights.registrations if one.participant.participant_id == name), None)
        known_as = set(before.uris) if before is not None else set()
        if (
            after is not None
            and Role.ADMINISTRATOR in after.participant.roles
            and after.validity.holds(self._clock.today())
            and not known_as.isdisjoint(after.uris)
            and (
                call.via
                or all(call.certificate not in one.revoked_certificates for one in rights.registrations)
            )
        ):
            return
        raise refusal(
            [Fault("participants", "you would no longer be an administrator who can connect today")], "rights"
        )

    def _record_message(self, record: Recorded) -> pb.RightsChangeRecord:
        row = record.row
        message = pb.RightsChangeRecord(
            change_id=str(row.change_id),
            recorded_at=timestamp_message(row.recorded_at),
            participant_id=row.participant_id,
            via_participant_id=row.via or "",
            method=row.method,
            end_user=row.end_user or "",
            legal_basis=row.legal_basis or "",
            case_reference=row.case_reference or "",
            change=messages.change_message(record.change, self._quotas.usual),
            commit_id=str(row.commit_id),
        )
        if row.position is not None:
            message.position = row.position
        return message

    def _day(self, request: Any) -> dt.date:
        return parse_optional_day(request, "day") or self._clock.today()


def _change_filter(request: pb.ListRightsChangesRequest) -> ChangeFilter:
    for field, form in (
        ("participant_id", IDENTIFIER),
        ("legal_basis", is_reference),
        ("changed_by", IDENTIFIER),
    ):
        value = getattr(request, field)
        if value and not form(value):
            raise RegistryError(Reason.FIELD_INVALID, "nothing has such a name", field=field)
    begin, end = parse_optional_day(request, "begin"), parse_optional_day(request, "end")
    if begin is not None and end is not None and begin >= end:
        raise RegistryError(Reason.PERIOD_INVERTED, "the first day lies before the end", field="begin")
    return ChangeFilter(
        request.participant_id,
        request.legal_basis,
        request.changed_by,
        None if begin is None else brussels_bounds(begin)[0],
        None if end is None else brussels_bounds(end)[0],
    )


def _version(etag: str) -> int | None:
    if not etag:
        return None
    if not etag.isascii() or not etag.isdigit() or len(etag) > 18:
        raise RegistryError(Reason.FIELD_INVALID, "that is no etag of ours", field="etag")
    return int(etag)


def _grantee_message(one: Grantee) -> pb.Grantee:
    message = pb.Grantee(
        participant_id=one.participant_id,
        grant_id=one.grant.grant_id,
        methods=one.methods,
        legal_basis=one.grant.legal_basis,
        requires_dossier=one.grant.requires_dossier,
        shows_protected=one.grant.shows_protected,
    )
    if one.end is not None:
        message.end.CopyFrom(date_message(one.end))
    return message
