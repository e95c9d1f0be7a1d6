"""Institutions ask who holds what, may I, from whom, over the wire."""

import dataclasses
import datetime as dt
import itertools
import time

import grpc
import pytest
import sqlalchemy as sa
from google.protobuf.timestamp_pb2 import Timestamp
from tests.directory.service.conftest import (
    ADMINISTRATOR,
    ANNA,
    BEA,
    NOON,
    NSSO,
    PENSIONS,
    PURPOSE,
    UNEMPLOYMENT,
    WELFARE,
    Directory,
)

from kruispunt import (
    AccessQuestion,
    CheckOutcome,
    DataSetRef,
    DirectoryClient,
    InstitutionRef,
    NetworkLevel,
    PageTokenInvalid,
    Period,
    PersonStatus,
    Purpose,
    RouteVerdict,
    Ssin,
    StaleKind,
    TimeInFuture,
    errors,
)
from kruispunt._columns import persons_in
from kruispunt._messages import person_of
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.directory.v1.directory_service_pb2_grpc import DirectoryServiceStub
from kruispunt_directory.domain.number import NumberStatus

OPEN = Period(dt.date(2020, 1, 1))
RIGHTS = DataSetRef("PENSION-RIGHTS")
METADATA = (
    ("kruispunt-legal-basis", "18/042"),
    ("kruispunt-end-user", "clerk-7"),
    ("kruispunt-case", "2026/1"),
)


def hold(
    directory: Directory, participant: str, capacity: int, phase: int = 0, period: Period = OPEN
) -> None:
    directory.client(participant).register_dossier(ANNA, capacity=capacity, phase=phase, period=period)


def holdings(directory: Directory) -> DirectoryClient:
    """Anna is known to three institutions; returns the welfare centre's client."""
    hold(directory, PENSIONS, 100, 20)
    hold(directory, WELFARE, 2, 10)
    hold(directory, NSSO, 10)
    return directory.client(WELFARE)


def test_list_is_in_order_and_complete(directory: Directory) -> None:
    """By sector, institution, capacity and begin."""
    listing = holdings(directory).list_dossiers(ANNA)

    assert [(5, 1, 100), (12, 1, 10), (17, 1, 2)] == [
        (d.institution.sector, d.institution.institution, d.capacity) for d in listing
    ]


@pytest.mark.parametrize(
    ("narrowed", "capacities"),
    [
        ({"sector": 5}, [100]),
        ({"sector": 17, "institution": 1}, [2]),
        ({"sector": 17, "institution": 2}, []),
        ({"capacity": 10}, [10]),
        ({"network_level": NetworkLevel.PRIMARY, "sector": 12}, [10]),
        ({"valid_at": dt.date(2019, 12, 31)}, []),
        ({"valid_at": dt.date(2020, 1, 1)}, [100, 10, 2]),
    ],
)
def test_filters_narrow(directory: Directory, narrowed: dict, capacities: list[int]) -> None:
    """Sector, institution, capacity, network level and day."""
    assert capacities == [d.capacity for d in holdings(directory).list_dossiers(ANNA, **narrowed)]


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pages_give_everything_once(directory: Directory, size: int) -> None:
    """Whatever the page size, with and without a narrower question."""
    client = holdings(directory)

    assert [100, 10, 2] == [d.capacity for d in client.list_dossiers(ANNA, page_size=size)]
    assert [100, 10, 2] == [d.capacity for d in client.list_dossiers(ANNA, every_period=True, page_size=size)]


def test_page_token_of_another_query_is_refused(directory: Directory) -> None:
    """A token continues the query it was given for, and no other."""
    holdings(directory)
    stub = DirectoryServiceStub(directory.channel(WELFARE))
    first = stub.ListDossiers(
        pb.ListDossiersRequest(ssin=str(ANNA), page_size=1), metadata=METADATA, timeout=5
    )

    for request in (
        pb.ListDossiersRequest(ssin=str(BEA), page_size=1, page_token=first.next_page_token),
        pb.ListDossiersRequest(ssin=str(ANNA), every_period=True, page_token=first.next_page_token),
        pb.ListDossiersRequest(ssin=str(ANNA), page_token="bm9uc2Vuc2U="),
        pb.ListDossiersRequest(ssin=str(ANNA), page_token="é"),
    ):
        with pytest.raises(grpc.RpcError) as refusal:
            stub.ListDossiers(request, metadata=METADATA, timeout=5)
        assert grpc.StatusCode.INVALID_ARGUMENT == refusal.value.code()
    assert not first.complete
    assert issubclass(PageTokenInvalid, errors.InvalidArgument)


