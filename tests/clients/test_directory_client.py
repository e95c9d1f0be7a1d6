"""The client against a scripted registry over real gRPC."""

import datetime as dt
import itertools
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest
from tests.clients.registry_stand_in import (
    ANNA,
    BRAM,
    Refusal,
    Script,
    answer_chunk,
    dossier,
    registered,
    resolution,
    route,
    serving,
)

import kruispunt
from kruispunt import DirectoryClient, Period, Purpose, Ssin, shapes
from kruispunt._service_config import SERVICE_CONFIG
from kruispunt.common.v1 import values_pb2 as common
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.directory.v1 import dossier_service_pb2 as writing_pb
from kruispunt.directory.v1 import knowledge_service_pb2 as knowledge_pb
from kruispunt.directory.v1 import notice_service_pb2 as notice_pb

Client = Callable[..., Any]  # either client

NEW_YEAR = Period(dt.date(2026, 1, 1))
UNAVAILABLE = Refusal(grpc.StatusCode.UNAVAILABLE, "STORE_UNAVAILABLE")


def test_registration_comes_back_as_values(directory: DirectoryClient, script: Script) -> None:
    """Answers are values in the domain's words, with what the caller should know."""
    script.on("RegisterDossier", registered())

    answer = directory.register_dossier(ANNA, capacity=2, period=NEW_YEAR)

    assert Ssin.parse(ANNA) == answer.dossier.ssin
    assert kruispunt.InstitutionRef(17, 1) == answer.dossier.institution
    assert NEW_YEAR == answer.dossier.period
    assert kruispunt.RegistrationOutcome.CREATED is answer.outcome
    assert [kruispunt.WarningReason.NUMBER_UNUSUAL] == [w.reason for w in answer.warnings]
    assert "e1" == answer.message.dossier.etag
    assert ANNA not in repr(answer)


def test_purpose_and_deadline_go_with_every_call(directory: DirectoryClient, script: Script) -> None:
    """Each call states the purpose in its metadata and has a deadline of at most the client's time."""
    script.on("GetRoute", route(allowed=True))

    directory.get_route(ANNA, "PENSION-RIGHTS")

    (asked,) = script.calls("GetRoute")
    assert "18/042" == asked.metadata["kruispunt-legal-basis"]
    assert "clerk-7" == asked.metadata["kruispunt-end-user"]
    assert "file-1" == asked.metadata["kruispunt-case"]
    assert asked.time_remaining is not None
    assert 3.0 < asked.time_remaining <= 5.1  # gRPC rounds upwards


def test_another_purpose_goes_over_the_same_channels(directory: DirectoryClient, script: Script) -> None:
    """A view with another purpose states that one, and its end leaves the first client open."""
    script.on("GetRoute", route(allowed=True))

    with directory.with_purpose(Purpose("19/001", "clerk-8", "file-2")) as other:
        other.get_route(ANNA, "PENSION-RIGHTS/1")
    directory.get_route(ANNA, "PENSION-RIGHTS")

    assert ["file-2", "file-1"] == [each.metadata["kruispunt-case"] for each in script.asked]
    assert [1, 0] == [each.request.data_set.variant for each in script.asked]


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED])
def test_unavailable_and_cancelled_are_repeated_with_the_same_request_id(
    directory: DirectoryClient, script: Script, status: grpc.StatusCode
) -> None:
    """The published policy repeats a call that a server turned away, and the change keeps its name."""
    script.on("RegisterDossier", Refusal(status), Refusal(status), registered())

    directory.register_dossier(ANNA, capacity=2, period=NEW_YEAR)

    ids = [each.request.request_id for each in script.calls("RegisterDossier")]
    assert 3 == len(ids)
    assert 1 == len(set(ids))
    assert 4 == uuid.UUID(ids[0]).version


def test_concurrent_change_is_repeated_by_the_client(directory: DirectoryClient, script: Script) -> None:
    """A change that met another of the same person is tried again with the same request_id."""
    busy = Refusal(grpc.StatusCode.ABORTED, "CONCURRENT_CHANGE")
    script.on("RegisterDossier", busy, registered())

    directory.register_dossier(ANNA, capacity=2, period=NEW_YEAR)

    assert 1 == len({each.request.request_id for each in script.asked})
    assert 2 == len(script.asked)


