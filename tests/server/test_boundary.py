# ruff: noqa: ARG005
"""The boundary over a real gRPC server with mutual TLS."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from grpc_reflection.v1alpha import reflection_pb2

from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt_server import pki
from kruispunt_server.access.loading import rights_in
from kruispunt_server.boundary import Deadlines, Policy, handler_for
from kruispunt_server.call import Call, Participant, Role
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.fair_pool import CallPool
from kruispunt_server.reflection import V1, reflection_handlers

from .conftest import NAME, NOON, OFFICE, POLICIES, PURPOSE, SERVICE, Served, no_database, refusal_of, serve

Code = grpc.StatusCode
GARBAGE = b"\xff\xff\xff\x07garbage"
BAD_UTF8 = b"\x0a\x02\xff\xfe"


def test_an_answer_arrives_and_its_look_is_kept(served: Served):
    """The bytes of the servicer's message reach the caller."""
    answer = pb.ListDossiersResponse.FromString(served.call())

    assert pb.ListDossiersResponse(complete=True) == answer
    assert [1] == [look.person for look in served.journal.kept]


def test_the_servicer_knows_who_asks_why_and_until_when(served: Served):
    """A call carries participant, purpose, instant and deadline."""
    seen: list[Call] = []
    served.servicer.list_dossiers = lambda request, call: (
        seen.append(call),
        call.look(1, "dossier", "none"),
        pb.ListDossiersResponse(),
    )[2]
    before = time.monotonic()

    served.call(timeout=3)

    (call,) = seen
    assert OFFICE == call.participant
    assert call.purpose is not None
    assert ("18/042", "clerk-7", "2026/1") == (
        call.purpose.legal_basis,
        call.purpose.end_user,
        call.purpose.case,
    )
    assert NOON == call.now
    assert "kruispunt.directory.v1.DirectoryService/ListDossiers" == call.method
    assert 2.0 < call.deadline - before < 3.5


@pytest.mark.parametrize("content", [GARBAGE, BAD_UTF8], ids=["garbage", "bad-utf8"])
def test_bytes_that_are_no_message_are_an_invalid_argument(served: Served, content: bytes):
    """Neither garbage nor bad UTF-8 is INTERNAL."""
    refusal = served.refused(request=content)

    assert (Code.INVALID_ARGUMENT, "MESSAGE_MALFORMED", "kruispunt") == (
        refusal.code,
        refusal.reason,
        refusal.domain,
    )
    assert [] == served.journal.kept


def test_plaintext_is_not_authentication(served: Served):
    """A plaintext port has an authentication context, but no certificate."""
    refusal = served.refused(client=None)

    assert (Code.UNAUTHENTICATED, "CERTIFICATE_REQUIRED") == (refusal.code, refusal.reason)


def test_plaintext_names_a_participant_only_if_asked_for(authority: Any):
    """The setting names who calls over a plaintext port."""
    for served in serve(authority, plaintext_participant="pension-office"):
        assert b"\x18\x01" == served.call(client=None)


def test_a_common_name_names_nobody(served: Served):
    """A certificate without a URI name is none."""
    served.participants.found["nameless"] = OFFICE

    refusal = served.refused(client="nameless")

    assert (Code.UNAUTHENTICATED, "CERTIFICATE_REQUIRED") == (refusal.code, refusal.reason)


def test_a_common_name_that_looks_like_a_uri_names_nobody(served: Served):
    """gRPC's core offers the common name where there is no other; the boundary does not take it."""
    served.participants.found["spiffe:"] = OFFICE

    assert "CERTIFICATE_REQUIRED" == served.refused(client="spiffe:").reason


def test_a_name_that_nobody_registered_is_unknown(served: Served):
    """A certificate of the right authority is not enough."""
    refusal = served.refused(client="stranger")

    assert (Code.UNAUTHENTICATED, "PARTICIPANT_UNKNOWN") == (refusal.code, refusal.reason)
    assert "stranger" not in refusal.text


def test_a_certificate_with_one_known_name_among_others_is_let_in(served: Served):
    """Names that are nobody's do not matter."""
    assert b"\x18\x01" == served.call(client="twofold")


