"""Quotas over mutual TLS: of participants, of grants, of end users; who is over them is told when to come again."""

import time
from collections.abc import Iterator
from typing import cast

import grpc
import pytest
from tests.directory.service.conftest import PENSIONS, WELFARE, Directory
from tests.identity.service.conftest import Identity
from tests.quotas.calling import ANNA, LIST, Purposeful, call, reasons, search
from tests.quotas.conftest import give_quotas

from kruispunt import QuotaExhausted, Ssin
from kruispunt.common.v1.feed_pb2 import FeedStart
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.directory.v1 import notice_service_pb2 as notice_pb
from kruispunt_server.access.rights import Quota
from kruispunt_server.edge import MethodClass
from kruispunt_server.metrics import Metrics
from kruispunt_server.quotas.enforcing import Quotas
from kruispunt_server.quotas.wiring import quota_of

READS, WRITES, BULK, SEARCHES = MethodClass.READS, MethodClass.WRITES, MethodClass.BULK, MethodClass.SEARCHES
TWO_AN_HOUR = Quota(2, 3600)
FULL = "QUOTA_EXHAUSTED reads"


def test_a_participant_over_its_quota_is_refused_and_told_when_to_come_again(directory: Directory):
    """Others, and its calls of other kinds, go on; nothing is recorded of what was refused."""
    give_quotas(directory.database, directory.tables.shared, {PENSIONS: {READS: TWO_AN_HOUR}})
    pensions, welfare = directory.channel(PENSIONS), directory.channel(WELFARE)

    refusals = [call(pensions) for _ in range(4)]

    assert ["", "", FULL, FULL] == reasons(refusals)
    told = refusals[-1]
    assert told is not None
    assert (grpc.StatusCode.RESOURCE_EXHAUSTED, "kruispunt") == (told.code, told.domain)
    assert told.retry_s is not None
    assert 1700 < told.retry_s <= 1800
    assert [""] * 3 == reasons([call(welfare) for _ in range(3)])
    bulk = directory.client(PENSIONS).resolve_dossiers([Ssin.parse(ANNA)])
    assert 1 == len(list(bulk))
    assert 2 + 3 + 1 == len(directory.accesses())


def test_the_client_waits_as_it_is_told_and_repeats(directory: Directory):
    """A quota of one a second is a slower answer, not an error."""
    give_quotas(directory.database, directory.tables.shared, {PENSIONS: {READS: Quota(1, 1)}})
    client = directory.client(PENSIONS)

    began = time.monotonic()
    for _ in range(3):
        list(client.list_dossiers(Ssin.parse(ANNA)))

    assert 2.0 <= time.monotonic() - began < 8.0


def test_the_client_does_not_wait_beyond_its_deadline(directory: Directory):
    """It raises what it was told."""
    give_quotas(directory.database, directory.tables.shared, {PENSIONS: {READS: Quota(1, 3600)}})
    client = directory.client(PENSIONS)
    list(client.list_dossiers(Ssin.parse(ANNA)))

    with pytest.raises(QuotaExhausted) as caught:
        list(client.list_dossiers(Ssin.parse(ANNA)))

    assert "reads" == caught.value.metadata["quota"]
    assert (caught.value.retry_after_s or 0) > 3500


def test_a_grant_has_a_quota_for_each_of_its_participants(directory: Directory):
    """Under another grant the calls do not count, and another participant has its own."""
    shared = directory.tables.shared
    give_quotas(directory.database, shared, {}, {"institutions-work": TWO_AN_HOUR})
    pensions, welfare = directory.channel(PENSIONS), directory.channel(WELFARE)

    assert ["", "", "QUOTA_EXHAUSTED grant"] == reasons([call(pensions) for _ in range(3)])
    assert ["", ""] == reasons([call(welfare) for _ in range(2)])
    assert [""] * 4 == reasons([call(pensions, purpose=Purposeful("SANDBOX")) for _ in range(4)])


def test_a_stream_counts_by_its_opening(directory: Directory):
    """However many messages it has."""
    give_quotas(directory.database, directory.tables.shared, {PENSIONS: {BULK: TWO_AN_HOUR}})
    opened = directory.channel(PENSIONS).stream_stream(
        "/kruispunt.directory.v1.DirectoryService/ResolveDossiers"
    )

    def chunks() -> Iterator[bytes]:
        for number in range(5):
            yield pb.ResolveDossiersRequest(chunk=number, ssins=[ANNA]).SerializeToString()

    for _ in range(2):
        assert 5 == len(list(opened(chunks(), timeout=20, metadata=Purposeful().metadata())))
    with pytest.raises(grpc.RpcError) as caught:
        list(opened(chunks(), timeout=20, metadata=Purposeful().metadata()))
    assert grpc.StatusCode.RESOURCE_EXHAUSTED is caught.value.code()


def test_a_watch_counts_by_its_opening(directory: Directory):
    """It holds no thread, and a place only while it is open."""
    give_quotas(directory.database, directory.tables.shared, {PENSIONS: {BULK: Quota(1, 3600)}})
    watch = directory.channel(PENSIONS).unary_stream("/kruispunt.directory.v1.NoticeService/WatchNotices")
    metadata = Purposeful().metadata()

    request = notice_pb.WatchNoticesRequest(
        start=FeedStart(now=True), heartbeat_seconds=1
    ).SerializeToString()

    first = watch(request, timeout=20, metadata=metadata)
    next(iter(first))
    first.cancel()
    with pytest.raises(grpc.RpcError) as caught:
        next(iter(watch(request, timeout=20, metadata=metadata)))

    assert grpc.StatusCode.RESOURCE_EXHAUSTED is caught.value.code()