def test_full_server_is_asked_again_when_it_said(directory: DirectoryClient, script: Script) -> None:
    """A call that was turned away for want of room is repeated, not before the server's delay is over."""
    full = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS", retry_after_s=0.5)
    script.on("GetRoute", full, route(allowed=True))
    began = time.monotonic()

    assert directory.get_route(ANNA, "PENSION-RIGHTS").allowed

    assert time.monotonic() - began >= 0.5
    assert 2 == len(script.asked)


def test_other_aborts_are_told_at_once(directory: DirectoryClient, script: Script) -> None:
    """An etag that no longer fits is the caller's to solve."""
    stale = Refusal(grpc.StatusCode.ABORTED, "ETAG_MISMATCH", metadata={"field": "etag"})
    script.on("CloseDossier", stale)

    with pytest.raises(kruispunt.EtagMismatch):
        directory.close_dossier(ANNA, "d-1", end=dt.date(2026, 5, 1), etag="old")

    assert 1 == len(script.asked)


def test_each_change_has_its_own_request_id(directory: DirectoryClient, script: Script) -> None:
    """Two changes never share a name, and one that the caller made is taken as it is."""
    script.on("RegisterDossier", registered())
    mine = uuid.UUID("0193f1b2-0000-7000-8000-000000000001")

    for request_id in (None, None, mine):
        directory.register_dossier(ANNA, capacity=2, period=NEW_YEAR, request_id=request_id)

    ids = [each.request.request_id for each in script.asked]
    assert 3 == len(set(ids))
    assert str(mine) == ids[2]


def test_refusal_becomes_an_exception_of_its_reason(directory: DirectoryClient, script: Script) -> None:
    """Reason, sentence, field, metadata, status and delay arrive; the class is that of the reason."""
    metadata = {"field": "period.begin", "limit": "9"}
    refusal = Refusal(
        grpc.StatusCode.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS", "later, please", metadata, retry_after_s=7.5
    )
    script.on("GetRoute", refusal)

    with pytest.raises(kruispunt.TooManyCalls) as caught:
        directory.get_route(ANNA, "PENSION-RIGHTS")

    error = caught.value
    assert ("TOO_MANY_CALLS", "later, please", "period.begin", "RESOURCE_EXHAUSTED", 7.5) == (
        error.reason,
        error.message,
        error.field,
        error.status,
        error.retry_after_s,
    )
    assert metadata == error.metadata


def test_unknown_reason_falls_back_to_its_status(directory: DirectoryClient, script: Script) -> None:
    """A reason of a newer registry arrives as the class of its status, with its name."""
    script.on("GetRoute", Refusal(grpc.StatusCode.FAILED_PRECONDITION, "MOON_TOO_FULL"))

    with pytest.raises(kruispunt.FailedPrecondition) as caught:
        directory.get_route(ANNA, "PENSION-RIGHTS")

    assert kruispunt.FailedPrecondition is type(caught.value)
    assert "MOON_TOO_FULL" == caught.value.reason


def test_fault_of_the_registry_carries_its_incident(directory: DirectoryClient, script: Script) -> None:
    """The incident id is at hand to quote."""
    script.on("GetRoute", Refusal(grpc.StatusCode.INTERNAL, "INTERNAL_FAULT", metadata={"incident": "i-9"}))

    with pytest.raises(kruispunt.InternalFault) as caught:
        directory.get_route(ANNA, "PENSION-RIGHTS")

    assert "i-9" == caught.value.incident_id


def test_silence_ends_at_the_deadline(directory: DirectoryClient, script: Script) -> None:
    """A call that nobody answers ends as DeadlineExceeded, in its own time."""
    release = threading.Event()

    def silent(_request: object, _context: object) -> pb.GetRouteResponse:
        release.wait(5)
        return route(allowed=True)

    script.on("GetRoute", silent)
    began = time.monotonic()
    with pytest.raises(kruispunt.DeadlineExceeded, match="no answer came in time"):
        directory.get_route(ANNA, "PENSION-RIGHTS", timeout_s=0.2)
    release.set()

    assert time.monotonic() - began < 2.0


