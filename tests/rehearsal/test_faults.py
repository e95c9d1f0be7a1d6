"""Each fault, provoked on purpose with raw gRPC against a real directory, is found, and no other."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
import sqlalchemy as sa
from google.type.date_pb2 import Date
from tests.directory.service.conftest import ANNA, BEA, PENSIONS, WELFARE, Directory
from tests.rehearsal.conftest import PURPOSE, Sandbox, rehearsing, request_id

from kruispunt import Period, Ssin
from kruispunt.common.v1 import feed_pb2, values_pb2
from kruispunt.directory.v1 import directory_service_pb2 as directory_pb
from kruispunt.directory.v1 import dossier_service_pb2 as dossier_pb
from kruispunt.directory.v1 import notice_service_pb2 as notice_pb
from kruispunt.directory.v1.directory_service_pb2_grpc import DirectoryServiceStub
from kruispunt.directory.v1.dossier_service_pb2_grpc import DossierServiceStub
from kruispunt.directory.v1.notice_service_pb2_grpc import NoticeServiceStub
from kruispunt_directory.domain.notices import Notice, NoticeKind
from kruispunt_directory.domain.number import NumberStatus
from kruispunt_directory.store.notices import NoticeStore
from kruispunt_server.call import InstitutionKey
from kruispunt_server.ids import new_id

LIST = "DirectoryService/ListDossiers"
REGISTER = "DossierService/RegisterDossier"
WATCH = "NoticeService/WatchNotices"
SINCE = values_pb2.Period(begin=Date(year=2026, month=1, day=1))


def ask(sandbox: Sandbox, ssin: object = ANNA, channel: Any = None, **more: Any) -> Any:
    """List a person's dossiers; a refusal is returned."""
    call = {"timeout": 5, "metadata": PURPOSE, **more.pop("call", {})}
    request = directory_pb.ListDossiersRequest(ssin=str(ssin), **more)
    return answer_of(DirectoryServiceStub(channel or sandbox.channel).ListDossiers, request, **call)


def register(sandbox: Sandbox, name: str, ssin: object = ANNA, **more: Any) -> Any:
    """Register a dossier; a refusal is returned."""
    fields = {"capacity": 2, "phase": 10, "period": SINCE, **more}
    request = dossier_pb.RegisterDossierRequest(request_id=name, ssin=str(ssin), **fields)
    stub = DossierServiceStub(sandbox.channel)
    return answer_of(stub.RegisterDossier, request, timeout=5, metadata=PURPOSE)


def answer_of(method: Any, request: Any, **call: Any) -> Any:
    try:
        return method(request, **call)
    except grpc.RpcError as error:
        return error


@contextlib.contextmanager
def watching(sandbox: Sandbox, **start: Any) -> Iterator[Iterator[Any]]:
    """Open a watch, and leave it."""
    request = notice_pb.WatchNoticesRequest(start=feed_pb2.FeedStart(**start), heartbeat_seconds=1)
    stream = NoticeServiceStub(sandbox.channel).WatchNotices(request, metadata=PURPOSE, timeout=30)
    yield (message for message in stream if message.WhichOneof("content") == "notices")
    stream.cancel()


def notify(directory: Directory, count: int) -> None:
    """Write notices for the welfare centre, as the directory does when it follows identity."""
    now = directory.clock.now()
    notices = [
        Notice(InstitutionKey(17, 1), NoticeKind.DATA_CHANGED, ANNA, ANNA, now, new_id())
        for _ in range(count)
    ]
    store = NoticeStore(directory.database, directory.tables)
    with directory.database.writing() as transaction:
        store.write(transaction, notices, now)


def replace(directory: Directory, former: Ssin, current: Ssin) -> None:
    """Let the directory know of a replacement."""
    row = {"ssin": int(former), "current_ssin": int(current), "status": int(NumberStatus.ACTIVE)}
    with directory.database.writing() as transaction:
        table = directory.tables.dossiers.number
        transaction.execute(sa.insert(table), [{**row, "recorded_at": directory.clock.now()}])


def test_no_deadline(sandbox: Sandbox) -> None:
    """Two calls without, one with."""
    for _ in range(2):
        ask(sandbox, call={"timeout": None})
    ask(sandbox)

    assert [("NO_DEADLINE", LIST, 2)] == sandbox.findings()


def test_no_purpose(sandbox: Sandbox) -> None:
    """None at all, and one that lacks the case."""
    ask(sandbox, call={"metadata": ()})
    ask(sandbox, BEA, call={"metadata": PURPOSE[:2]})

    assert [("NO_PURPOSE", LIST, 2)] == sandbox.findings()


def test_same_purpose(sandbox: Sandbox) -> None:
    """Twenty calls on five persons by one clerk for one file; with a second file there is nothing to say."""
    persons = ("85073003328", "75060898009", "42012205181", "17073003384", "75460898095")
    for ssin in persons * 4:
        ask(sandbox, ssin)
    found = sandbox.findings()
    ask(sandbox, call={"metadata": (*PURPOSE[:2], ("kruispunt-case", "2026/2"))})

    assert [("SAME_PURPOSE", LIST, 20)] == found
    assert [] == sandbox.findings()


def test_no_request_id(sandbox: Sandbox) -> None:
    """A mutation without a name is refused, and noted."""
    register(sandbox, "")

    assert [("NO_REQUEST_ID", REGISTER, 1)] == sandbox.findings()


