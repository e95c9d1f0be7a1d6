"""KnowledgeService lists without gap or double, at any time of the past, and writes once."""

import datetime as dt
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.date_pb2 import Date
from tests.directory.knowledge.conftest import (
    ADMINISTRATOR,
    CAN_SUPPLY,
    DECISION,
    DEFINITIVE,
    EVERYTHING,
    FROM_2000,
    MAY_FIRST,
    MAY_OBTAIN,
    NAME,
    PAYMENT,
    PENSION_OFFICE,
    PENSIONS,
    RIGHTS_SET,
    WELFARE,
)

from kruispunt.common.v1 import values_pb2
from kruispunt.directory.v1 import knowledge_service_pb2 as pb
from kruispunt.period import Period
from kruispunt_directory.domain.knowledge import Labels, Sector
from kruispunt_directory.domain.knowledge_writes import WriteCounts
from kruispunt_directory.messages import knowledge as messages
from kruispunt_directory.policies import KNOWLEDGE_SERVICE
from kruispunt_directory.servicer.knowledge import KnowledgeServicer
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_server.boundary import Policy
from kruispunt_server.call import Call, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.edge import MethodClass
from kruispunt_server.errors import Reason, RegistryError

Write = Callable[..., WriteCounts]
SECOND = dt.timedelta(seconds=1)
MANY = [Sector(code, NAME, FROM_2000) for code in range(50)]


def pages(servicer: KnowledgeServicer, call: Call, **query: Any) -> Iterator[list[int]]:
    """The codes of the sectors, page by page."""
    token = ""
    for _ in range(100):
        request = pb.ListSectorsRequest(query=pb.EntryQuery(page_token=token, **query))
        response = servicer.ListSectors(request, call)
        yield [sector.code for sector in response.sectors]
        token = response.page.next_page_token
        assert response.page.complete is (not token)
        if not token:
            return
    raise AssertionError("the list does not end")


def codes(servicer: KnowledgeServicer, call: Call, **query: Any) -> list[int]:
    return [code for page in pages(servicer, call, **query) for code in page]


def refusal(act: Callable[..., Any], *arguments: Any) -> tuple[Reason, str]:
    with pytest.raises(RegistryError) as refused:
        act(*arguments)
    return refused.value.reason, refused.value.field


def test_every_kind_is_listed(servicer: KnowledgeServicer, write: Write, call: Call) -> None:
    """What was written comes back over the wire, kind by kind, in the order of the contract."""
    write(*EVERYTHING)

    listed = [
        *servicer.ListSectors(pb.ListSectorsRequest(), call).sectors,
        *servicer.ListInstitutions(pb.ListInstitutionsRequest(), call).institutions,
        *servicer.ListCapacities(pb.ListCapacitiesRequest(), call).capacities,
        *servicer.ListDataSets(pb.ListDataSetsRequest(), call).data_sets,
        *servicer.ListAvailabilities(pb.ListAvailabilitiesRequest(), call).availabilities,
        *servicer.ListAuthorisations(pb.ListAuthorisationsRequest(), call).authorisations,
        *servicer.ListDeliberations(pb.ListDeliberationsRequest(), call).deliberations,
    ]

    assert [
        messages.sector_message(PENSIONS),
        messages.sector_message(WELFARE),
        messages.institution_entry_message(PENSION_OFFICE),
        messages.capacity_message(DEFINITIVE),
        messages.capacity_message(PAYMENT),
        messages.data_set_message(RIGHTS_SET),
        messages.availability_message(CAN_SUPPLY),
        messages.authorisation_message(MAY_OBTAIN),
        messages.deliberation_message(DECISION),
    ] == listed


@pytest.mark.parametrize(("page_size", "count"), [(1, 50), (7, 8), (50, 1), (1000, 1)])
def test_pages_are_complete(
    servicer: KnowledgeServicer, write: Write, call: Call, page_size: int, count: int
) -> None:
    """Pages of any size hold every entry once, in order; only the last one says that it is complete."""
    write(*reversed(MANY))

    found = list(pages(servicer, call, page_size=page_size))

    assert count == len(found)
    assert list(range(50)) == [code for page in found for code in page]