def test_call_that_never_got_through_says_so(directory_client: Client) -> None:
    """Nobody at the other end is told apart from somebody who is slow; the class stays that of the deadline."""
    with (
        directory_client("127.0.0.1:1", certificates=None, purpose=Purpose("1", "2", "3")) as client,
        pytest.raises(kruispunt.DeadlineExceeded) as caught,
    ):
        client.get_route(ANNA, "PENSION-RIGHTS", timeout_s=0.3)

    assert (
        "never connected to 127.0.0.1:1: is it up, and is your certificate of an authority that it trusts?"
        == caught.value.message
    )


def test_server_that_went_is_not_said_to_have_never_been(directory_client: Client, script: Script) -> None:
    """After one answer a silence is a silence."""
    script.on("GetRoute", route(allowed=True))
    with serving(script) as endpoint:
        client = directory_client(endpoint, certificates=None, purpose=Purpose("1", "2", "3"))
        client.get_route(ANNA, "PENSION-RIGHTS")
    with client, pytest.raises(kruispunt.KruispuntError) as caught:
        client.get_route(ANNA, "PENSION-RIGHTS", timeout_s=0.3)

    assert "never connected" not in caught.value.message


def test_without_certificates_only_loopback_is_spoken_to(directory_client: Client) -> None:
    """Plaintext never leaves the machine."""
    with pytest.raises(ValueError, match="loopback"):
        directory_client("registry.example:8442", certificates=None, purpose=Purpose("1", "2", "3"))


def test_pages_are_fetched_as_they_are_read(directory: DirectoryClient, script: Script) -> None:
    """No page is asked for before the loop comes to it, and tokens are handed on."""
    script.on(
        "ListDossiers",
        pb.ListDossiersResponse(
            dossiers=[dossier("a"), dossier("b")], next_page_token="more", resolution=resolution(ANNA, BRAM)
        ),
        pb.ListDossiersResponse(dossiers=[dossier("c")], complete=True, resolution=resolution(ANNA, BRAM)),
    )

    listing = directory.list_dossiers(ANNA, every_period=True, sector=0, page_size=2)
    assert 0 == len(script.asked)
    items = iter(listing)
    assert ["a", "b"] == [d.dossier_id for d in itertools.islice(items, 2)]
    assert 1 == len(script.asked)
    assert ["c"] == [d.dossier_id for d in items]

    assert ["", "more"] == [each.request.page_token for each in script.asked]
    assert script.asked[0].request.filter.HasField("sector")
    assert not script.asked[0].request.filter.HasField("capacity")


def test_page_says_what_the_number_turned_out_to_be(directory: DirectoryClient, script: Script) -> None:
    """Each page of a list on one person carries the resolution of its number."""
    script.on("ListDossiers", pb.ListDossiersResponse(complete=True, resolution=resolution(ANNA, BRAM)))

    page = directory.list_dossiers(ANNA).first()

    assert page.complete
    assert page.resolution is not None
    assert (Ssin.parse(BRAM), dt.date(2026, 3, 1)) == (page.resolution.current, page.resolution.replace_date)


def test_answers_of_a_stream_come_in_order(directory: DirectoryClient, script: Script) -> None:
    """Every number is answered, in order, malformed ones too, over chunks of the size asked for."""
    script.on("ResolveDossiers", lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))
    numbers = [ANNA, "no-number", BRAM] * 7

    answers = list(directory.resolve_dossiers(numbers, chunk=4))

    assert numbers == [each.asked for each in answers]
    assert kruispunt.PersonStatus.NUMBER_MALFORMED is answers[1].status
    assert answers[1].current is None
    assert Ssin.parse(BRAM) == answers[2].dossiers[0].ssin