def test_the_quota_is_asked_after_the_grant_and_before_the_message(directory: Directory):
    """Who may not call is told that, and costs nothing; who is over its quota is not read."""
    give_quotas(directory.database, directory.tables.shared, {PENSIONS: {READS: Quota(1, 3600)}})
    pensions = directory.channel(PENSIONS)

    refused = [
        call(pensions, purpose=Purposeful("18/043")),
        call(pensions, "kruispunt.directory.v1.DirectoryService/Nothing"),
        call(pensions, LIST, b"\xff\xff"),
        call(pensions, LIST, b"\xff\xff"),
        call(pensions, purpose=Purposeful("18/043")),
    ]

    assert ["GRANT_MISSING", "METHOD_UNKNOWN", "MESSAGE_MALFORMED", FULL, "GRANT_MISSING"] == [
        reason if reason == FULL else reason.split()[0] for reason in reasons(refused)
    ]


def test_who_acts_for_an_institution_uses_up_its_quota(directory: Directory):
    """And not its own."""
    give_quotas(directory.database, directory.tables.shared, {PENSIONS: {READS: TWO_AN_HOUR}})
    service, acting = directory.channel("identity-service"), Purposeful(on_behalf_of="5/1")

    assert ["", "", FULL] == reasons([call(service, purpose=acting) for _ in range(3)])
    assert [FULL] == reasons([call(directory.channel(PENSIONS))])
    assert ["", "", ""] == reasons([call(service) for _ in range(3)])


def test_a_changed_quota_holds_within_a_second(directory: Directory):
    """As every change of rights."""
    give_quotas(directory.database, directory.tables.shared, {PENSIONS: {READS: TWO_AN_HOUR}})
    pensions = directory.channel(PENSIONS)
    assert ["", "", FULL] == reasons([call(pensions) for _ in range(3)])

    give_quotas(directory.database, directory.tables.shared, {PENSIONS: {READS: Quota(100, 60)}})
    time.sleep(1.1)

    assert ["", ""] == reasons([call(pensions) for _ in range(2)])


def test_an_end_user_has_a_budget_of_searches(identity: Identity):
    """Each for itself, and apart from those of the same name elsewhere; reads are not bounded."""
    quotas = cast("Quotas", identity.assembly.parts.edge.quotas)
    assert Quota(300, 3600) == quotas._end_user
    quotas._end_user = TWO_AN_HOUR
    channel, other = identity.channel("institution-5-1"), identity.channel("institution-17-1")
    many = [search(channel) for _ in range(3)]

    assert "QUOTA_EXHAUSTED end_user" == reasons(many)[2]
    assert "QUOTA_EXHAUSTED end_user" not in reasons(many)[:2]
    assert many[2] is not None
    assert 1700 < (many[2].retry_s or 0) <= 1800
    assert "QUOTA_EXHAUSTED end_user" not in reasons([search(channel, "clerk-8"), search(other)])
    read = "kruispunt.identity.v1.IdentityService/GetPerson"
    assert "QUOTA_EXHAUSTED end_user" not in reasons([call(channel, read, b"")])


def test_what_an_end_user_may_not_costs_its_institution_nothing(identity: Identity):
    """One clerk that runs wild does not keep the others from searching."""
    tables = identity.tables.shared
    give_quotas(identity.database, tables, {PENSIONS: {SEARCHES: Quota(5, 3600)}})
    cast("Quotas", identity.assembly.parts.edge.quotas)._end_user = TWO_AN_HOUR
    channel = identity.channel(PENSIONS)

    wild = reasons([search(channel, "wild") for _ in range(20)])
    calm = reasons([search(channel, f"clerk-{n}") for n in range(4)])

    assert ["QUOTA_EXHAUSTED end_user"] * 18 == wild[2:]
    assert "QUOTA_EXHAUSTED" not in "".join(calm[:3])
    assert "QUOTA_EXHAUSTED searches" == calm[3]


def test_who_is_refused_is_told_to_the_log_once_a_minute(directory: Directory):
    """For each participant and quota; a noisy one cannot flood it."""
    quotas = {name: {READS: Quota(1, 3600)} for name in (PENSIONS, WELFARE)}
    give_quotas(directory.database, directory.tables.shared, quotas)
    for name in (PENSIONS, WELFARE):
        channel = directory.channel(name)
        for _ in range(10):
            call(channel)

    told = [line for line in directory.lines() if line["event"] == "quota_exhausted"]

    assert [(PENSIONS, "reads", LIST), (WELFARE, "reads", LIST)] == [
        (line["participant"], line["quota"], line["method"]) for line in told
    ]


def test_refusals_are_counted_by_quota():
    """Six names at most, and no participant."""
    metrics = Metrics()
    for quota in ("reads", "reads", "end_user"):
        metrics.quota_refused(quota)

    def value(quota: str) -> float | None:
        return metrics.registry.get_sample_value("kruispunt_quota_refusals_total", {"quota": quota})

    assert (2.0, 1.0, None) == (value("reads"), value("end_user"), value("bulk"))


@pytest.mark.parametrize(
    ("text", "quota"),
    [("200/s", Quota(200, 1)), ("5/min", Quota(5, 60)), ("1/day", Quota(1, 86_400)), ("unlimited", None)],
)
def test_settings_are_written_as_in_the_file_of_rights(text: str, quota: Quota | None):
    """With one word more."""
    assert quota == quota_of(text)
