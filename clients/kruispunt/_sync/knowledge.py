# Written by `make generate` from kruispunt/_async; edit it there.
"""The client of the code tables."""

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol, Self, TypeVar

import grpc

from kruispunt import _entry_messages as reading
from kruispunt import entries
from kruispunt._sync.closable import Closable
from kruispunt._sync.connection import Connection
from kruispunt._sync.listing import Listing
from kruispunt.directory.v1 import knowledge_service_pb2 as pb
from kruispunt.directory.v1 import knowledge_service_pb2_grpc as rpc
from kruispunt.pages import Page
from kruispunt.profiles import ClientCertificates, Profile, load_profile

M = TypeVar("M")
E = TypeVar("E")
Q = TypeVar("Q")


class _Answer(Protocol):
    @property
    def page(self) -> pb.EntryPage: ...


A = TypeVar("A", bound=_Answer)


class KnowledgeClient(Closable):
    """Reads the code tables, and writes them for an administrator; needs no purpose.

    Args:
        endpoint: `host:port`.
        certificates: who the caller is; none: plaintext, on loopback only.
        timeout_s: for each call.
        channels: connections in the pool.

    Raises:
        ValueError: no certificates, and not on loopback.
    """

    def __init__(
        self,
        endpoint: str,
        *,
        certificates: ClientCertificates | None,
        timeout_s: float = 5.0,
        channels: int = 1,
    ) -> None:
        self._connection = Connection(endpoint, certificates, channels)
        self._timeout_s = timeout_s

    @classmethod
    def from_profile(
        cls, profile: Profile | str = "default", *, path: str | Path | None = None, timeout_s: float = 5.0
    ) -> Self:
        """Connect as a profile says.

        Raises:
            ProfileError: the profile is absent or incomplete.
        """
        chosen = load_profile(profile, path) if isinstance(profile, str) else profile
        return cls(chosen.endpoint, certificates=chosen.certificates(), timeout_s=timeout_s)

    @classmethod
    def over(cls, connection: Connection, timeout_s: float) -> Self:
        """Use channels that are there already; lent ones stay open when this client closes."""
        client = cls.__new__(cls)
        vars(client).update(_connection=connection, _timeout_s=timeout_s)
        return client

    def list_sectors(
        self,
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        every_period: bool = False,
        sector: int | None = None,
        page_size: int = 0,
    ) -> Listing[entries.Sector]:
        """List sectors, by code: in force on `valid_at` (left out: today), or of every period."""
        request = pb.ListSectorsRequest(
            query=reading.query_message(valid_at, known_at, every_period, sector, page_size)
        )
        return self._list(lambda stub: stub.ListSectors, request, lambda a: a.sectors, reading.sector_of)

    def list_institutions(
        self,
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        every_period: bool = False,
        sector: int | None = None,
        page_size: int = 0,
    ) -> Listing[entries.Institution]:
        """List institutions, by sector and number; dated as `list_sectors`."""
        request = pb.ListInstitutionsRequest(
            query=reading.query_message(valid_at, known_at, every_period, sector, page_size)
        )
        return self._list(
            lambda stub: stub.ListInstitutions,
            request,
            lambda a: a.institutions,
            reading.institution_entry_of,
        )

    def list_capacities(
        self,
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        every_period: bool = False,
        sector: int | None = None,
        page_size: int = 0,
    ) -> Listing[entries.Capacity]:
        """List capacities, those of every sector first, then by sector and code; dated as `list_sectors`."""
        request = pb.ListCapacitiesRequest(
            query=reading.query_message(valid_at, known_at, every_period, sector, page_size)
        )
        return self._list(
            lambda stub: stub.ListCapacities, request, lambda a: a.capacities, reading.capacity_of
        )

    def list_data_sets(
        self,
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        every_period: bool = False,
        page_size: int = 0,
    ) -> Listing[entries.DataSet]:
        """List data sets, by code and variant; dated as `list_sectors`."""
        request = pb.ListDataSetsRequest(
            query=reading.query_message(valid_at, known_at, every_period, None, page_size)
        )
        return self._list(lambda stub: stub.ListDataSets, request, lambda a: a.data_sets, reading.data_set_of)

    def list_availabilities(
        self,
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        every_period: bool = False,
        sector: int | None = None,
        page_size: int = 0,
    ) -> Listing[entries.Availability]:
        """List availabilities, by identifier; `sector` is the supplier's; dated as `list_sectors`."""
        request = pb.ListAvailabilitiesRequest(
            query=reading.query_message(valid_at, known_at, every_period, sector, page_size)
        )
        return self._list(
            lambda stub: stub.ListAvailabilities, request, lambda a: a.availabilities, reading.availability_of
        )

    def list_authorisations(
        self,
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        every_period: bool = False,
        sector: int | None = None,
        page_size: int = 0,
    ) -> Listing[entries.Authorisation]:
        """List authorisations, by identifier; `sector` is the consumer's; dated as `list_sectors`."""
        request = pb.ListAuthorisationsRequest(
            query=reading.query_message(valid_at, known_at, every_period, sector, page_size)
        )
        return self._list(
            lambda stub: stub.ListAuthorisations,
            request,
            lambda a: a.authorisations,
            reading.authorisation_of,
        )

    def list_deliberations(
        self,
        *,
        valid_at: dt.date | None = None,
        known_at: dt.datetime | None = None,
        every_period: bool = False,
        page_size: int = 0,
    ) -> Listing[entries.Deliberation]:
        """List deliberations, by identifier; dated as `list_sectors`."""
        request = pb.ListDeliberationsRequest(
            query=reading.query_message(valid_at, known_at, every_period, None, page_size)
        )
        return self._list(
            lambda stub: stub.ListDeliberations, request, lambda a: a.deliberations, reading.deliberation_of
        )

    def write_entries(
        self,
        new: Iterable[entries.Entry],
        *,
        request_id: uuid.UUID | None = None,
        validate_only: bool = False,
    ) -> entries.Written:
        """Write entries, all or none; one with a known key becomes its new revision. Administrators only.

        Args:
            new: 1 to 1000; they may refer to each other.
            request_id: names the change; left out, the client makes one.
            validate_only: check only.

        Raises:
            RoleMissing: the caller is no administrator.
            ReferenceUnknown: an entry refers to one that does not exist then.
            InvalidArgument: `field` is the path, such as "entries[3].sector.code".
        """
        request = pb.WriteEntriesRequest(
            request_id=str(request_id or uuid.uuid4()),
            validate_only=validate_only,
            entries=[reading.entry_message(entry) for entry in new],
        )
        answer = self._connection.call(self._stub.WriteEntries, request, timeout_s=self._timeout_s)
        return entries.Written(answer.created, answer.revised, answer.unchanged, answer)

    def close(self) -> None:
        """Close the channels; calls under way end as `CallCancelled`."""
        self._connection.close()

    @property
    def _stub(self) -> "rpc.KnowledgeServiceStub":
        return self._connection.stub(rpc.KnowledgeServiceStub)

    def _list(
        self,
        method_of: "Callable[[rpc.KnowledgeServiceStub], grpc.UnaryUnaryMultiCallable[Q, A]]",
        request: Q,
        rows: Callable[[A], Sequence[M]],
        read: Callable[[M], E],
    ) -> Listing[E]:
        def fetch(token: str) -> Page[E]:
            request.query.page_token = token  # type: ignore[attr-defined]  # every list request has a query
            answer = self._connection.call(method_of(self._stub), request, timeout_s=self._timeout_s)
            items = tuple(read(row) for row in rows(answer))
            return Page(items, answer.page.next_page_token, answer.page.complete, message=answer)

        return Listing(fetch)
