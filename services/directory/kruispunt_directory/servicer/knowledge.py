"""KnowledgeService: the code tables and the rules, listed for all, written by administrators."""

import datetime as dt
from typing import TYPE_CHECKING, Any

from kruispunt.directory.v1 import knowledge_service_pb2 as pb
from kruispunt_directory.domain.knowledge import (
    Authorisation,
    Availability,
    Capacity,
    DataSet,
    Deliberation,
    EntryT,
    Institution,
    Knowledge,
    Sector,
    concerns_sector,
    key_of,
)
from kruispunt_directory.domain.knowledge_checks import check_count
from kruispunt_directory.messages import knowledge as messages
from kruispunt_server.call import Call
from kruispunt_server.clock import Clock
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.tokens import PageTokens
from kruispunt_server.wire import parse_write_key

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_directory.store.knowledge import KnowledgeStore
    from kruispunt_server.writes import Writes


class KnowledgeServicer:
    """One method per rpc; what each does stands in the contract.

    Args:
        store: the code tables.
        writes: carries mutations out once.
        tokens: makes page tokens.
        clock: says what day it is where none is asked for.
    """

    def __init__(self, store: "KnowledgeStore", writes: "Writes", tokens: PageTokens, clock: Clock) -> None:
        self._store = store
        self._writes = writes
        self._tokens = tokens
        self._clock = clock

    def ListSectors(self, request: pb.ListSectorsRequest, call: Call) -> pb.ListSectorsResponse:
        """List sectors."""
        entries, page = self._list(Sector, request.query, call)
        return pb.ListSectorsResponse(sectors=map(messages.sector_message, entries), page=page)

    def ListInstitutions(
        self, request: pb.ListInstitutionsRequest, call: Call
    ) -> pb.ListInstitutionsResponse:
        """List institutions."""
        entries, page = self._list(Institution, request.query, call)
        return pb.ListInstitutionsResponse(
            institutions=map(messages.institution_entry_message, entries), page=page
        )

    def ListCapacities(self, request: pb.ListCapacitiesRequest, call: Call) -> pb.ListCapacitiesResponse:
        """List capacities."""
        entries, page = self._list(Capacity, request.query, call)
        return pb.ListCapacitiesResponse(capacities=map(messages.capacity_message, entries), page=page)

    def ListDataSets(self, request: pb.ListDataSetsRequest, call: Call) -> pb.ListDataSetsResponse:
        """List data sets."""
        entries, page = self._list(DataSet, request.query, call)
        return pb.ListDataSetsResponse(data_sets=map(messages.data_set_message, entries), page=page)

    def ListAvailabilities(
        self, request: pb.ListAvailabilitiesRequest, call: Call
    ) -> pb.ListAvailabilitiesResponse:
        """List availabilities."""
        entries, page = self._list(Availability, request.query, call)
        return pb.ListAvailabilitiesResponse(
            availabilities=map(messages.availability_message, entries), page=page
        )

    def ListAuthorisations(
        self, request: pb.ListAuthorisationsRequest, call: Call
    ) -> pb.ListAuthorisationsResponse:
        """List authorisations."""
        entries, page = self._list(Authorisation, request.query, call)
        return pb.ListAuthorisationsResponse(
            authorisations=map(messages.authorisation_message, entries), page=page
        )

    def ListDeliberations(
        self, request: pb.ListDeliberationsRequest, call: Call
    ) -> pb.ListDeliberationsResponse:
        """List deliberations."""
        entries, page = self._list(Deliberation, request.query, call)
        return pb.ListDeliberationsResponse(
            deliberations=map(messages.deliberation_message, entries), page=page
        )

    def WriteEntries(self, request: pb.WriteEntriesRequest, call: Call) -> pb.WriteEntriesResponse:
        """Write entries, all or none."""
        key = parse_write_key(request)
        check_count(len(request.entries))
        entries = [
            messages.parse_entry(entry, f"entries[{index}]") for index, entry in enumerate(request.entries)
        ]

        def work(transaction: Any) -> bytes:
            counts = self._store.write(transaction, call, entries, key.request_id)
            return pb.WriteEntriesResponse(
                created=counts.created, revised=counts.revised, unchanged=counts.unchanged
            ).SerializeToString()

        return pb.WriteEntriesResponse.FromString(self._writes.run(call, key, work))

    def _list(
        self, kind: type[EntryT], asked: pb.EntryQuery, call: Call
    ) -> tuple[list[EntryT], pb.EntryPage]:
        """Return one page of the entries of a kind, and how it ends.

        The token carries the write and the day that the first page was answered by, so that what is written or
        ends while somebody turns the pages makes no gap and no double.
        """
        query = messages.parse_query(asked, call.now)
        criteria = kind.__name__.encode() + query.criteria
        if query.page_token:
            number, ordinal, *key = self._position(criteria, query.page_token)
            knowledge = self._store.after_write(number)
            day, after = dt.date.fromordinal(ordinal), tuple(key)
        else:
            knowledge = self._knowledge(query)
            day, after = query.valid_at or self._clock.today(), None
        entries: list[EntryT] = []
        for entry in knowledge.after(kind, after):
            if not (query.every_period or entry.validity.holds(day)):
                continue
            if query.sector is not None and not concerns_sector(entry, query.sector):
                continue
            if len(entries) == query.page_size:
                position = (knowledge.number, day.toordinal(), *key_of(entries[-1]))
                return entries, pb.EntryPage(next_page_token=self._tokens.make(criteria, position))
            entries.append(entry)
        return entries, pb.EntryPage(complete=True)

    def _knowledge(self, query: messages.ListQuery) -> Knowledge:
        return self._store.latest() if query.known_at is None else self._store.at(query.known_at)

    def _position(self, criteria: bytes, token: str) -> list[Any]:
        try:
            return self._tokens.read(criteria, token)
        except RegistryError as error:
            if error.reason is not Reason.PAGE_TOKEN_INVALID:
                raise
            raise RegistryError(error.reason, error.message, field="query.page_token") from None