def test_a_certificate_with_two_known_names_is_refused(served: Served):
    """It would be open who calls."""
    served.participants.found["spiffe://test/participant/second"] = Participant("second", frozenset(), None)

    assert "PARTICIPANT_UNKNOWN" == served.refused(client="twofold").reason


def test_a_certificate_with_two_names_of_one_participant_is_let_in(served: Served):
    """A participant has two names while a certificate is replaced."""
    served.participants.found["spiffe://test/participant/second"] = OFFICE

    assert b"\x18\x01" == served.call(client="twofold")


def test_everybody_in_the_example_file_is_let_in_with_a_development_certificate(tmp_path: Path):
    """Also who has two names."""
    registrations = rights_in(Path(__file__).parents[2] / "deploy" / "rights.example.yaml").registrations
    pki.issue_all(tmp_path, {one.participant.participant_id: one.uris for one in registrations})
    for served in serve(tmp_path):
        for one in registrations:
            served.participants.found.update(dict.fromkeys(one.uris, one.participant))
        for one in registrations:
            assert b"" == served.call("GetCoverage", client=one.participant.participant_id, metadata=())


def test_a_request_too_large_is_refused_by_grpc_itself(served: Served):
    """As docs/operations.md says: without a reason of ours, and nobody is looked at."""
    with pytest.raises(grpc.RpcError) as caught:
        served.call(request=b"\x00" * ((4 << 20) + 1))

    assert Code.RESOURCE_EXHAUSTED == caught.value.code()
    assert "grpc-status-details-bin" not in dict(caught.value.trailing_metadata() or ())
    assert [] == served.journal.kept


def test_the_log_tells_which_names_are_unknown(served: Served):
    """Or an operator could not tell whose certificate it was; the caller is told nothing of it."""
    refusal = served.refused(client="stranger")

    (line,) = served.lines()
    assert ("call_refused", None, ["spiffe://test/participant/stranger"]) == (
        line["event"],
        line["participant"],
        line["uris"],
    )
    assert {} == refusal.metadata


def test_a_look_does_not_show_the_number_it_was_at(served: Served):
    """Neither in its own text nor in that of the call: both may get into a traceback."""
    call = Call("method", OFFICE, None, NOON, 0.0)
    call.look(85073003328, "dossier", "none")

    assert "85073003328" not in repr(call)
    assert "85073003328" not in repr(call.looks[0])


def test_a_revocation_bites_on_an_open_connection(served: Served):
    """The look-up is made on every call."""
    invoke = served.channel().unary_unary("/kruispunt.directory.v1.DirectoryService/ListDossiers")
    invoke(b"", metadata=PURPOSE, timeout=5)
    served.participants.found.clear()

    with pytest.raises(grpc.RpcError) as caught:
        invoke(b"", metadata=PURPOSE, timeout=5)

    assert "PARTICIPANT_UNKNOWN" == refusal_of(caught.value).reason


def test_a_missing_role_is_named(served: Served):
    """The role is told, and the log tells who lacked it."""
    refusal = served.refused("GetRoute")

    assert (Code.PERMISSION_DENIED, "ROLE_MISSING", {"role": "supplier"}) == (
        refusal.code,
        refusal.reason,
        refusal.metadata,
    )
    (line,) = served.lines()
    assert ("call_refused", "pension-office", "ROLE_MISSING") == (
        line["event"],
        line["participant"],
        line["reason"],
    )


@pytest.mark.parametrize("absent", [0, 1, 2])
def test_each_part_of_the_purpose_is_mandatory(served: Served, absent: int):
    """The first absent entry is named."""
    metadata = tuple(pair for index, pair in enumerate(PURPOSE) if index != absent)

    refusal = served.refused(metadata=metadata)

    assert (Code.INVALID_ARGUMENT, "PURPOSE_REQUIRED", PURPOSE[absent][0], {"field": PURPOSE[absent][0]}) == (
        refusal.code,
        refusal.reason,
        refusal.field,
        refusal.metadata,
    )