def test_what_is_written_meanwhile_moves_no_page(
    servicer: KnowledgeServicer, write: Write, call: Call, clock: FixedClock
) -> None:
    """The pages of one list all show the same write and the same day, however long somebody reads."""
    ends_tomorrow = Sector(50, NAME, Period(dt.date(2000, 1, 1), dt.date(2026, 5, 2)))
    write(*MANY, ends_tomorrow)
    turning = pages(servicer, call, page_size=20)
    first = next(turning)
    write(*(replace(each, validity=Period(dt.date(2000, 1, 1), dt.date(2001, 1, 1))) for each in MANY[20:]))
    clock.advance(dt.timedelta(days=2))

    assert list(range(51)) == first + [code for page in turning for code in page]
    assert list(range(20)) == codes(servicer, call)


def test_a_list_shows_what_is_in_force(
    servicer: KnowledgeServicer, write: Write, call: Call, clock: FixedClock
) -> None:
    """On the day asked for, today by default, or in every period."""
    write(
        Sector(1, NAME, Period(dt.date(2000, 1, 1), dt.date(2026, 5, 1))),
        Sector(2, NAME, Period(dt.date(2026, 5, 1), dt.date(2026, 5, 2))),
        Sector(3, NAME, Period(dt.date(2026, 5, 2))),
    )

    assert [2] == codes(servicer, call)
    assert [1] == codes(servicer, call, valid_at=Date(year=2026, month=4, day=30))
    assert [3] == codes(servicer, call, valid_at=Date(year=2026, month=5, day=2))
    assert [1, 2, 3] == codes(servicer, call, every_period=True)
    clock.advance(dt.timedelta(hours=13))  # 23:00 UTC is the next day in Brussels
    assert [3] == codes(servicer, call)


def test_a_list_shows_what_was_known(
    servicer: KnowledgeServicer, write: Write, call: Call, clock: FixedClock
) -> None:
    """`known_at` answers as the registry would have answered then."""
    write(PENSIONS)
    clock.advance(SECOND)
    write(WELFARE, replace(PENSIONS, validity=Period(dt.date(2000, 1, 1), dt.date(2001, 1, 1))))
    then = Timestamp()
    then.FromDatetime(MAY_FIRST)

    assert [5] == codes(servicer, call, known_at=then)
    assert [17] == codes(servicer, call)


def test_a_list_narrows_to_a_sector(servicer: KnowledgeServicer, write: Write, call: Call) -> None:
    """Availabilities go by the supplier, authorisations by the consumer; a capacity of every sector is one of each."""
    write(*EVERYTHING)
    pensions, welfare = pb.EntryQuery(sector=5), pb.EntryQuery(sector=17)

    assert [5] == codes(servicer, call, sector=5)
    assert 1 == len(servicer.ListInstitutions(pb.ListInstitutionsRequest(query=pensions), call).institutions)
    assert 0 == len(servicer.ListInstitutions(pb.ListInstitutionsRequest(query=welfare), call).institutions)
    capacities = servicer.ListCapacities(pb.ListCapacitiesRequest(query=welfare), call).capacities
    assert [(False, 0)] == [(each.HasField("sector"), each.code) for each in capacities]
    supplied = servicer.ListAvailabilities(pb.ListAvailabilitiesRequest(query=welfare), call)
    assert 0 == len(supplied.availabilities)
    obtained = servicer.ListAuthorisations(pb.ListAuthorisationsRequest(query=welfare), call)
    assert ["AU-1"] == [each.authorisation_id for each in obtained.authorisations]
    assert 1 == len(servicer.ListDataSets(pb.ListDataSetsRequest(query=welfare), call).data_sets)


def test_a_forged_token_is_refused(servicer: KnowledgeServicer, write: Write, call: Call) -> None:
    """So are one of another query, one of another list, and one that was cut."""
    write(*MANY)
    query = pb.EntryQuery(page_size=1)
    token = servicer.ListSectors(pb.ListSectorsRequest(query=query), call).page.next_page_token
    refused = (Reason.PAGE_TOKEN_INVALID, "query.page_token")
    swapped = ("B" if token[0] == "A" else "A") + token[1:]

    for forged in ("x", "AAAA", swapped, token[:-4], "\u00e9"):
        request = pb.ListSectorsRequest(query=pb.EntryQuery(page_token=forged))
        assert refused == refusal(servicer.ListSectors, request, call)
    other = pb.ListSectorsRequest(query=pb.EntryQuery(page_token=token, every_period=True))
    assert refused == refusal(servicer.ListSectors, other, call)
    elsewhere = pb.ListDataSetsRequest(query=pb.EntryQuery(page_token=token))
    assert refused == refusal(servicer.ListDataSets, elsewhere, call)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (pb.EntryQuery(valid_at=Date(year=2026)), (Reason.DATE_INVALID, "query.valid_at")),
        (pb.EntryQuery(valid_at=Date()), (Reason.DATE_INVALID, "query.valid_at")),
        (
            pb.EntryQuery(valid_at=Date(year=2026, month=1, day=1), every_period=True),
            (Reason.FIELD_INVALID, "query.every_period"),
        ),
        (
            pb.EntryQuery(known_at=Timestamp(seconds=4_000_000_000)),
            (Reason.TIME_IN_FUTURE, "query.known_at"),
        ),
        (pb.EntryQuery(known_at=Timestamp(nanos=-1)), (Reason.FIELD_INVALID, "query.known_at")),
        (pb.EntryQuery(sector=1000), (Reason.FIELD_INVALID, "query.sector")),
        (pb.EntryQuery(page_size=-1), (Reason.FIELD_INVALID, "query.page_size")),
    ],
)
def test_a_malformed_query_is_refused(query: pb.EntryQuery, expected: tuple[Reason, str]) -> None:
    """Each fault with its own reason and path."""
    assert expected == refusal(messages.parse_query, query, MAY_FIRST)