def test_nothing_to_resolve_asks_nothing(directory: DirectoryClient, script: Script) -> None:
    """An empty input opens no stream."""
    assert [] == list(directory.resolve_dossiers([]))
    assert [] == script.asked


def test_a_stream_reads_only_a_little_ahead(directory: DirectoryClient, script: Script) -> None:
    """Input is read a few chunks ahead of the answers, so that an endless one needs bounded memory."""
    script.on("ResolveDossiers", lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))
    read = 0

    def endless() -> Iterator[str]:
        nonlocal read
        while True:
            read += 1
            yield ANNA

    answers = directory.resolve_dossiers(endless(), chunk=10)
    ahead = []
    for given, _ in enumerate(itertools.islice(answers, 500), 1):
        ahead.append(read - given)
    answers.close()  # type: ignore[attr-defined]  # it is a generator

    assert max(ahead) <= 50


def test_a_broken_stream_is_carried_on(directory: DirectoryClient, script: Script) -> None:
    """A server that goes in mid-stream costs no answer and doubles none."""

    def breaks(
        requests: Iterator[pb.ResolveDossiersRequest], context: grpc.ServicerContext
    ) -> Iterator[object]:
        yield from itertools.islice((answer_chunk(r) for r in requests if r.ssins), 2)
        context.abort(grpc.StatusCode.UNAVAILABLE, "going")

    script.on("ResolveDossiers", breaks, breaks, lambda rs, _: (answer_chunk(r) for r in rs if r.ssins))
    numbers = [ANNA, BRAM] * 20

    assert numbers == [each.asked for each in directory.resolve_dossiers(numbers, chunk=5)]
    assert 3 == len(script.asked)


def test_a_stream_that_is_refused_is_not_repeated(directory: DirectoryClient, script: Script) -> None:
    """A refusal with a reason ends the resolution."""
    script.on("ResolveDossiers", Refusal(grpc.StatusCode.PERMISSION_DENIED, "ROLE_MISSING"))

    with pytest.raises(kruispunt.RoleMissing):
        next(directory.resolve_dossiers([ANNA]))

    assert 1 == len(script.asked)


def test_a_stream_to_nobody_ends_in_its_time(directory_client: Client) -> None:
    """With no server at all the first answer is waited for as long as a call would be, and it says why."""
    began = time.monotonic()
    with (
        directory_client(
            "127.0.0.1:1", certificates=None, purpose=Purpose("1", "2", "3"), timeout_s=0.4
        ) as client,
        pytest.raises(kruispunt.DeadlineExceeded, match=r"never connected to 127\.0\.0\.1:1: is it up"),
    ):
        next(client.resolve_dossiers([ANNA]))

    assert 0.3 < time.monotonic() - began < 2.0


def test_a_stream_that_falls_silent_ends_in_its_time(directory: DirectoryClient, script: Script) -> None:
    """Each answer has its own time, the second as well as the first; what was answered is not lost."""
    release = threading.Event()

    def falls_silent(requests: Iterator[pb.ResolveDossiersRequest], _context: object) -> Iterator[object]:
        yield from itertools.islice((answer_chunk(r) for r in requests if r.ssins), 1)
        release.wait(5)

    script.on("ResolveDossiers", falls_silent)
    answers = directory.resolve_dossiers([ANNA, BRAM], chunk=1, timeout_s=0.3)
    assert ANNA == next(answers).asked
    began = time.monotonic()
    with pytest.raises(kruispunt.DeadlineExceeded, match="no answer came in time"):
        next(answers)
    release.set()

    assert time.monotonic() - began < 2.0


def test_a_reader_who_takes_his_time_loses_nothing(directory: DirectoryClient, script: Script) -> None:
    """Only waiting counts: what the caller does between two answers has no limit."""
    script.on("ResolveDossiers", lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))

    answers = []
    for answer in directory.resolve_dossiers([ANNA, BRAM], chunk=1, timeout_s=0.2):
        time.sleep(0.3)
        answers.append(answer.asked)

    assert [ANNA, BRAM] == answers