@pytest.mark.parametrize("value", ["", "18 042", "x" * 65, "18_042"])
def test_a_malformed_legal_basis_is_refused(served: Served, value: str):
    """1 to 64 of letters, digits, "/", "-" and "."."""
    metadata = (("kruispunt-legal-basis", value), *PURPOSE[1:])

    assert "kruispunt-legal-basis" == served.refused(metadata=metadata).field


def test_a_purpose_given_twice_is_refused(served: Served):
    """It would be open which one counts."""
    assert "kruispunt-case" == served.refused(metadata=(*PURPOSE, PURPOSE[2])).field


def test_a_method_without_personal_data_asks_no_purpose(served: Served):
    """Nor does it look at anybody."""
    assert b"" == served.call("GetCoverage", metadata=())


def test_who_is_not_let_in_learns_nothing_of_the_request(served: Served):
    """The certificate is checked before the purpose, and the purpose before the message."""
    assert "PARTICIPANT_UNKNOWN" == served.refused(request=GARBAGE, client="stranger", metadata=()).reason
    assert "ROLE_MISSING" == served.refused("GetRoute", request=GARBAGE, metadata=()).reason
    assert "PURPOSE_REQUIRED" == served.refused(request=GARBAGE, metadata=()).reason


def test_the_text_of_an_exception_never_leaves(served: Served):
    """Neither to the caller nor into the log: only an incident id in both."""

    def fails(request: Any, call: Call) -> Any:
        raise ValueError("85073003328 Jan Peeters")

    served.servicer.list_dossiers = fails

    refusal = served.refused()

    assert (Code.INTERNAL, "INTERNAL_FAULT", "the registry has a fault") == (
        refusal.code,
        refusal.reason,
        refusal.text,
    )
    (line,) = served.lines()
    assert ("call_failed", "ValueError", refusal.metadata["incident"]) == (
        line["event"],
        line["exception"],
        line["incident"],
    )
    assert "85073003328" not in served.log.getvalue()
    assert line["frames"][-1].endswith(" fails")


def test_no_journal_no_answer(served: Served):
    """What cannot be recorded is not told."""
    served.journal.fault = no_database()

    refusal = served.refused()

    assert (Code.UNAVAILABLE, "STORE_UNAVAILABLE", 1.0) == (refusal.code, refusal.reason, refusal.retry_s)


def test_a_record_that_was_in_doubt_and_is_there_is_no_fault(served: Served, monkeypatch: pytest.MonkeyPatch):
    """Written once more it is refused as known: the caller hears all the same that it may repeat the call."""
    tries: list[int] = []

    def commit(call: Call) -> None:
        tries.append(len(call.looks))
        raise no_database() if len(tries) == 1 else KeyError("a record of this identifier is there")

    monkeypatch.setattr(served.journal, "commit", commit)

    assert "STORE_UNAVAILABLE" == served.refused().reason
    assert [1, 1] == tries


def test_a_personal_answer_that_nobody_recorded_is_a_fault(served: Served):
    """Fail closed: the servicer forgot the look."""
    served.servicer.list_dossiers = lambda request, call: pb.ListDossiersResponse(complete=True)

    assert Code.INTERNAL == served.refused().code


def test_a_list_that_may_be_empty_needs_no_look(served: Served):
    """The policy says so."""
    assert b"" == served.call("ListStaleDossiers")


def test_a_refusal_after_the_person_was_noted_is_recorded_too(served: Served):
    """Who was refused on whom is an access like another."""

    def refuses(request: Any, call: Call) -> Any:
        call.look(7, "dossier", "NUMBER_CANCELLED")
        raise RegistryError(Reason.NUMBER_CANCELLED, "the number was cancelled", field="ssin")

    served.servicer.list_dossiers = refuses

    refusal = served.refused()

    assert (Code.FAILED_PRECONDITION, "NUMBER_CANCELLED", {"field": "ssin"}) == (
        refusal.code,
        refusal.reason,
        refusal.metadata,
    )
    assert [7] == [look.person for look in served.journal.kept]


