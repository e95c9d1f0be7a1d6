"""What `explain` says is what the boundary does: both decide random calls under random rights, with the code of the servers."""

import datetime as dt
import io
from typing import Any, cast

import pytest
from google.protobuf.descriptor import ServiceDescriptor
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.access.drawn import BASES, DAYS, NAMES, rights
from tests.access.test_widening import BASIS, GRANT, OFFICE
from tests.support.calls import call_of

from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.directory.v1 import directory_service_pb2
from kruispunt.identity.v1 import identity_service_pb2
from kruispunt_directory.policies import DIRECTORY_SERVICE
from kruispunt_identity.policies import IDENTITY_SERVICE
from kruispunt_server.access.book import RightsBook
from kruispunt_server.access.rights import Quota, Rights
from kruispunt_server.access.servicer import POLICIES, ParticipantServicer
from kruispunt_server.boundary import handler_for
from kruispunt_server.call import Call, Participant, Role
from kruispunt_server.caller import Callers
from kruispunt_server.clock import FixedClock
from kruispunt_server.edge import Edge, MethodClass, Policy
from kruispunt_server.events import Events
from kruispunt_server.quotas.enforcing import Quotas
from kruispunt_server.quotas.memory import QuotaMemory

RULES = {
    "PARTICIPANT_UNKNOWN": "participant",
    "ROLE_MISSING": "role",
    "PURPOSE_REQUIRED": "purpose",
    "GRANT_MISSING": "grant",
    "GRANT_EXPIRED": "grant",
    "DATA_GROUP_NOT_GRANTED": "data group",
    "QUOTA_EXHAUSTED": "quota",
}
"""Which rule refuses with which reason."""
SERVICES: list[tuple[ServiceDescriptor, dict[str, Policy]]] = [
    (identity_service_pb2.DESCRIPTOR.services_by_name["IdentityService"], IDENTITY_SERVICE),
    (directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"], DIRECTORY_SERVICE),
    (pb.DESCRIPTOR.services_by_name["ParticipantService"], POLICIES),
]
POLICY_OF = {
    f"{service.name}/{name}": policy for service, policies in SERVICES for name, policy in policies.items()
}
TRIED = (
    "IdentityService/GetPerson",
    "IdentityService/SearchPersons",
    "IdentityService/ResolveNumbers",
    "IdentityService/FindPersonsByForeignIdentifier",
    "DirectoryService/ListDossiers",
    "DirectoryService/GetRoute",
    "DirectoryService/GetCoverage",
    "ParticipantService/ApplyRights",
    "ParticipantService/GetOwnRights",
)
PEM = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


class Store:
    """Rights in memory."""

    def __init__(self, kept: Rights) -> None:
        self._kept = kept

    def version(self) -> int:
        """Always the first."""
        return 1

    def read(self) -> tuple[Rights, int]:
        """What was given."""
        return self._kept, 1


class Journal:
    """Keeps nothing."""

    def commit(self, call: Call) -> None:
        """Forget the looks."""
        call.looks.clear()


class Answering:
    """Answers every method with nothing, and remembers the last call."""

    last: Call | None = None

    def __getattr__(self, name: str) -> Any:
        """Return the method of that name."""

        def answer(_request: Any, call: Call) -> bytes:
            self.last = call
            call.look(1, "", "found")
            return b""

        return answer


class Context:
    """A call over a connection with a certificate."""

    def __init__(self, uri: str, legal_basis: str) -> None:
        self._peer = {
            "transport_security_type": [b"ssl"],
            "peer_uri": [uri.encode()],
            "x509_pem_cert": [PEM],
        }
        named = [("kruispunt-legal-basis", legal_basis)] if legal_basis else []
        self._metadata = (*named, ("kruispunt-end-user", "clerk-7"), ("kruispunt-case", "1"))
        self.trailing: Any = ()

    def auth_context(self) -> Any:
        """What gRPC found out about the connection."""
        return self._peer

    def invocation_metadata(self) -> Any:
        """The purpose."""
        return self._metadata

    def time_remaining(self) -> float | None:
        """There is no deadline."""
        return None

    def set_trailing_metadata(self, trailing: Any) -> None:
        """Keep why it was refused."""
        self.trailing = trailing

    def abort(self, _code: Any, text: str) -> None:
        """End the call as gRPC does."""
        raise ConnectionAbortedError(text)

    def reason(self) -> str:
        """Return why the call was refused."""
        info = error_details_pb2.ErrorInfo()
        ((_, packed),) = self.trailing
        assert status_pb2.Status.FromString(packed).details[0].Unpack(info)
        return str(info.reason)


class Server:
    """The boundary and the explanation, over the same rights, on one day."""

    def __init__(self, kept: Rights, day: dt.date) -> None:
        clock = FixedClock(dt.datetime.combine(day, dt.time(12), dt.UTC))
        book = RightsBook(cast("Any", Store(kept)), clock)
        events = Events("test", stream=io.StringIO())
        quotas = Quotas(
            QuotaMemory(),
            book,
            usual={MethodClass.READS: Quota(2, 60)},
            end_user=None,  # of whom nobody says who it would be
            events=events,
        )
        quotas._buckets._now = lambda: 1000.0  # nothing is refilled between question and call
        edge = Edge(Callers(book), book, Journal(), clock, events, quotas=quotas)
        self.answering = Answering()
        self._handlers = [
            handler_for(service, self.answering, policies, edge) for service, policies in SERVICES
        ]
        nothing = cast("Any", None)
        self._servicer = ParticipantServicer(
            nothing, nothing, book, nothing, nothing, clock, quotas, nothing, POLICY_OF
        )

    def call(self, method: str, uri: str, legal_basis: str) -> str:
        """Make a call; return why it was refused, empty if it was not."""
        service, _, name = method.partition("/")
        (full_name,) = (each.full_name for each, _ in SERVICES if each.name == service)

        class Details:
            """What gRPC tells of a call."""

            method = f"/{full_name}/{name}"
            invocation_metadata = ()

        (handler,) = (found for each in self._handlers if (found := each.service(cast("Any", Details()))))
        context = Context(uri, legal_basis)
        try:
            cast("Any", handler).unary_unary(b"", context)
        except ConnectionAbortedError:
            return context.reason()
        return ""

    def explain(self, method: str, name: str, legal_basis: str) -> pb.ExplainAccessResponse:
        """Explain the same call."""
        auditor = Participant("auditor", frozenset({Role.AUDITOR}), None)
        request = pb.ExplainAccessRequest(participant_id=name, method=method, legal_basis=legal_basis)
        return self._servicer.ExplainAccess(request, call_of(participant=auditor))


@settings(max_examples=200, deadline=None)
@given(
    rights(),
    st.sampled_from(DAYS),
    st.lists(
        st.tuples(
            st.sampled_from(TRIED),
            st.sampled_from([*NAMES, *NAMES, "nobody"]),
            st.sampled_from([*BASES, *BASES, *BASES, "x/9", ""]),
        ),
        min_size=1,
        max_size=6,
    ),
)
def test_what_is_explained_is_what_happens(
    kept: Rights, day: dt.date, asked: list[tuple[str, str, str]]
) -> None:
    """The same rule refuses; what is let in has the grant, groups and conditions that were told; quotas count down."""
    server = Server(kept, day)
    for method, name, legal_basis in [*asked, *asked]:
        told = server.explain(method, name, legal_basis)
        reason = server.call(method, f"spiffe://test/{name}", legal_basis)

        if reason:
            assert (False, RULES[reason]) == (told.allowed, told.checks[-1].rule)
            continue
        assert told.allowed
        assert server.answering.last is not None
        right = server.answering.last.right
        assert (right.grant_id, sorted(right.data_groups), right.requires_dossier, right.shows_protected) == (
            told.grant_id,
            list(told.data_groups),
            told.requires_dossier,
            told.shows_protected,
        )
        left = {each.name: each.left for each in told.quotas if each.HasField("left")}
        after = server.explain(method, name, legal_basis)
        assert {quota: count - 1 for quota, count in left.items()} == {
            each.name: each.left for each in after.quotas if each.HasField("left")
        }


def test_the_quota_that_would_be_used_up_first_is_named() -> None:
    """By the calls that are left now, not by what the quotas let through in the mean."""
    server = Server(Rights((OFFICE,), (BASIS,), (GRANT,)), dt.date(2026, 3, 3))
    method, uri = "IdentityService/GetPerson", OFFICE.uris[0]

    def standing() -> list[tuple[str, int, int, bool]]:
        told = server.explain(method, "office", "18/042").quotas
        return [(each.name, each.quota.calls, each.left, each.nearest) for each in told]

    assert [("reads", 60, 60, False), ("grant", 10, 10, True)] == standing()
    for _ in range(10):
        assert server.call(method, uri, "18/042") == ""
    refused = server.explain(method, "office", "18/042")
    assert (False, "quota", "used up at this moment: grant") == (
        refused.allowed,
        refused.checks[-1].rule,
        refused.checks[-1].explanation,
    )
    assert [("reads", 60, 50, False), ("grant", 10, 0, True)] == standing()


@pytest.mark.parametrize("day", [dt.date(2026, 3, 4), dt.date(2026, 3, 2)])
def test_of_another_day_quotas_are_not_told(day: dt.date) -> None:
    """They stand as they do at this moment, and that is no answer about another one."""
    server = Server(Rights((OFFICE,), (BASIS,), (GRANT,)), dt.date(2026, 3, 3))
    request = pb.ExplainAccessRequest(
        participant_id="office", method="IdentityService/GetPerson", legal_basis="18/042"
    )
    request.day.year, request.day.month, request.day.day = day.year, day.month, day.day
    told = server._servicer.ExplainAccess(
        request, call_of(participant=Participant("auditor", frozenset({Role.AUDITOR}), None))
    )

    assert (True, []) == (told.allowed, list(told.quotas))
