"""A caller reads what it wrote, whichever server answers: the standby's replay is held up, so what it shows is certain."""

import asyncio
import datetime as dt
import uuid
from collections.abc import Sequence

import grpc
import pytest
from tests.directory.service.conftest import ANNA, BEA, PENSIONS, PURPOSE, WELFARE
from tests.directory.service.test_no_record_no_answer import LIST
from tests.directory.service.test_no_record_no_answer import PURPOSE as STATED
from tests.server.processes import wait_until
from tests.standbys.conftest import Pair
from tests.support.rights import make_other

from kruispunt import AsyncDirectoryClient, DirectoryClient, Period, Ssin
from kruispunt.directory.v1 import directory_service_pb2 as pb
from kruispunt.errors import ParticipantUnknown

pytestmark = pytest.mark.xdist_group("standbys")

SINCE_2026 = Period(dt.date(2026, 1, 1))
TOKEN, WORD = "kruispunt-consistency-token", "kruispunt-consistency"


def write(client: DirectoryClient, person: Ssin = ANNA) -> None:
    client.register_dossier(person, capacity=10, period=SINCE_2026)


def count(client: DirectoryClient, person: Ssin = ANNA) -> int:
    return len(list(client.list_dossiers(person)))


def asked(
    pair: Pair, *metadata: tuple[str, str], request: pb.ListDossiersRequest | None = None
) -> tuple[int, Sequence[tuple[str, str | bytes]]]:
    """Ask for Anna's dossiers without the client; returns how many, and the trailing metadata."""
    invoke = pair.directory.channel(WELFARE).unary_unary(LIST)
    sent = (request or pb.ListDossiersRequest(ssin=str(ANNA))).SerializeToString()
    answer, call = invoke.with_call(sent, metadata=(*STATED, *metadata), timeout=20)
    return len(pb.ListDossiersResponse.FromString(answer).dossiers), call.trailing_metadata()


def test_who_wrote_reads_it_and_others_read_what_the_standby_shows(pair: Pair) -> None:
    """The writer at the primary, by itself; another at the standby, where it is not yet."""
    writer, other = pair.directory.client(PENSIONS), pair.directory.client(WELFARE)
    with pair.held_up():
        write(writer)

        assert (1, "primary") == (count(writer), pair.places.last())
        assert (0, "standby") == (count(other), pair.places.last())


def test_who_wrote_reads_at_the_standby_once_it_shows_that(pair: Pair) -> None:
    """The token is of what it wrote, not of everything: what another wrote since may be missing."""
    writer, other = pair.directory.client(PENSIONS), pair.directory.client(WELFARE)
    write(writer)
    with pair.held_up():
        other.register_dossier(ANNA, capacity=2, period=SINCE_2026)

        assert (1, "standby") == (count(writer), pair.places.last())
        assert (2, "primary") == (count(other), pair.places.last())


def test_a_call_waits_for_the_standby_to_show_it(pair: Pair) -> None:
    """A moment, where the operator allows one that is long enough: then it is read there."""
    writer = pair.directory.client(PENSIONS)
    pair.reads._patience_s = 30.0
    write(writer)

    assert (1, "standby") == (count(writer), pair.places.last())


def test_the_token_goes_to_another_client(pair: Pair) -> None:
    """As a value; of a second one that is older the newer is kept."""
    writer, reader = pair.directory.client(PENSIONS), pair.directory.client(WELFARE)
    write(writer)
    older = writer.consistency_token
    with pair.held_up():
        write(writer, BEA)
        assert 0 == count(reader, BEA)

        reader.note_consistency_token(writer.consistency_token)
        reader.note_consistency_token(older)

        assert 1 == count(reader, BEA)


def test_views_share_what_was_written(pair: Pair) -> None:
    """What a view writes, the client reads, and its other views, a stream and the code tables' too."""
    client = pair.directory.client(PENSIONS)
    with pair.held_up():
        write(client.with_purpose(PURPOSE))

        assert 1 == count(client)
        assert [1] == [len(each.dossiers) for each in client.resolve_dossiers([ANNA])]
        assert 1 == count(client.with_consistency("latest"))
        assert 0 == count(client.with_consistency("eventual"))
        eventual = client.with_consistency("eventual").resolve_dossiers([ANNA])
        assert [0] == [len(each.dossiers) for each in eventual]


def test_the_client_for_tasks_does_the_same(pair: Pair) -> None:
    """Its calls, views and streams; a token goes from one kind of client to the other."""
    other = pair.directory.client(WELFARE)

    async def written_and_read() -> list[int]:
        async with AsyncDirectoryClient(
            pair.directory.endpoint, certificates=pair.directory.certificates(PENSIONS), purpose=PURPOSE
        ) as client:
            await client.register_dossier(ANNA, capacity=10, period=SINCE_2026)
            counts = [len([each async for each in client.list_dossiers(ANNA)])]
            counts += [len(each.dossiers) async for each in client.resolve_dossiers([ANNA])]
            eventual = client.with_consistency("eventual")
            counts.append(len([each async for each in eventual.list_dossiers(ANNA)]))
            other.note_consistency_token(client.consistency_token)
            return counts

    with pair.held_up():
        assert [1, 1, 0] == asyncio.run(written_and_read())
        assert 1 == count(other)