def test_a_refusal_that_cannot_be_recorded_is_not_told(served: Served):
    """The refusal says something about a person as well."""

    def refuses(request: Any, call: Call) -> Any:
        call.look(7, "dossier", "NUMBER_CANCELLED")
        raise RegistryError(Reason.NUMBER_CANCELLED, "the number was cancelled", field="ssin")

    served.servicer.list_dossiers = refuses
    served.journal.fault = no_database()

    assert "STORE_UNAVAILABLE" == served.refused().reason


def test_an_answer_in_bytes_is_sent_as_it_is(served: Served):
    """An idempotent answer is stored serialised."""

    def stored(request: Any, call: Call) -> bytes:
        call.look(1, "dossier", "found")
        return b"\x18\x01"

    served.servicer.list_dossiers = stored

    assert b"\x18\x01" == served.call()


def test_a_call_without_deadline_gets_the_servers(authority: Any):
    """And a longer one than allowed is shortened."""
    spans: list[float] = []

    def measure(request: Any, call: Call) -> Any:
        spans.append(call.deadline - time.monotonic())
        call.look(1, "dossier", "none")
        return pb.ListDossiersResponse()

    for served in serve(authority, deadlines=Deadlines(default_s=4.0, longest_s=7.0)):
        served.servicer.list_dossiers = measure
        served.call(timeout=None)
        served.call(timeout=500)

    assert [4, 7] == [round(span) for span in spans]


def test_a_deadline_that_passes_is_told_by_the_servicer_too(served: Served):
    """DEADLINE_OVER becomes DEADLINE_EXCEEDED."""

    def late(request: Any, call: Call) -> Any:
        raise RegistryError(Reason.DEADLINE_OVER, "the time of the call is over")

    served.servicer.list_dossiers = late

    assert (Code.DEADLINE_EXCEEDED, "DEADLINE_OVER") == (
        (refusal := served.refused()).code,
        refusal.reason,
    )


def test_a_statement_ends_with_the_call(authority: Any, postgres_url: str):
    """The server itself says so, PostgreSQL no longer works on it, and the next call is served."""
    database = Database.open(postgres_url, pool_size=1)
    endless = database.hot(sa.text("SELECT pg_sleep(600)"))

    def sleep(request: Any, call: Call) -> Any:
        endless.rows()

    def working(request: Any, call: Call) -> Any:
        with database.reading() as connection:
            call.look(connection.execute(WORKING).scalar_one(), "dossier", "none")
        return pb.ListDossiersResponse()

    for served in serve(authority, deadlines=Deadlines(default_s=0.3)):
        served.servicer.list_dossiers = sleep
        refusal = served.refused(timeout=None)
        served.servicer.list_dossiers = working
        served.call(timeout=30)
    database.close()

    assert (Code.DEADLINE_EXCEEDED, "DEADLINE_OVER") == (refusal.code, refusal.reason)
    assert [0] == [look.person for look in served.journal.kept]


WORKING = sa.text(
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(600)'"
)


def test_an_unknown_method_is_unimplemented(served: Served):
    """With a reason of its own."""
    refusal = served.refused("Nope")

    assert (Code.UNIMPLEMENTED, "METHOD_UNKNOWN") == (refusal.code, refusal.reason)


def test_a_stranger_is_not_told_which_methods_exist(served: Served):
    """It hears about its certificate only."""
    assert "PARTICIPANT_UNKNOWN" == served.refused("Nope", client="stranger").reason


def _resolve(served: Served, requests: Any, *, timeout: float = 5.0, client: str = "pension-office") -> Any:
    invoke = served.channel(client).stream_stream("/kruispunt.directory.v1.DirectoryService/ResolveDossiers")
    return invoke(requests, metadata=PURPOSE, timeout=timeout)


def _chunk(number: int) -> bytes:
    return pb.ResolveDossiersRequest(chunk=number).SerializeToString()