def validity() -> values_pb2.Period:
    return values_pb2.Period(begin=Date(year=2000, month=1, day=1))


def writing(*entries: pb.Entry, request_id: str = "", validate_only: bool = False) -> pb.WriteEntriesRequest:
    return pb.WriteEntriesRequest(
        request_id=request_id or str(uuid.uuid4()), entries=entries, validate_only=validate_only
    )


def sector(code: int) -> pb.Entry:
    return pb.Entry(sector=pb.Sector(code=code, labels=values_pb2.Labels(nl="Naam"), validity=validity()))


def test_entries_are_written_once(servicer: KnowledgeServicer, store: KnowledgeStore, call: Call) -> None:
    """The same request again gets the same answer and changes nothing; another one is told what stands."""
    request = writing(sector(5), sector(17))
    created = pb.WriteEntriesResponse(created=2)

    assert [created, created] == [servicer.WriteEntries(request, call) for _ in range(2)]
    assert pb.WriteEntriesResponse(unchanged=1, created=1) == servicer.WriteEntries(
        writing(sector(5), sector(18)), call
    )

    assert 2 == store.latest().number
    reused = writing(sector(6), request_id=request.request_id)
    assert (Reason.REQUEST_ID_REUSED, "request_id") == refusal(servicer.WriteEntries, reused, call)


def test_a_rehearsal_writes_nothing(servicer: KnowledgeServicer, store: KnowledgeStore, call: Call) -> None:
    """`validate_only` answers what would happen, and leaves everything as it was."""
    rehearsed = servicer.WriteEntries(writing(sector(5), validate_only=True), call)

    assert pb.WriteEntriesResponse(created=1) == rehearsed
    assert [] == store.latest().all_entries()


def test_every_kind_is_written(servicer: KnowledgeServicer, store: KnowledgeStore, call: Call) -> None:
    """What goes in over the wire is what the domain knows."""
    request = writing(
        pb.Entry(sector=messages.sector_message(PENSIONS)),
        pb.Entry(sector=messages.sector_message(WELFARE)),
        pb.Entry(institution=messages.institution_entry_message(PENSION_OFFICE)),
        pb.Entry(capacity=messages.capacity_message(DEFINITIVE)),
        pb.Entry(capacity=messages.capacity_message(PAYMENT)),
        pb.Entry(data_set=messages.data_set_message(RIGHTS_SET)),
        pb.Entry(availability=messages.availability_message(CAN_SUPPLY)),
        pb.Entry(authorisation=messages.authorisation_message(MAY_OBTAIN)),
        pb.Entry(deliberation=messages.deliberation_message(DECISION)),
    )

    assert pb.WriteEntriesResponse(created=9) == servicer.WriteEntries(request, call)

    assert set(EVERYTHING) == set(store.latest().all_entries())


