"""ParticipantService: who may connect, who may obtain what, and why."""

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt_server.access import messages
from kruispunt_server.access.book import RightsBook
from kruispunt_server.access.catalogue import DATA_GROUPS
from kruispunt_server.access.checking import Fault, faults_of
from kruispunt_server.access.explaining import Grantee, Question, explain, grantees_of
from kruispunt_server.access.rights import Rights
from kruispunt_server.call import Call, Role
from kruispunt_server.clock import Clock
from kruispunt_server.edge import MethodClass, Policy
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.wire import date_message, parse_optional_day, parse_write_key

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_server.access.store import RightsStore
    from kruispunt_server.changes import ChangeLog
    from kruispunt_server.writes import Writes

_ADMINISTRATOR: Final = frozenset({Role.ADMINISTRATOR})
_OVERSEEING: Final = frozenset({Role.ADMINISTRATOR, Role.AUDITOR, Role.DATA_PROTECTION_OFFICER})
_FAULTS_TOLD: Final = 40  # they travel in the trailers, which have to stay small

POLICIES: Final = {
    "GetRights": Policy(roles=_OVERSEEING),
    "ApplyRights": Policy(roles=_ADMINISTRATOR, kind=MethodClass.WRITES),
    # About itself everybody may ask.
    "ExplainAccess": Policy(),
    "ListGrantees": Policy(roles=_OVERSEEING),
}
"""What each method asks of its callers, in both services. Nothing in it concerns a person."""


class ParticipantServicer:
    """One method per rpc; what each does stands in the contract.

    Args:
        store: where the rights are.
        book: the rights as calls meet them.
        writes: carries mutations out once.
        changes: the change log.
        clock: says what day it is.
        policies: of every method that this server serves, by short name.
    """

    def __init__(
        self,
        store: "RightsStore",
        book: RightsBook,
        writes: "Writes",
        changes: "ChangeLog",
        clock: Clock,
        policies: Mapping[str, Policy],
    ) -> None:
        self._store = store
        self._book = book
        self._writes = writes
        self._changes = changes
        self._clock = clock
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
                changes=map(messages.change_message, changes), etag=str(kept)
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
        question = Question(asked, request.method, policy, request.legal_basis, self._day(request))
        explanation = explain(self._book.current(), question)
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
        ):
            return
        raise _refusal(
            [Fault("participants", "you would no longer be an administrator who can connect today")], "rights"
        )

    def _day(self, request: Any) -> dt.date:
        return parse_optional_day(request, "day") or self._clock.today()


def checked(message: pb.Rights, path: str) -> Rights:
    """Return rights that can be applied.

    Raises:
        RegistryError: anything in them is wrong: all faults at once; INVALID_ARGUMENT / RIGHTS_INVALID.
    """
    reader = messages.RightsReader()
    rights = reader.rights(message)
    faults = reader.faults or faults_of(rights)
    if faults:
        raise _refusal(faults, path)
    return rights.in_order()


def _refusal(faults: list[Fault], path: str) -> RegistryError:
    told = [
        (f"{path}.{fault.path}" if path else fault.path, fault.sentence) for fault in faults[:_FAULTS_TOLD]
    ]
    return RegistryError(
        Reason.RIGHTS_INVALID,
        "the rights cannot be applied; nothing was changed",
        field=told[0][0],
        metadata={"faults": str(len(faults))},
        violations=told,
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