def test_a_chunk_is_recorded_before_it_is_sent(served: Served):
    """When a chunk has arrived its looks are kept already, while the stream is still open."""
    sent = threading.Event()

    def requests() -> Any:
        yield _chunk(1)
        sent.wait(5)
        yield _chunk(2)

    answers = _resolve(served, requests())

    first = pb.ResolveDossiersResponse.FromString(next(answers))
    assert (1, [1]) == (first.chunk, [look.person for look in served.journal.kept])
    sent.set()
    second = pb.ResolveDossiersResponse.FromString(next(answers))
    assert (2, [1, 2]) == (second.chunk, [look.person for look in served.journal.kept])
    assert [] == list(answers)


def test_a_chunk_that_cannot_be_recorded_is_not_sent(served: Served):
    """The stream ends with what is wrong."""
    served.journal.fault = no_database()
    answers = _resolve(served, iter([_chunk(1)]))

    with pytest.raises(grpc.RpcError) as caught:
        next(answers)

    assert "STORE_UNAVAILABLE" == refusal_of(caught.value).reason


def test_garbage_in_the_middle_of_a_stream_ends_it_cleanly(served: Served):
    """What was answered before stays answered."""
    answers = _resolve(served, iter([_chunk(1), GARBAGE]))

    assert 1 == pb.ResolveDossiersResponse.FromString(next(answers)).chunk
    with pytest.raises(grpc.RpcError) as caught:
        next(answers)
    assert (Code.INVALID_ARGUMENT, "MESSAGE_MALFORMED") == (
        caught.value.code(),
        refusal_of(caught.value).reason,
    )


@pytest.mark.parametrize("role", [Role.AUDITOR, None], ids=["without-its-role", "revoked"])
def test_a_revocation_bites_on_an_open_stream(authority: Any, role: Role | None):
    """The next chunk is refused, and nobody is looked at for it."""
    policies = POLICIES | {
        "ResolveDossiers": Policy(roles=frozenset({Role.CONSUMER}), personal=True, max_streams=2)
    }
    for served in serve(authority, policies=policies):
        revoked = threading.Event()

        def requests() -> Any:
            yield _chunk(1)
            revoked.wait(5)  # noqa: B023 - one turn only
            yield _chunk(2)

        answers = _resolve(served, requests())
        next(answers)
        served.participants.found.clear()
        if role is not None:
            changed = Participant(OFFICE.participant_id, frozenset({role}), OFFICE.institution)
            served.participants.found["spiffe://test/participant/pension-office"] = changed
        revoked.set()
        with pytest.raises(grpc.RpcError) as caught:
            next(answers)

        assert ("PARTICIPANT_UNKNOWN" if role is None else "ROLE_MISSING") == refusal_of(caught.value).reason
        assert [1] == [look.person for look in served.journal.kept]


def test_an_answer_does_not_leave_after_a_revocation(served: Served):
    """The work on a chunk may take its time; who lost access meanwhile does not see what came of it."""

    def revokes(requests: Any, call: Call) -> Any:
        for request in requests:
            call.look(request.chunk, "dossier", "none")
            served.participants.found.clear()
            yield pb.ResolveDossiersResponse(chunk=request.chunk)

    served.servicer.resolve_dossiers = revokes

    with pytest.raises(grpc.RpcError) as caught:
        next(_resolve(served, iter([_chunk(1)])))

    assert "PARTICIPANT_UNKNOWN" == refusal_of(caught.value).reason


def test_a_stream_stays_with_who_opened_it(served: Served):
    """A name that went to another participant meanwhile does not hand the open stream over."""

    def moves(requests: Any, call: Call) -> Any:
        for request in requests:
            other = Participant("second", OFFICE.roles, OFFICE.institution)
            served.participants.found["spiffe://test/participant/pension-office"] = other
            yield pb.ResolveDossiersResponse(chunk=request.chunk)

    served.servicer.resolve_dossiers = moves

    with pytest.raises(grpc.RpcError) as caught:
        next(_resolve(served, iter([_chunk(1)])))

    assert "PARTICIPANT_UNKNOWN" == refusal_of(caught.value).reason


