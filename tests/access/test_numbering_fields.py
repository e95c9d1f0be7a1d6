"""What is shown where numbers are replaced and split, and while an export streams, is what the grant says at that moment."""

import dataclasses
import uuid
from collections.abc import Callable

from tests.access.conftest import change_grants
from tests.access.test_fields import PENSIONS, World, world
from tests.identity.conftest import identity_postgres_url, identity_sqlite_url, identity_url
from tests.identity.service.conftest import REGISTRAR, identity, sandbox_pki

from kruispunt import DataGroup, IdentityClient, NumberChangeReason
from kruispunt_server.access.rights import Grant
from kruispunt_server.call import InstitutionKey

__all__ = ["identity", "identity_postgres_url", "identity_sqlite_url", "identity_url", "sandbox_pki", "world"]

DUPLICATE = NumberChangeReason.DUPLICATE


def of_all(*groups: str) -> Callable[[Grant], Grant]:
    """Return a change that narrows every grant."""
    return lambda grant: dataclasses.replace(grant, data_groups=groups)


def narrow(world: World, *groups: str) -> None:
    """Narrow every grant, the registry's desk's too."""
    change_grants(world.identity.database, world.identity.tables.shared, of_all(*groups))
    world.identity.assembly.parts.rights._good_until = 0.0


def test_a_preview_shows_the_granted_groups(world: World) -> None:
    """In what would move and in what contradicts; who holds a dossier is a group of its own."""
    world.grant("name", "number")
    world.identity.holders.held.add((InstitutionKey(17, 1), world.stranger))

    preview = world.identity.client(PENSIONS).preview_replacement(world.person, world.stranger)

    assert {DataGroup.NAME} == {fact.group for fact in preview.moving_facts}
    assert {DataGroup.NAME} == {conflict.group for conflict in preview.conflicts}
    assert ((), (), False) == (preview.moving_identifiers, preview.told, preview.told_is_complete)


def test_a_replacement_shows_the_granted_groups(world: World) -> None:
    """Also when it is repeated after the grant was narrowed: what was kept is not shown again."""
    client, request_id = world.identity.client(PENSIONS), uuid.uuid4()

    def replaced(client: IdentityClient) -> tuple[set[DataGroup], set[DataGroup], int, set[DataGroup]]:
        done = client.replace_number(world.person, world.stranger, reason=DUPLICATE, request_id=request_id)
        return (
            {fact.group for fact in done.person.facts},
            {conflict.group for conflict in done.conflicts},
            len(done.person.foreign_identifiers),
            set(done.person.withheld),
        )

    world.grant("all")
    facts, conflicts, identifiers, withheld = replaced(client)
    assert {DataGroup.NAME, DataGroup.BIRTH} <= facts & conflicts
    assert (1, set()) == (identifiers, withheld)
    world.grant("name", "number")
    again = replaced(client)
    assert (
        {DataGroup.NAME},
        {DataGroup.NAME},
        0,
        set(DataGroup) - {DataGroup.UNSPECIFIED, DataGroup.NAME},
    ) == again


def test_a_split_shows_the_granted_groups(world: World) -> None:
    """Of both persons, and of everything that went back."""
    desk = world.identity.client(REGISTRAR)
    desk.replace_number(world.person, world.stranger, reason=DUPLICATE)
    narrow(world, "name", "number")

    receipt = desk.split_number(world.person)

    facts = [*receipt.split_off.facts, *receipt.remaining.facts, *receipt.returned_facts]
    assert {DataGroup.NAME} == {fact.group for fact in facts}
    assert () == receipt.returned_identifiers


def test_a_cancelled_number_concerns_nobody_that_may_not_be_told(world: World) -> None:
    """Who holds a dossier is told with that group only."""
    narrow(world, "number")

    cancelled = world.identity.client(REGISTRAR).cancel_number(world.person)

    assert ((), False) == (tuple(cancelled.concerned), cancelled.concerned_is_complete)