def test_the_future_is_not_known(directory: Directory) -> None:
    """`known_at` after now is refused."""
    with pytest.raises(TimeInFuture) as refusal:
        list(directory.client(WELFARE).list_dossiers(ANNA, known_at=NOON + dt.timedelta(seconds=1)))

    assert "known_at" == refusal.value.field


def test_stream_answers_every_number_in_order(directory: Directory) -> None:
    """Known, unknown, replaced, cancelled and malformed numbers are all answered."""
    client = holdings(directory)
    replaced, cancelled, unknown = (Ssin.assemble(850_101, n, born_from_2000=False) for n in (1, 3, 5))
    with directory.database.writing() as transaction:
        transaction.execute(
            sa.insert(directory.tables.dossiers.number),
            [
                {
                    "ssin": int(replaced),
                    "current_ssin": int(ANNA),
                    "status": int(NumberStatus.ACTIVE),
                    "recorded_at": NOON,
                },
                {
                    "ssin": int(cancelled),
                    "current_ssin": int(cancelled),
                    "status": int(NumberStatus.CANCELLED),
                    "recorded_at": NOON,
                },
            ],
        )

    answers = list(
        client.resolve_dossiers([str(ANNA), "nonsense", str(unknown), str(replaced), str(cancelled)], chunk=2)
    )

    assert [
        (PersonStatus.FOUND, 3),
        (PersonStatus.NUMBER_MALFORMED, 0),
        (PersonStatus.NO_DOSSIER, 0),
        (PersonStatus.FOUND, 3),
        (PersonStatus.NUMBER_CANCELLED, 0),
    ] == [(answer.status, len(answer.dossiers)) for answer in answers]
    assert ANNA == answers[3].current


@pytest.mark.parametrize("known_at", [None, NOON + dt.timedelta(hours=1)])
def test_columns_say_what_messages_say(directory: Directory, known_at: dt.datetime | None) -> None:
    """Every field of every dossier, for a caller of today and for one who asks about the past; nobody's is empty."""
    client = holdings(directory)
    client.register_dossier(
        BEA, capacity=2, phase=10, period=Period(dt.date(2019, 12, 31), dt.date(2990, 1, 1))
    )
    directory.clock.advance(dt.timedelta(hours=2))
    stub = DirectoryServiceStub(directory.channel(WELFARE))
    instant = Timestamp()
    if known_at is not None:
        instant.FromDatetime(known_at.replace(tzinfo=None))

    def asked(*, columnar: bool) -> pb.ResolveDossiersResponse:
        criteria = pb.ResolutionCriteria(columnar=columnar, known_at=instant if known_at else None)
        request = pb.ResolveDossiersRequest(ssins=[str(BEA), "nonsense", str(ANNA)], criteria=criteria)
        (answer,) = stub.ResolveDossiers(iter([request]), metadata=METADATA, timeout=5)
        return answer  # type: ignore[no-any-return]

    messages, columns = asked(columnar=False), asked(columnar=True)

    assert (False, True) == (messages.HasField("columns"), columns.HasField("columns"))
    assert [0, 2, 2, 2] == list(columns.columns.person)
    assert list(map(person_of, messages.persons)) == list(persons_in(columns))
    assert [1, 0, 3] == [len(each.dossiers) for each in persons_in(columns)]
    for each in messages.persons:
        each.ClearField("dossiers")
    assert list(messages.persons) == list(columns.persons)


def test_stream_of_many_persons(directory: Directory) -> None:
    """Twenty thousand persons in one stream: counts in are counts out, each look is recorded."""
    client = holdings(directory)
    numbers = [
        Ssin.assemble(year * 10_000 + month * 100 + 1, sequence, born_from_2000=False)
        for year in range(60, 82)
        for month in range(1, 13)
        for sequence in range(1, 80)
    ][:20_000]
    before = directory.count(directory.tables.shared.access)

    answers = sum(1 for _ in client.resolve_dossiers(itertools.chain(numbers, [ANNA])))

    assert 20_001 == answers
    assert 20_001 == directory.count(directory.tables.shared.access) - before