def test_one_participant_leaves_streams_to_the_others(served: Served):
    """It has half of them at most; what it gives back may be taken again."""
    work_office = Participant("work-office", frozenset({Role.CONSUMER}), None)
    served.participants.found["spiffe://test/participant/work-office"] = work_office
    release = threading.Event()

    def requests() -> Any:
        yield _chunk(1)
        release.wait(5)

    own = [_resolve(served, requests()) for _ in range(2)]
    for answers in own:
        next(answers)
    with pytest.raises(grpc.RpcError) as caught:
        next(_resolve(served, requests()))
    others = [_resolve(served, requests(), client="work-office") for _ in range(2)]

    assert "TOO_MANY_CALLS" == refusal_of(caught.value).reason
    for answers in others:
        assert 1 == pb.ResolveDossiersResponse.FromString(next(answers)).chunk
    release.set()
    for answers in [*own, *others]:
        assert [] == list(answers)


def test_a_silent_stream_is_ended_and_a_slow_one_is_not(authority: Any):
    """Silence between two messages counts, neither the duration of the whole nor the server's own work."""
    for served in serve(authority, deadlines=Deadlines(idle_s=0.6)):
        never = threading.Event()

        def slow_requests() -> Any:
            for chunk in (1, 2, 3):
                time.sleep(0.3)
                yield _chunk(chunk)

        def slow_work(requests: Any, call: Call) -> Any:
            for request in requests:
                time.sleep(0.7 if request.chunk == 3 else 0)
                call.look(request.chunk, "dossier", "none")
                yield pb.ResolveDossiersResponse(chunk=request.chunk)

        def silent_requests() -> Any:
            never.wait(20)  # noqa: B023 - one turn only
            yield _chunk(1)

        served.servicer.resolve_dossiers = slow_work
        assert 3 == len(list(_resolve(served, slow_requests(), timeout=20)))
        began = time.monotonic()
        with pytest.raises(grpc.RpcError) as caught:
            next(_resolve(served, silent_requests(), timeout=20))
        waited_s = time.monotonic() - began
        never.set()

        assert Code.CANCELLED == caught.value.code()
        assert 0.5 < waited_s < 10
        assert served.edge.running.wait_none(5)


def test_idle_reflection_streams_do_not_keep_the_others_waiting(authority: Any):
    """Both threads are taken by callers that ask nothing; the third is answered when their time is over."""
    threads = ThreadPoolExecutor(2)
    for served in serve(authority, more=reflection_handlers([NAME], threads, idle_s=0.5)):
        ask = f"/{V1}/ServerReflectionInfo"
        never = threading.Event()
        idle = [served.channel().stream_stream(ask)(_silence(never), timeout=60) for _ in range(2)]
        request = reflection_pb2.ServerReflectionRequest(list_services="*").SerializeToString()
        time.sleep(0.2)  # both are there

        (answer,) = served.channel().stream_stream(ask)(iter([request]), timeout=20)
        ended = [one.code() for one in idle]  # waits; they end by themselves
        never.set()

        assert b"DirectoryService" in answer
        assert [Code.CANCELLED] * 2 == ended


def _silence(end: threading.Event) -> Any:
    end.wait(60)
    yield from ()