def test_request_id_reused(sandbox: Sandbox) -> None:
    """The same name for another person."""
    name = request_id()
    register(sandbox, name)
    register(sandbox, name, BEA)

    assert [("REQUEST_ID_REUSED", REGISTER, 1)] == sandbox.findings()


def test_request_id_not_kept(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutation whose answer never came is sent again under a new name; under its own there is nothing to say."""
    commit, broken = sandbox.directory.parts.journal.commit, [True, True]

    def breaking(call: Any) -> None:
        if broken:
            broken.pop()
            raise RuntimeError("the answer is lost")
        commit(call)

    monkeypatch.setattr(sandbox.directory.parts.journal, "commit", breaking)
    first, second = request_id(), request_id()
    register(sandbox, first)
    register(sandbox, first)
    register(sandbox, first)
    assert [] == sandbox.findings()
    broken.append(True)
    register(sandbox, second, BEA)
    register(sandbox, request_id(), BEA)

    assert [("REQUEST_ID_NOT_KEPT", REGISTER, 1)] == sandbox.findings()


def test_replaced_number_used(sandbox: Sandbox) -> None:
    """After the answer said which number stands, the old one is asked twice; what was under way does not count."""
    replace(sandbox.directory, ANNA, BEA)
    ask(sandbox, ANNA)
    ask(sandbox, ANNA)
    sandbox.advance(seconds=5)
    ask(sandbox, BEA)
    assert [] == sandbox.findings()
    ask(sandbox, ANNA)
    register(sandbox, request_id(), ANNA)

    assert [("REPLACED_NUMBER_USED", LIST, 1), ("REPLACED_NUMBER_USED", REGISTER, 1)] == sandbox.findings()


def test_pages_from_start(sandbox: Sandbox) -> None:
    """A list of two pages, begun three times before it was read to its end; reading it on is nothing."""
    with sandbox.directory.client(PENSIONS) as other:
        other.register_dossier(ANNA, capacity=100, phase=20, period=Period(dt.date(2026, 1, 1)))
    register(sandbox, request_id())
    page = ask(sandbox, page_size=1)
    assert "" == ask(sandbox, page_size=1, page_token=page.next_page_token).next_page_token
    ask(sandbox, page_size=1)
    assert [] == sandbox.findings()
    for _ in range(2):
        ask(sandbox, page_size=1)

    assert [("PAGES_FROM_START", LIST, 2)] == sandbox.findings()


def test_retry_too_early(sqlite_url: str, sandbox_pki: Path) -> None:
    """A quota says when to come again: before it is too early, after it is fine."""
    with rehearsing(sqlite_url, sandbox_pki, usual_writes="1/hour") as directory:
        sandbox = Sandbox(directory, directory.channel(WELFARE))
        assert isinstance(register(sandbox, request_id()), dossier_pb.RegisterDossierResponse)
        again = request_id()
        for _ in range(3):
            assert grpc.StatusCode.RESOURCE_EXHAUSTED == register(sandbox, again, BEA).code()
        sandbox.advance(hours=2)
        register(sandbox, again, BEA)

        assert [("RETRY_TOO_EARLY", REGISTER, 2)] == sandbox.findings()


def test_retry_without_hope(sandbox: Sandbox) -> None:
    """The same malformed number three times at once; the second time is forgiven, and so is an hour later."""
    for _ in range(2):
        ask(sandbox, "85073003329")
    sandbox.advance(hours=1)
    ask(sandbox, "85073003329")
    assert [] == sandbox.findings()
    ask(sandbox, "85073003329")

    assert [("RETRY_WITHOUT_HOPE", LIST, 2)] == sandbox.findings()


def test_connection_per_call(sandbox: Sandbox) -> None:
    """Six calls, each over a channel of its own."""
    for _ in range(6):
        channel = sandbox.directory.channel(WELFARE)
        ask(sandbox, channel=channel)
        channel.close()

    assert [("CONNECTION_PER_CALL", LIST, 6)] == sandbox.findings()


def test_watch_not_resumed(sandbox: Sandbox) -> None:
    """Opened again from the beginning; with the last position, or with what is unacknowledged, it is resumed."""
    notify(sandbox.directory, 1)
    with watching(sandbox, beginning=True) as told:
        token = next(told).resume_token
    for start in ({"resume_token": token}, {"unacknowledged": True}):
        with watching(sandbox, **start):
            acknowledge(sandbox, 1)
    assert [] == sandbox.findings()
    with watching(sandbox, beginning=True) as told:
        next(told)

    assert [("WATCH_NOT_RESUMED", WATCH, 1)] == sandbox.findings()


def test_acknowledges_late(sandbox: Sandbox) -> None:
    """Two of three notices are acknowledged in time, one not at all."""
    notify(sandbox.directory, 3)
    with watching(sandbox, beginning=True) as told:
        assert 3 == len(next(told).notices.notices)
    acknowledge(sandbox, 2)
    assert [] == sandbox.findings()
    sandbox.advance(seconds=61)
    late = sandbox.findings()
    acknowledge(sandbox, 3)

    assert [("ACKNOWLEDGES_LATE", "NoticeService/AcknowledgeNotices", 1)] == late == sandbox.findings()


def acknowledge(sandbox: Sandbox, up_to_no: int) -> None:
    request = notice_pb.AcknowledgeNoticesRequest(up_to_no=up_to_no)
    NoticeServiceStub(sandbox.channel).AcknowledgeNotices(request, timeout=5)
