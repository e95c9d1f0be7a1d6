"""Identity on a standby: what a registrar took over it reads, others read what the standby shows, and accounts are kept."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.identity.service.conftest import REGISTRAR, WELFARE, Identity, serving_identity
from tests.identity.together.test_both_services import statements
from tests.server.processes import wait_until
from tests.standbys.conftest import Places, catch_up, migrated
from tests.support.postgres import SERVER_ROLE
from tests.support.standby import Node, primary_with

from kruispunt import IdentityClient, NumberOutcome, PartialDate, Ssin
from kruispunt.errors import PersonUnknown
from kruispunt.registering import ImportRow

pytestmark = pytest.mark.xdist_group("standbys")


@pytest.fixture
def nodes() -> Iterator[list[Node]]:
    """A primary and a standby, with an identity database."""
    with primary_with("two") as found:
        migrated(found[0], "identity")
        found[0].execute("CREATE DATABASE own TEMPLATE template_identity")
        yield found


@pytest.fixture
def places() -> Places:
    """Where reads were made."""
    return Places()


@pytest.fixture
def identity(nodes: list[Node], sandbox_pki: Path, places: Places) -> Iterator[Identity]:
    """Identity, served on both."""
    standby = nodes[1].url_of("own", SERVER_ROLE)
    with serving_identity(
        nodes[0].url_of("own"), sandbox_pki, standby_urls=[standby], standby_staleness_s=60
    ) as one:
        reads = one.assembly.parts.reads
        assert reads is not None
        reads._counted = places
        catch_up(*nodes)
        wait_until(reads.all_serve, "the standby serves")
        yield one


def outcome(client: IdentityClient, number: Ssin) -> NumberOutcome:
    (resolved,) = client.resolve_numbers([number])
    return resolved.outcome


def found(client: IdentityClient) -> int:
    return len(client.search_persons("Peeters", PartialDate(1985, 7, 30), given_names=["Anna"]).candidates)


def test_reads_of_identity_follow_the_token(identity: Identity, nodes: list[Node], places: Places) -> None:
    """The token of an import comes with the end of its stream; an export shows what was there when it began."""
    primary, standby = nodes
    registrar, other = identity.client(REGISTRAR), identity.client(WELFARE)
    standby.execute("SELECT pg_wal_replay_pause()")
    wait_until(
        lambda: standby.execute("SELECT pg_get_wal_replay_pause_state()") == [("paused",)], "it is held up"
    )
    try:
        (row,) = registrar.import_persons([ImportRow(statements("Peeters"))])
        number = row.ssin
        assert number is not None

        assert number == registrar.get_person(number).ssin
        assert NumberOutcome.CURRENT is outcome(registrar, number)
        assert 1 == found(registrar)
        assert {"primary"} == set(places.seen)
        assert [number] == [each.ssin for each in identity.client(REGISTRAR).export_persons()]

        places.seen.clear()
        with pytest.raises(PersonUnknown):
            other.get_person(number)
        assert NumberOutcome.UNKNOWN is outcome(other, number)
        with pytest.raises(PersonUnknown):
            list(other.list_person_versions(number))
        searches = identity.count(identity.tables.registration.search)
        assert 0 == found(other)
        assert searches + 1 == identity.count(identity.tables.registration.search)
        assert {"standby"} == set(places.seen)
    finally:
        standby.execute("SELECT pg_wal_replay_resume()")
    catch_up(primary, standby)
    places.seen.clear()
    assert number == other.get_person(number).ssin
    assert number == registrar.get_person(number).ssin
    assert [number] == [each.ssin for each in registrar.export_persons()]
    assert 1 == found(other)
    assert {"standby"} == set(places.seen)