def test_an_error_of_the_input_reaches_the_caller(directory: DirectoryClient, script: Script) -> None:
    """What the caller's own iterator raises comes back as it is."""
    script.on("ResolveDossiers", lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))

    def faulty() -> Iterator[str]:
        yield ANNA
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        list(directory.resolve_dossiers(faulty(), chunk=1))


def test_an_error_of_the_registry_in_the_input_is_the_inputs(
    directory: DirectoryClient, script: Script
) -> None:
    """An input that is itself read from the registry, and breaks, is not taken for the stream that it feeds."""
    script.on("ResolveDossiers", lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))

    def faulty() -> Iterator[str]:
        yield from [ANNA] * 10  # more than are read ahead
        raise kruispunt.Unavailable("the input is away")

    with pytest.raises(kruispunt.Unavailable, match="the input is away"):
        list(directory.resolve_dossiers(faulty(), chunk=1))
    assert 1 == len(script.asked)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (shapes.All(), "all"),
        (shapes.Within(NEW_YEAR), "within"),
        (shapes.InCapacity(0), "capacity"),
        (shapes.InCapacityWithin(2, NEW_YEAR), "capacity_within"),
        (shapes.InCapacityAndPhase(0, 0), "capacity_phase"),
        (shapes.Cut("d-1", NEW_YEAR, "e1"), "cut"),
    ],
)
def test_each_shape_of_removal_is_sent(
    directory: DirectoryClient, script: Script, shape: shapes.Shape, expected: str
) -> None:
    """The six shapes arrive as the six of the contract, also where all their parts are 0."""
    script.on(
        "RemoveDossiers",
        writing_pb.RemoveDossiersResponse(removed_dossier_ids=["d-1"], resolution=resolution()),
    )

    assert ("d-1",) == directory.remove_dossiers(ANNA, shape).removed
    assert expected == script.asked[0].request.WhichOneof("shape")


def test_update_names_what_changes(directory: DirectoryClient, script: Script) -> None:
    """The mask holds what was given and nothing else, also where it is 0."""
    script.on("UpdateDossier", writing_pb.UpdateDossierResponse(dossier=dossier(), resolution=resolution()))

    directory.update_dossier(ANNA, "d-1", phase=0, source="intake-desk")

    assert ["phase", "source"] == list(script.asked[0].request.update_mask.paths)


def test_dossiers_are_reconfirmed_as_they_were_listed(directory: DirectoryClient, script: Script) -> None:
    """Listed dossiers and pairs of number and identifier can be given alike."""
    script.on("ReconfirmDossiers", writing_pb.ReconfirmDossiersResponse(outcomes=[1, 2]))  # type: ignore[list-item]
    script.on("ListDossiers", pb.ListDossiersResponse(dossiers=[dossier("a")], resolution=resolution()))
    (listed,) = directory.list_dossiers(ANNA)

    outcomes = directory.reconfirm_dossiers(
        [listed, (BRAM, "b")], synchronised_until=dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    )

    assert ["CONFIRMED", "DOSSIER_UNKNOWN"] == [each.name for each in outcomes]
    keys = script.calls("ReconfirmDossiers")[0].request.dossiers
    assert [(ANNA, "a"), (BRAM, "b")] == [(key.ssin, key.dossier_id) for key in keys]


def test_questions_are_asked_a_thousand_at_a_time(directory: DirectoryClient, script: Script) -> None:
    """More questions than one message takes go in several, and the verdicts come as one list."""
    script.on(
        "CheckAccess",
        lambda request, _: pb.CheckAccessResponse(
            verdicts=[pb.ROUTE_VERDICT_ALLOWED] * len(request.questions)
        ),
    )

    verdicts = directory.check_access(kruispunt.AccessQuestion(ANNA) for _ in range(1001))

    assert 1001 == len(verdicts)
    assert [1000, 1] == [len(each.request.questions) for each in script.asked]