def test_stream_refuses_too_many_numbers_a_message(directory: Directory) -> None:
    """More than 1000 numbers in one message are refused, with the limit told."""
    stub = DirectoryServiceStub(directory.channel(WELFARE))
    request = pb.ResolveDossiersRequest(ssins=[str(ANNA)] * 1001)

    with pytest.raises(grpc.RpcError) as refusal:
        list(stub.ResolveDossiers(iter([request]), metadata=METADATA, timeout=5))

    assert grpc.StatusCode.RESOURCE_EXHAUSTED == refusal.value.code()


def test_stream_takes_criteria_once(directory: Directory) -> None:
    """Criteria in a later message would change the question half-way: refused."""
    stub = DirectoryServiceStub(directory.channel(WELFARE))
    requests = [pb.ResolveDossiersRequest(ssins=[str(ANNA)], criteria=pb.ResolutionCriteria())] * 2

    with pytest.raises(grpc.RpcError) as refusal:
        list(stub.ResolveDossiers(iter(requests), metadata=METADATA, timeout=5))

    assert grpc.StatusCode.INVALID_ARGUMENT == refusal.value.code()


def test_stream_looks_at_a_day_and_an_instant(directory: Directory) -> None:
    """`valid_at`, `known_at` and the filter hold for the whole stream."""
    client = holdings(directory)

    def held(**criteria: object) -> int:
        return len(next(iter(client.resolve_dossiers([ANNA], **criteria))).dossiers)

    assert 0 == held(valid_at=dt.date(2019, 1, 1))
    assert 0 == held(known_at=NOON - dt.timedelta(days=1))
    assert 3 == held(known_at=NOON)
    assert 1 == held(sector=5)


def test_allowed_route_names_suppliers(directory: Directory) -> None:
    """A welfare centre that pays integration income may obtain pension rights from the pension office."""
    route = holdings(directory).get_route(ANNA, RIGHTS)

    assert (RouteVerdict.ALLOWED, "18/042") == (route.verdict, route.deliberation)
    assert [(InstitutionRef(5, 1), 100)] == [(s.institution, s.capacity) for s in route.suppliers]
    assert [CheckOutcome.PASSED] * 7 == [check.outcome for check in route.checks]


def test_refused_route_says_why_and_names_nobody(directory: Directory) -> None:
    """Without a dossier of one's own: the fourth check fails, the seventh is withheld."""
    hold(directory, PENSIONS, 100, 20)

    route = directory.client(WELFARE).get_route(ANNA, RIGHTS)

    assert (RouteVerdict.NO_OWN_DOSSIER, ()) == (route.verdict, tuple(route.suppliers))
    assert "PASSED PASSED PASSED FAILED NOT_MADE NOT_MADE WITHHELD" == " ".join(
        check.outcome.name for check in route.checks
    )


def test_route_follows_what_was_known(directory: Directory) -> None:
    """Asked about an instant before the registration, the answer is that of then."""
    client = holdings(directory)

    assert (
        RouteVerdict.NO_OWN_DOSSIER
        == client.get_route(ANNA, RIGHTS, known_at=NOON - dt.timedelta(days=1)).verdict
    )


def test_route_decision_is_in_the_access_log(directory: Directory) -> None:
    """The decision_id names the access record that keeps the verdict."""
    route = holdings(directory).get_route(ANNA, RIGHTS)

    table = directory.tables.shared.access
    with directory.database.reading() as connection:
        kept = {str(row.access_id): row.result for row in connection.execute(sa.select(table))}
    assert "allowed" == kept[route.decision_id]


def test_legal_basis_of_the_call_is_the_deliberation(directory: Directory) -> None:
    """Under another legal basis the same question is not authorised."""
    holdings(directory)
    client = directory.client(WELFARE, Purpose(legal_basis="SANDBOX", end_user="clerk-7", case="2026/1"))

    assert RouteVerdict.NOT_AUTHORISED == client.get_route(ANNA, RIGHTS).verdict
    assert RouteVerdict.ALLOWED == client.get_route(ANNA, RIGHTS, deliberation=PURPOSE.legal_basis).verdict