def test_who_says_nothing_reads_the_primary(pair: Pair) -> None:
    """A client that knows nothing of tokens misses nothing; `latest` says the same."""
    with pair.held_up():
        write(pair.directory.client(PENSIONS))

        assert 1 == asked(pair)[0]
        assert 1 == asked(pair, (WORD, "latest"))[0]
        assert 0 == asked(pair, (WORD, "eventual"))[0]
        assert 0 == asked(pair, (WORD, "read-your-writes"))[0]


def test_a_token_alone_is_enough(pair: Pair) -> None:
    """It says what it is for; with `latest` it says nothing, with `eventual` it is not needed."""
    writer = pair.directory.client(PENSIONS)
    write(writer, BEA)
    early = writer.consistency_token
    with pair.held_up():
        write(writer)
        late = writer.consistency_token

        assert 1 == asked(pair, (TOKEN, late))[0]
        assert 0 == asked(pair, (TOKEN, early))[0]
        assert 1 == asked(pair, (TOKEN, early), (WORD, "latest"))[0]
        assert 0 == asked(pair, (TOKEN, late), (WORD, "eventual"))[0]


def test_what_no_answer_brought_is_refused(pair: Pair) -> None:
    """With the name of the entry, before anything is read."""
    foreign = "1-" + "0" * 16 + "-00000001-" + "0" * 16
    for metadata, field in (
        ([(WORD, "lastest")], WORD),
        ([(WORD, "eventual"), (WORD, "eventual")], WORD),
        ([(TOKEN, "0")], TOKEN),
        ([(TOKEN, foreign.replace("0", "g"))], TOKEN),
        ([(TOKEN, foreign), (TOKEN, foreign)], TOKEN),
    ):
        with pytest.raises(grpc.RpcError) as refused:
            asked(pair, *metadata)

        assert isinstance(refused.value, grpc.Call)
        assert grpc.StatusCode.INVALID_ARGUMENT == refused.value.code()
        assert field in (refused.value.details() or "")
    assert [] == pair.places.seen


def test_the_token_of_another_database_is_exchanged(pair: Pair) -> None:
    """It is answered from the primary, and with a token of this one: a client goes on as if nothing had happened."""
    foreign = "1-" + "0" * 16 + "-0000ffff-" + "f" * 16
    reader = pair.directory.client(WELFARE)
    reader.note_consistency_token(foreign)
    with pair.held_up():
        write(pair.directory.client(PENSIONS))

        assert 1 == count(reader)
        assert foreign != reader.consistency_token
    pair.catch_up()
    assert (1, "standby") == (count(reader), pair.places.last())


def test_an_invented_token_opens_nothing(pair: Pair) -> None:
    """Of this database and far ahead: its caller reads the primary."""
    write(pair.directory.client(PENSIONS))
    real = pair.directory.client(PENSIONS)
    write(real, BEA)
    invented = f"{real.consistency_token[:19]}00000001-{'f' * 16}"
    with pair.held_up():
        assert 1 == asked(pair, (TOKEN, invented))[0]
        assert "primary" == pair.places.last()


def test_a_token_of_a_later_timeline_is_not_taken_for_an_early_one(pair: Pair) -> None:
    """Whoever brings it has seen a promotion that this server has not: its position alone says nothing."""
    writer = pair.directory.client(PENSIONS)
    write(writer)
    later = f"{writer.consistency_token[:19]}000000ff-{1:016x}"
    with pair.held_up():
        assert 1 == asked(pair, (TOKEN, later))[0]
        assert "primary" == pair.places.last()


def test_the_past_is_read_at_the_primary(pair: Pair) -> None:
    """An answer as known at an instant never changes, so a server that lacks part of the instant does not give it."""
    writer = pair.directory.client(PENSIONS)
    instant = pair.directory.clock.now()
    with pair.held_up():
        write(writer)

        reader = pair.directory.client(WELFARE)
        assert 1 == len(list(reader.list_dossiers(ANNA, known_at=instant)))
        (resolved,) = reader.resolve_dossiers([ANNA], known_at=instant)
        assert 1 == len(resolved.dossiers)


def test_the_pages_of_a_list_are_of_one_instant(pair: Pair) -> None:
    """The first page is read at the primary too, once it turns out that it is not the only one."""
    writer, reader = pair.directory.client(PENSIONS), pair.directory.client(WELFARE)
    write(writer)
    writer.register_dossier(ANNA, capacity=20, period=SINCE_2026)
    with pair.held_up():
        writer.register_dossier(ANNA, capacity=1, period=SINCE_2026)

        found = [each.capacity for each in reader.list_dossiers(ANNA, page_size=1)]

        assert [1, 10, 20] == found


def test_a_repeated_change_brings_a_token_too(pair: Pair) -> None:
    """Of the answer that was kept: a client that lost the first answer reads what it wrote."""
    writer, request_id = pair.directory.client(PENSIONS), uuid.uuid4()
    again = pair.directory.client(PENSIONS)
    with pair.held_up():
        writer.register_dossier(ANNA, capacity=10, period=SINCE_2026, request_id=request_id)
        again.register_dossier(ANNA, capacity=10, period=SINCE_2026, request_id=request_id)

        assert 1 == count(again)


def test_rights_are_those_of_the_primary(pair: Pair) -> None:
    """A participant whose registration ended is refused though the standby does not know it yet."""
    reader = pair.directory.client(WELFARE)
    assert 0 == count(reader)
    with pair.held_up():
        directory = pair.directory
        make_other(directory.database, directory.tables.shared, WELFARE, active_until=dt.date(2026, 1, 2))

        def refused() -> bool:
            try:
                count(reader)
            except ParticipantUnknown:
                return True
            return False

        wait_until(refused, "the participant is refused")