@pytest.mark.parametrize(
    ("entry", "reason", "field"),
    [
        (pb.Entry(), Reason.FIELD_REQUIRED, ""),
        (pb.Entry(sector=pb.Sector(code=5)), Reason.FIELD_REQUIRED, ".sector.validity.begin"),
        (pb.Entry(sector=pb.Sector(code=1000, validity=validity())), Reason.FIELD_INVALID, ".sector.code"),
        (
            pb.Entry(institution=pb.Institution(validity=validity())),
            Reason.FIELD_REQUIRED,
            ".institution.institution",
        ),
        (
            pb.Entry(
                institution=pb.Institution(institution=values_pb2.InstitutionRef(), validity=validity())
            ),
            Reason.FIELD_REQUIRED,
            ".institution.network_level",
        ),
        (
            pb.Entry(
                institution=pb.Institution(
                    institution=values_pb2.InstitutionRef(),
                    network_level=7,  # type: ignore[arg-type]
                    validity=validity(),
                )
            ),
            Reason.FIELD_INVALID,
            ".institution.network_level",
        ),
        (
            pb.Entry(
                institution=pb.Institution(
                    institution=values_pb2.InstitutionRef(sector=1000), network_level=1
                )
            ),
            Reason.FIELD_INVALID,
            ".institution.institution.sector",
        ),
        (pb.Entry(data_set=pb.DataSet(validity=validity())), Reason.FIELD_REQUIRED, ".data_set.data_set"),
        (
            pb.Entry(availability=pb.Availability(validity=validity())),
            Reason.FIELD_REQUIRED,
            ".availability.data_set",
        ),
        (
            pb.Entry(authorisation=pb.Authorisation(validity=validity())),
            Reason.FIELD_REQUIRED,
            ".authorisation.data_set",
        ),
        (
            pb.Entry(
                capacity=pb.Capacity(
                    code=1,
                    phases=[pb.Capacity.Phase(number=2), pb.Capacity.Phase(number=2)],
                    validity=validity(),
                )
            ),
            Reason.FIELD_INVALID,
            ".capacity.phases[1].number",
        ),
    ],
)
def test_a_malformed_entry_is_refused(
    servicer: KnowledgeServicer,
    store: KnowledgeStore,
    call: Call,
    entry: pb.Entry,
    reason: Reason,
    field: str,
) -> None:
    """The path leads to the field, and the well-formed entries beside it are not written either."""
    assert (reason, f"entries[1]{field}") == refusal(servicer.WriteEntries, writing(sector(5), entry), call)
    assert [] == store.latest().all_entries()


def test_a_request_without_id_is_refused(servicer: KnowledgeServicer, call: Call) -> None:
    """Without it a retry could not be told from a second request."""
    request = pb.WriteEntriesRequest(entries=[sector(5)])

    assert (Reason.FIELD_REQUIRED, "request_id") == refusal(servicer.WriteEntries, request, call)


@pytest.mark.parametrize(("count", "reason"), [(0, Reason.FIELD_REQUIRED), (1001, Reason.TOO_MANY_ELEMENTS)])
def test_a_request_of_none_or_too_many_is_refused(
    servicer: KnowledgeServicer, call: Call, count: int, reason: Reason
) -> None:
    """Before any of them is read."""
    request = writing(*[pb.Entry()] * count)

    assert (reason, "entries") == refusal(servicer.WriteEntries, request, call)


def test_a_write_that_comes_too_late_changes_nothing(
    servicer: KnowledgeServicer, store: KnowledgeStore, clock: FixedClock
) -> None:
    """A caller that has given up is not surprised by an effect."""
    late = Call("test", ADMINISTRATOR, None, clock.now(), time.monotonic() - 1)

    assert Reason.DEADLINE_OVER is refusal(servicer.WriteEntries, writing(sector(5)), late)[0]
    assert [] == store.latest().all_entries()


def test_everybody_reads_and_administrators_write() -> None:
    """A policy for each rpc of the contract; none of them touches personal data."""
    service = pb.DESCRIPTOR.services_by_name["KnowledgeService"]

    assert {method.name for method in service.methods} == set(KNOWLEDGE_SERVICE)
    assert (
        Policy(roles=frozenset({Role.ADMINISTRATOR}), kind=MethodClass.WRITES)
        == KNOWLEDGE_SERVICE["WriteEntries"]
    )
    assert {Policy()} == {policy for name, policy in KNOWLEDGE_SERVICE.items() if name != "WriteEntries"}


def test_a_written_name_keeps_its_languages(
    servicer: KnowledgeServicer, store: KnowledgeStore, call: Call
) -> None:
    """A language that is not known stays empty; which ones are our own is kept."""
    labels = values_pb2.Labels(nl="Naam", en="Name", own_translations=["en"])
    servicer.WriteEntries(
        writing(pb.Entry(sector=pb.Sector(code=5, labels=labels, validity=validity()))), call
    )

    assert [Labels(nl="Naam", en="Name", own_translations=("en",))] == [
        each.labels for each in store.latest().entries(Sector)
    ]