def test_code_tables_are_read_over_the_same_channels(directory: DirectoryClient, script: Script) -> None:
    """The code tables need no purpose, and closing their view leaves the directory open."""
    sector = knowledge_pb.Sector(
        code=17,
        labels=common.Labels(nl="OCMW"),
        validity=common.Period(begin={"year": 2000, "month": 1, "day": 1}),
    )
    script.on("ListSectors", knowledge_pb.ListSectorsResponse(sectors=[sector]))

    with directory.knowledge as knowledge:
        (read,) = knowledge.list_sectors()
    assert [17] == [each.code for each in directory.knowledge.list_sectors()]

    assert kruispunt.entries.Sector(17, kruispunt.entries.Labels("OCMW"), Period(dt.date(2000, 1, 1))) == read
    assert "kruispunt-case" not in script.asked[0].metadata


def test_several_channels_are_several_connections(directory_client: Client, script: Script) -> None:
    """A pool of channels spreads calls over as many connections."""
    peers = set()

    def note_peer(_request: object, context: grpc.ServicerContext) -> pb.GetRouteResponse:
        peers.add(context.peer())
        return route(allowed=True)

    script.on("GetRoute", note_peer)

    with (
        serving(script) as endpoint,
        directory_client(endpoint, certificates=None, purpose=Purpose("1", "2", "3"), channels=3) as client,
    ):
        for _ in range(6):
            client.get_route(ANNA, "PENSION-RIGHTS")

    assert 3 == len(peers)


def test_a_server_that_comes_late_is_waited_for(directory_client: Client) -> None:
    """A call made before the server listens waits for it within its deadline."""
    script = Script()
    script.on("GetRoute", route(allowed=True))
    with serving(script) as endpoint:
        pass
    port = int(endpoint.rpartition(":")[2])
    with directory_client(
        endpoint, certificates=None, purpose=Purpose("1", "2", "3"), timeout_s=10
    ) as client:
        answers: list[kruispunt.Route] = []
        asking = threading.Thread(target=lambda: answers.append(client.get_route(ANNA, "PENSION-RIGHTS")))
        asking.start()
        time.sleep(0.3)
        with serving(script, port):
            asking.join()

    assert [True] == [each.allowed for each in answers]


def test_no_time_left_is_no_time_at_all(directory: DirectoryClient, script: Script) -> None:
    """Who has used up its time does not wait for as long as the client would."""

    def late(_: Any, context: Any) -> Any:
        over = threading.Event()
        context.add_callback(over.set)
        over.wait(3.0)
        return route(allowed=True)

    script.on("GetRoute", late)
    script.on(
        "ResolveDossiers",
        lambda requests, context: (late(each, context) and answer_chunk(each) for each in requests),
    )

    with pytest.raises(kruispunt.DeadlineExceeded):
        directory.get_route(ANNA, "PENSION-RIGHTS", timeout_s=0.0)
    with pytest.raises(kruispunt.DeadlineExceeded):
        list(directory.resolve_dossiers([ANNA], timeout_s=0.0))


def test_a_time_out_may_be_longer_than_the_published_one(
    directory: DirectoryClient, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of the service config is for callers that state no deadline; this one states its own."""
    monkeypatch.setitem(SERVICE_CONFIG["methodConfig"][0], "timeout", "0.3s")
    over = threading.Event()

    def late(_: Any, context: Any) -> Any:
        context.add_callback(over.set)
        over.wait(1.0)
        return route(allowed=True)

    script.on("GetRoute", late)

    assert directory.get_route(ANNA, "PENSION-RIGHTS", timeout_s=20.0).allowed


def test_a_stream_waits_until_its_quota_lets_it_through(directory: DirectoryClient, script: Script) -> None:
    """As a call does: a long one is opened again every few minutes, and each time is counted."""
    used_up = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXHAUSTED", retry_after_s=0.05)
    script.on("ResolveDossiers", used_up, lambda requests, _: map(answer_chunk, requests))
    script.on("WatchNotices", used_up, lambda _request, _context: iter([heartbeat]))
    heartbeat = notice_pb.WatchNoticesResponse(resume_token="t")
    heartbeat.heartbeat.SetInParent()

    assert [ANNA] == [str(each.asked) for each in directory.resolve_dossiers([ANNA])]
    assert "t" == next(iter(directory.watch_notices(heartbeats=True))).resume_token