def test_check_access_agrees_with_routes(directory: Directory) -> None:
    """One verdict per question, in order; without data set: is there a dossier of one's own?"""
    client = holdings(directory)

    verdicts = client.check_access(
        [
            AccessQuestion(ANNA, RIGHTS),
            AccessQuestion(BEA, RIGHTS),
            AccessQuestion("12345678901", RIGHTS),
            AccessQuestion(ANNA),
            AccessQuestion(BEA),
        ]
    )

    assert [
        RouteVerdict.ALLOWED,
        RouteVerdict.NO_OWN_DOSSIER,
        RouteVerdict.NUMBER_UNUSABLE,
        RouteVerdict.ALLOWED,
        RouteVerdict.NO_OWN_DOSSIER,
    ] == list(verdicts)


def test_coverage_tells_not_told_from_none(directory: Directory) -> None:
    """Every institution is named, with its last change and its declaration."""
    client = holdings(directory)
    directory.client(PENSIONS).reconfirm_dossiers([], synchronised_until=NOON - dt.timedelta(hours=2))

    coverage = {entry.institution: entry for entry in client.get_coverage(page_size=7)}

    told, silent = coverage[InstitutionRef(5, 1)], coverage[InstitutionRef(15, 1)]
    assert (NOON, NOON - dt.timedelta(hours=2)) == (told.last_change_time, told.synchronised_until)
    assert (None, None) == (silent.last_change_time, silent.synchronised_until)
    assert {InstitutionRef(17, 1)} == {
        entry.institution for entry in client.get_coverage(sector=17, institution=1)
    }


def test_stale_dossiers_are_listed_longest_waiting_first(directory: Directory) -> None:
    """Not confirmed for a year; a confirmation takes a dossier off the list."""
    client = directory.client(UNEMPLOYMENT)
    client.register_dossier(ANNA, capacity=1, phase=10, period=OPEN)
    directory.clock.advance(dt.timedelta(days=10))
    client.register_dossier(BEA, capacity=1, phase=10, period=OPEN)
    directory.clock.advance(dt.timedelta(days=380))

    stale = list(client.list_stale_dossiers(page_size=1))
    assert [(ANNA, 390), (BEA, 380)] == [(entry.dossier.ssin, entry.age_days) for entry in stale]

    client.reconfirm_dossiers([stale[0].dossier])
    assert [BEA] == [entry.dossier.ssin for entry in client.list_stale_dossiers()]
    assert [] == list(directory.client(PENSIONS).list_stale_dossiers())


def test_orphaned_and_ended_dossiers_are_listed(directory: Directory) -> None:
    """Open on a cancelled number: orphaned. Two phases on one day after a replacement: overlapping."""
    client = directory.client(UNEMPLOYMENT)
    client.register_dossier(ANNA, capacity=1, phase=10, period=OPEN)
    assert [] == list(client.list_stale_dossiers(kind=StaleKind.ORPHANED))
    with directory.database.writing() as transaction:
        transaction.execute(
            sa.insert(directory.tables.dossiers.number).values(
                ssin=int(ANNA), current_ssin=int(ANNA), status=int(NumberStatus.DECEASED), recorded_at=NOON
            )
        )

    assert [ANNA] == [entry.dossier.ssin for entry in client.list_stale_dossiers(kind=StaleKind.ORPHANED)]
    assert [] == list(client.list_stale_dossiers(kind=StaleKind.OVERLAPPING))
    assert [] == list(client.list_stale_dossiers(kind=StaleKind.CODE_ENDED))


def test_every_look_is_recorded(directory: Directory) -> None:
    """Reads leave one access record per person looked at, found or not."""
    client = directory.client(WELFARE)
    list(client.list_dossiers(ANNA))
    client.get_route(ANNA, RIGHTS)
    client.check_access([AccessQuestion(ANNA), AccessQuestion(BEA)])
    list(client.resolve_dossiers([ANNA, BEA]))

    assert [
        ("ListDossiers", "dossier", "none"),
        ("GetRoute", "route", "no_own_dossier"),
        ("CheckAccess", "route", "no_own_dossier"),
        ("CheckAccess", "route", "no_own_dossier"),
        ("ResolveDossiers", "dossier", "none"),
        ("ResolveDossiers", "dossier", "none"),
    ] == sorted(directory.accesses(), key=lambda entry: ORDER.index(entry[0]))