def test_one_stream_too_many_is_refused_with_a_time_to_retry(served: Served):
    """And when one has ended another is taken."""
    release = threading.Event()

    def requests() -> Any:
        yield _chunk(1)
        release.wait(5)

    open_streams = [_resolve(served, requests()) for _ in range(2)]
    for answers in open_streams:
        next(answers)

    with pytest.raises(grpc.RpcError) as caught:
        next(_resolve(served, requests()))

    refusal = refusal_of(caught.value)
    assert (Code.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS", 1.0) == (refusal.code, refusal.reason, refusal.retry_s)
    release.set()
    for answers in open_streams:
        assert [] == list(answers)
    assert 1 == pb.ResolveDossiersResponse.FromString(next(_resolve(served, iter([_chunk(1)])))).chunk


def test_open_streams_leave_unary_calls_their_threads(served: Served):
    """Streams run on threads of their own."""
    release = threading.Event()

    def requests() -> Any:
        yield _chunk(1)
        release.wait(5)

    open_streams = [_resolve(served, requests()) for _ in range(2)]
    for answers in open_streams:
        next(answers)

    assert b"\x18\x01" == served.call(timeout=2)
    release.set()


def test_a_stream_that_its_caller_cancels_frees_its_place(served: Served):
    """Nothing is logged, and no thread stays."""
    for _ in range(6):
        answers = _resolve(served, _endless())
        next(answers)
        answers.cancel()
        assert served.edge.running.wait_none(5)

    assert [] == served.lines()


def _endless() -> Any:
    yield _chunk(1)
    threading.Event().wait(0.5)
    yield _chunk(2)


def test_a_stream_longer_than_its_deadline_ends(served: Served):
    """The caller sees its own deadline; the place is free again."""
    answers = _resolve(served, _endless(), timeout=0.3)
    next(answers)

    with pytest.raises(grpc.RpcError) as caught:
        list(answers)

    assert Code.DEADLINE_EXCEEDED == caught.value.code()
    assert served.edge.running.wait_none(5)


def test_a_method_without_policy_fails_the_build(served: Served):
    """Deny by default begins at start."""
    policies = {name: policy for name, policy in POLICIES.items() if name != "GetRoute"}

    with pytest.raises(ValueError, match=r"DirectoryService: rpcs and policies differ by \['GetRoute'\]"):
        handler_for(SERVICE, served.servicer, policies, served.edge)


def test_a_stream_without_limit_fails_the_build(served: Served):
    """Or it could take every thread."""
    policies = POLICIES | {"ResolveDossiers": Policy(roles=frozenset({Role.CONSUMER}))}

    with pytest.raises(ValueError, match="ResolveDossiers: a streaming method needs a limit"):
        handler_for(SERVICE, served.servicer, policies, served.edge)


def test_more_calls_than_can_wait_are_refused_at_once(authority: Any):
    """One runs, one waits, the third is told to come back; health is not refused."""
    release = threading.Event()

    def slow(request: Any, call: Call) -> Any:
        release.wait(10)
        call.look(1, "dossier", "none")
        return pb.ListDossiersResponse(complete=True)

    pool = CallPool(1)
    for served in serve(authority, pool=pool, shed_above=1):
        served.servicer.list_dossiers = slow
        invoke = served.channel().unary_unary("/kruispunt.directory.v1.DirectoryService/ListDossiers")
        first = invoke.future(b"", metadata=PURPOSE, timeout=20)
        running = served.edge.running
        assert _soon(lambda: running.count() == 1)  # noqa: B023 - called at once
        second = invoke.future(b"", metadata=PURPOSE, timeout=20)
        assert _soon(lambda: pool.waiting() == 1)

        refusal = served.refused()
        unknown = served.channel().unary_unary("/grpc.health.v1.Health/Check").future(b"", timeout=5)

        assert (Code.RESOURCE_EXHAUSTED, "TOO_MANY_CALLS", 0.5) == (
            refusal.code,
            refusal.reason,
            refusal.retry_s,
        )
        assert Code.UNIMPLEMENTED == unknown.code()  # this server has no health; it was let through
        release.set()
        assert [b"\x18\x01"] * 2 == [first.result(), second.result()]


def _soon(condition: Any) -> bool:
    latest = time.monotonic() + 10
    while not condition() and time.monotonic() < latest:
        time.sleep(0.01)
    return bool(condition())


def test_a_stream_that_neither_sends_nor_hangs_up_is_ended(authority: Any):
    """Or whoever holds a certificate could keep every place for ever."""
    for served in serve(authority, deadlines=Deadlines(stream_s=0.2)):
        never = threading.Event()

        def requests() -> Any:
            yield _chunk(1)
            never.wait(20)  # noqa: B023 - one turn only

        answers = _resolve(served, requests(), timeout=20)
        next(answers)
        with pytest.raises(grpc.RpcError) as caught:
            next(answers)
        never.set()

        assert Code.CANCELLED == caught.value.code()
        assert served.edge.running.wait_none(5)
