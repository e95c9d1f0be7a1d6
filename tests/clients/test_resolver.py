"""Look-ups that travel together: each has its own answer, error and deadline; for threads and for tasks."""

import asyncio
import itertools
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
import pytest
from tests.clients.conftest import PURPOSE
from tests.clients.registry_stand_in import ANNA, BRAM, Refusal, Script, answer_chunk

import kruispunt
from kruispunt import AsyncDirectoryClient, DirectoryClient, PersonDossiers, Purpose
from kruispunt._async import driver as for_tasks
from kruispunt._sync import driver as for_threads
from kruispunt._travelling import Travelling
from kruispunt.directory.v1 import directory_service_pb2 as pb

Outcome = PersonDossiers | BaseException
Play = Callable[..., list[Outcome]]


def by_threads(endpoint: str, questions: list[tuple[str, float | None]], **criteria: Any) -> list[Outcome]:
    """Ask each question from a thread of its own."""
    with (
        DirectoryClient(endpoint, certificates=None, purpose=PURPOSE) as client,
        client.resolver(**criteria) as resolver,
        ThreadPoolExecutor(max(len(questions), 1)) as threads,
    ):
        asked = [threads.submit(resolver.look_up, text, timeout_s=limit) for text, limit in questions]
        return [each.exception() or each.result() for each in asked]


def by_tasks(endpoint: str, questions: list[tuple[str, float | None]], **criteria: Any) -> list[Outcome]:
    """Ask each question in a task of its own."""

    async def play() -> list[Outcome]:
        async with (
            AsyncDirectoryClient(endpoint, certificates=None, purpose=PURPOSE) as client,
            client.resolver(**criteria) as resolver,
        ):
            asked = [resolver.look_up(text, timeout_s=limit) for text, limit in questions]
            return list(await asyncio.gather(*asked, return_exceptions=True))

    return asyncio.run(play())


@pytest.fixture(params=[by_threads, by_tasks])
def ask(request: pytest.FixtureRequest, endpoint: str) -> Play:
    """Ask many questions at once, each with its own time; what each ends with comes back in their order."""
    return lambda questions, **criteria: request.param(endpoint, questions, **criteria)


class Gate:
    """Answers chunk after chunk, and holds the first of all streams back until it is opened."""

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self.headers: list[pb.ResolutionCriteria] = []
        self.arrived = threading.Event()
        self.open = threading.Event()
        self.open.set()

    def __call__(self, requests: Iterator[pb.ResolveDossiersRequest], _context: Any) -> Iterator[Any]:
        for request in requests:
            if request.HasField("criteria"):
                self.headers.append(request.criteria)
            self.sizes.append(len(request.ssins))
            self.arrived.set()
            if len(self.sizes) == 1:
                self.open.wait(10)
            yield answer_chunk(request)


@pytest.fixture
def gate(script: Script) -> Iterator[Gate]:
    made = Gate()
    script.on("ResolveDossiers", made)
    yield made
    made.open.set()