ORDER = ["ListDossiers", "GetRoute", "CheckAccess", "ResolveDossiers"]


def test_pages_are_of_one_instant(directory: Directory) -> None:
    """What changes between two pages neither drops out of the list nor comes twice."""
    client = holdings(directory)
    pages = client.list_dossiers(ANNA, page_size=2).pages()
    first = next(pages)
    directory.clock.advance(dt.timedelta(minutes=1))
    last = directory.client(WELFARE).list_dossiers(ANNA, sector=17).first().items[0]
    directory.client(WELFARE).update_dossier(ANNA, last.dossier_id, period=Period(dt.date(2021, 1, 1)))
    directory.client(PENSIONS).register_dossier(ANNA, capacity=1, period=OPEN)

    rest = [dossier for page in pages for dossier in page.items]

    assert [100, 10] == [dossier.capacity for dossier in first.items]
    assert [(2, OPEN)] == [(dossier.capacity, dossier.period) for dossier in rest]


def test_a_page_token_outlives_midnight(directory: Directory) -> None:
    """The day of the first page is that of the whole list."""
    client = holdings(directory)
    pages = client.list_dossiers(ANNA, page_size=2).pages()
    next(pages)
    directory.clock.advance(dt.timedelta(hours=12))

    assert [2] == [dossier.capacity for page in pages for dossier in page.items]


def test_stream_and_route_follow_a_chain_to_its_end(directory: Directory) -> None:
    """A replaced number that leads to a cancelled one is as unusable as that one."""
    client = directory.client(WELFARE)
    with directory.database.writing() as transaction:
        transaction.execute(
            sa.insert(directory.tables.dossiers.number),
            [
                {"ssin": int(ANNA), "current_ssin": int(BEA), "status": 2, "recorded_at": NOON},
                {"ssin": int(BEA), "current_ssin": int(BEA), "status": 3, "recorded_at": NOON},
            ],
        )

    with pytest.raises(errors.NumberCancelled):
        client.get_route(ANNA, RIGHTS)
    with pytest.raises(errors.NumberCancelled):
        client.register_dossier(ANNA, capacity=2, phase=10, period=OPEN)
    assert [RouteVerdict.NUMBER_UNUSABLE] == list(client.check_access([AccessQuestion(ANNA)]))
    assert [PersonStatus.NUMBER_CANCELLED] == [each.status for each in client.resolve_dossiers([ANNA])]


def test_a_right_withdrawn_tells_no_suppliers_of_the_past(directory: Directory) -> None:
    """As known before the withdrawal it was allowed; who holds a dossier is told only to one who may today."""
    client = holdings(directory)
    directory.clock.advance(dt.timedelta(hours=1))
    knowledge = directory.client(ADMINISTRATOR).knowledge
    entries = [
        dataclasses.replace(entry, validity=Period(entry.validity.begin, dt.date(2026, 1, 1)))
        for entry in knowledge.list_authorisations(sector=17)
        if entry.data_set == RIGHTS
    ]
    knowledge.write_entries(entries)
    directory.clock.advance(dt.timedelta(seconds=5))
    time.sleep(1.1)  # the code tables are read anew once a second

    then = client.get_route(ANNA, RIGHTS, known_at=NOON)

    assert RouteVerdict.NOT_AUTHORISED == client.get_route(ANNA, RIGHTS).verdict
    assert (RouteVerdict.ALLOWED, (), CheckOutcome.WITHHELD) == (
        then.verdict,
        tuple(then.suppliers),
        then.checks[-1].outcome,
    )


def test_check_access_looks_back(directory: Directory) -> None:
    """`known_at` before the registration: the answer is that of then."""
    client = holdings(directory)

    before = client.check_access([AccessQuestion(ANNA, RIGHTS)], known_at=NOON - dt.timedelta(days=1))

    assert [RouteVerdict.NO_OWN_DOSSIER] == list(before)


def test_a_future_dossier_is_not_stale(directory: Directory) -> None:
    """What has not begun wants no confirmation yet."""
    client = directory.client(UNEMPLOYMENT)
    client.register_dossier(ANNA, capacity=1, phase=10, period=Period(dt.date(2028, 1, 1)))
    directory.clock.advance(dt.timedelta(days=400))

    assert [] == list(client.list_stale_dossiers())