@pytest.fixture
def when(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Do something as soon as a method of a class was called so often, by whomever."""

    def watched(kind: type, name: str, count: int, done: Callable[[], Any]) -> None:
        method, calls = getattr(kind, name), itertools.count(1)

        def counted(*args: Any) -> Any:
            result = method(*args)
            if next(calls) == count:
                done()
            return result

        monkeypatch.setattr(kind, name, counted)

    return watched


def test_look_ups_travel_together_over_one_stream(
    ask: Play, script: Script, gate: Gate, when: Callable[..., None]
) -> None:
    """Those that come while messages are under way go in the next, and each gets what it asked for."""
    gate.open.clear()
    when(Travelling, "ask", 40, gate.open.set)
    numbers = [ANNA, BRAM] * 20

    answers = ask([(number, None) for number in numbers])

    assert numbers == [each.asked for each in answers]  # type: ignore[union-attr]
    assert numbers == [str(each.dossiers[0].ssin) for each in answers]  # type: ignore[union-attr]
    assert 1 == len(script.asked)
    assert 40 == sum(gate.sizes)
    assert len(gate.sizes) <= 3  # one, one, and the rest


def test_each_has_its_own_error(ask: Play, script: Script) -> None:
    """What is wrong with one number is told to who asked for it, and to nobody else."""

    def answer(requests: Iterator[pb.ResolveDossiersRequest], _context: Any) -> Iterator[Any]:
        for request in requests:
            response = answer_chunk(request)
            for person in response.persons:
                if person.asked_ssin == BRAM:
                    person.status = pb.PERSON_STATUS_NUMBER_CANCELLED
            if request.ssins:
                yield response

    script.on("ResolveDossiers", answer)

    malformed, cancelled, found = ask([("1234", None), (BRAM, None), (ANNA, None)])

    assert isinstance(malformed, kruispunt.NumberMalformed)
    assert {"field": "ssin", "fault": "digits"} == malformed.metadata
    assert "ssin" == malformed.field
    assert isinstance(cancelled, kruispunt.NumberCancelled)
    assert isinstance(found, PersonDossiers)
    assert kruispunt.PersonStatus.FOUND is found.status


def test_each_has_its_own_deadline(ask: Play, gate: Gate, when: Callable[..., None]) -> None:
    """Who waits less long is told so in time; the others have their answers, from the same message too."""
    gate.open.clear()
    for driver in (for_threads, for_tasks):
        when(driver.Room, "leave", 2, gate.open.set)

    hasty, patient, also_hasty = ask([(ANNA, 0.2), (BRAM, 20.0), (ANNA, 0.2)])

    assert isinstance(hasty, kruispunt.DeadlineExceeded)
    assert "no answer came in time" == hasty.message
    assert isinstance(also_hasty, kruispunt.DeadlineExceeded)
    assert isinstance(patient, PersonDossiers)
    assert BRAM == patient.asked


def test_a_broken_stream_asks_again_what_is_not_answered(ask: Play, script: Script) -> None:
    """A server that goes costs no answer, and what it answered is not asked again."""
    answered: list[str] = []

    def answer(requests: Iterator[pb.ResolveDossiersRequest]) -> Iterator[Any]:
        for request in requests:
            if request.ssins:
                answered.extend(request.ssins)
                yield answer_chunk(request)

    def breaks_at_once(_requests: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        # What gRPC itself does not repeat: the client has had something of this stream.
        context.send_initial_metadata(())
        context.abort(grpc.StatusCode.UNAVAILABLE, "going")
        yield

    def breaks(requests: Iterator[pb.ResolveDossiersRequest], context: grpc.ServicerContext) -> Iterator[Any]:
        yield from itertools.islice(answer(requests), 1)
        context.abort(grpc.StatusCode.UNAVAILABLE, "going")

    script.on("ResolveDossiers", breaks_at_once, breaks, lambda requests, _: answer(requests))
    numbers = [ANNA, BRAM] * 10

    answers = ask([(number, None) for number in numbers])

    assert numbers == [each.asked for each in answers]  # type: ignore[union-attr]
    assert sorted(numbers) == sorted(answered)
    assert 2 <= len(script.asked) <= 3


def test_a_refused_stream_is_told_to_those_on_it(ask: Play, script: Script) -> None:
    """Each gets an exception of its own, with reason and all."""
    refusal = Refusal(grpc.StatusCode.PERMISSION_DENIED, "GRANT_MISSING", metadata={"field": "purpose"})
    script.on("ResolveDossiers", refusal)

    errors = ask([(ANNA, None), (BRAM, None), (ANNA, None)])

    assert [kruispunt.GrantMissing] * 3 == [type(each) for each in errors]
    assert ["purpose"] * 3 == [each.field for each in errors]  # type: ignore[union-attr]
    assert 3 == len(set(map(id, errors)))


def test_who_gets_no_stream_hears_why(ask: Play, script: Script) -> None:
    """What kept the registry from answering is what is raised at the deadline."""
    full = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXHAUSTED", retry_after_s=0.1)
    script.on("ResolveDossiers", full)

    (error,) = ask([(ANNA, 0.5)])

    assert isinstance(error, kruispunt.QuotaExhausted)
    assert 0.1 == pytest.approx(error.retry_after_s)
    assert 2 <= len(script.asked)


def test_a_full_quota_is_waited_for(ask: Play, script: Script) -> None:
    """As a call waits for it within its deadline."""
    full = Refusal(grpc.StatusCode.RESOURCE_EXHAUSTED, "QUOTA_EXHAUSTED", retry_after_s=0.1)
    script.on("ResolveDossiers", full, lambda requests, _: (answer_chunk(r) for r in requests if r.ssins))

    (answer,) = ask([(ANNA, None)])

    assert isinstance(answer, PersonDossiers)


def test_further_ones_wait_for_room(endpoint: str, gate: Gate) -> None:
    """Within their deadline; when another has its answer, there is room again."""
    gate.open.clear()
    with (
        DirectoryClient(endpoint, certificates=None, purpose=PURPOSE, timeout_s=20) as client,
        client.resolver(most_waiting=1) as resolver,
        ThreadPoolExecutor(1) as threads,
    ):
        first = threads.submit(resolver.look_up, ANNA)
        assert gate.arrived.wait(10)
        with pytest.raises(kruispunt.DeadlineExceeded):
            resolver.look_up(BRAM, timeout_s=0.1)
        gate.open.set()

        assert [ANNA, BRAM] == [first.result(20).asked, resolver.look_up(BRAM).asked]
    assert [1, 1] == gate.sizes


def test_tasks_wait_for_room_in_their_order(endpoint: str, gate: Gate) -> None:
    """One after the other where there is room for one."""
    numbers = [ANNA, BRAM, ANNA]

    answers = by_tasks(endpoint, [(number, 20.0) for number in numbers], most_waiting=1)

    assert numbers == [each.asked for each in answers]  # type: ignore[union-attr]
    assert [1, 1, 1] == gate.sizes


def test_a_message_has_a_thousand_numbers_at_most(endpoint: str, gate: Gate) -> None:
    """The registry takes no more."""

    answers = by_tasks(endpoint, [(ANNA, 20.0)] * 2500)

    assert {ANNA} == {each.asked for each in answers}  # type: ignore[union-attr]
    assert 2500 == sum(gate.sizes)
    assert 1000 == max(gate.sizes)


def test_criteria_and_purpose_are_those_of_the_resolver(endpoint: str, script: Script, gate: Gate) -> None:
    """Views with different purposes have resolvers with streams of their own."""
    with DirectoryClient(endpoint, certificates=None, purpose=PURPOSE) as client:
        other = client.with_purpose(Purpose("19/001", "clerk-8", "file-2"))
        with client.resolver(sector=5) as first, other.resolver(capacity=2) as second:
            for resolver in (first, second, first):
                assert ANNA == resolver.look_up(ANNA).asked

    assert {"file-1", "file-2"} == {each.metadata["kruispunt-case"] for each in script.asked}
    assert 2 == len({each.metadata["kruispunt-case"] for each in script.asked})
    assert [(5, False), (0, True)] == [
        (each.filter.sector, each.filter.HasField("capacity")) for each in gate.headers[:2]
    ]


def test_a_stream_without_look_ups_ends(endpoint: str, script: Script, gate: Gate) -> None:
    """It would hold a thread of the server; the next look-up opens another."""
    ended = threading.Semaphore(0)

    def answer(requests: Iterator[pb.ResolveDossiersRequest], context: Any) -> Iterator[Any]:
        context.add_callback(ended.release)
        yield from gate(requests, context)

    script.on("ResolveDossiers", answer)
    with (
        DirectoryClient(endpoint, certificates=None, purpose=PURPOSE) as client,
        client.resolver() as resolver,
    ):
        for _ in range(2):
            resolver.look_up(ANNA)
            assert ended.acquire(timeout=10)

    assert 2 == len(script.asked)
    assert "kruispunt-resolver" not in {each.name for each in threading.enumerate()}


def test_a_closed_resolver_answers_what_was_asked_and_takes_nothing_more(endpoint: str, gate: Gate) -> None:
    """Closing waits for look-ups under way."""
    gate.open.clear()
    with DirectoryClient(endpoint, certificates=None, purpose=PURPOSE) as client:
        resolver = client.resolver()
        with ThreadPoolExecutor(2) as threads:
            asked = threads.submit(resolver.look_up, ANNA)
            assert gate.arrived.wait(10)
            closing = threads.submit(resolver.close)
            assert not closing.done()
            gate.open.set()
            assert ANNA == asked.result(10).asked
            closing.result(10)
        with pytest.raises(ValueError, match="this resolver is closed"):
            resolver.look_up(ANNA)


def test_a_closed_client_ends_look_ups(endpoint: str, gate: Gate) -> None:
    """Nobody waits for ever."""
    gate.open.clear()
    client = DirectoryClient(endpoint, certificates=None, purpose=PURPOSE)
    resolver = client.resolver()
    with ThreadPoolExecutor(1) as threads:
        asked = threads.submit(resolver.look_up, ANNA)
        assert gate.arrived.wait(10)
        client.close()
        with pytest.raises(ValueError, match="this client is closed"):
            asked.result(10)


def test_what_no_message_can_hold_leaves_the_others(endpoint: str, gate: Gate) -> None:
    """It would keep all that travel with it from being asked: it is refused to who asks for it, and to nobody else."""
    gate.open.clear()

    async def play() -> list[Any]:
        async with (
            AsyncDirectoryClient(endpoint, certificates=None, purpose=PURPOSE) as client,
            client.resolver() as resolver,
        ):
            numbers = [ANNA, BRAM, ANNA, "8507300332\ud800", "8" * 5_000_000, BRAM]
            tasks = [asyncio.create_task(resolver.look_up(number, timeout_s=10)) for number in numbers]
            assert await asyncio.to_thread(gate.arrived.wait, 10)
            gate.open.set()
            return await asyncio.gather(*tasks, return_exceptions=True)

    answers = asyncio.run(play())

    assert [ANNA, BRAM, ANNA, BRAM] == [each.asked for each in answers if isinstance(each, PersonDossiers)]
    assert [UnicodeEncodeError, ValueError] == list(map(type, answers[3:5]))


def test_a_cancelled_task_leaves_the_others(endpoint: str, gate: Gate) -> None:
    """Its look-up is forgotten, or its answer dropped; what travels with it arrives."""
    gate.open.clear()

    async def play() -> str:
        async with (
            AsyncDirectoryClient(endpoint, certificates=None, purpose=PURPOSE) as client,
            client.resolver() as resolver,
        ):
            tasks = [asyncio.create_task(resolver.look_up(number)) for number in (ANNA, ANNA, BRAM)]
            assert await asyncio.to_thread(gate.arrived.wait, 10)
            tasks[0].cancel()
            tasks[1].cancel()
            gate.open.set()
            with pytest.raises(asyncio.CancelledError):
                await tasks[0]
            return (await tasks[2]).asked

    assert BRAM == asyncio.run(play())
