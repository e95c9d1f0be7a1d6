"""Facts about who may: legal basis, role, dossier, data groups."""

import functools

from kruispunt.conformance.cast import AUDITOR, NARROW, OTHER_WELFARE, WELFARE
from kruispunt.conformance.facts import equal, fact, refused
from kruispunt.conformance.world import DAY, INCOME, OPEN, World
from kruispunt.facts import ContactAddress, DataGroup, Statement


@fact
def a_call_needs_a_grant_under_its_legal_basis(world: World) -> None:
    """A legal basis under which the participant was granted nothing lets nobody in."""
    person = world.person()

    refused(
        "GRANT_MISSING",
        lambda: world.identity(WELFARE, "99/999").get_person(person),
        field="kruispunt-legal-basis",
    )
    refused("GRANT_MISSING", lambda: world.directory(WELFARE, "99/999").list_dossiers(person).first())


@fact
def a_method_is_of_its_roles(world: World) -> None:
    """Who may look at the journal may not look at dossiers or persons, nor register any."""
    person = world.person()

    refused("ROLE_MISSING", lambda: world.directory(AUDITOR).list_dossiers(person).first())
    refused("ROLE_MISSING", lambda: world.identity(AUDITOR).get_person(person))
    refused(
        "ROLE_MISSING",
        lambda: world.directory(AUDITOR).register_dossier(person, capacity=INCOME, phase=10, period=OPEN),
    )


@fact
def a_grant_may_ask_for_a_dossier(world: World) -> None:
    """Where the grant asks for a dossier, a person without one and a number that there is not are refused alike."""
    person = world.held().ssin
    for number in (person, world.unknown()):
        ask = functools.partial(world.identity(OTHER_WELFARE, NARROW).get_person, number)
        refused("NO_DOSSIER", ask, field="ssin")

    equal(person, world.identity(WELFARE, NARROW).get_person(person).ssin, "the person whom the caller holds")


@fact
def an_answer_holds_the_groups_of_the_grant(world: World) -> None:
    """What the legal basis does not cover is withheld, and the answer names it."""
    person = world.held().ssin
    world.identity().update_person(
        person, [Statement(ContactAddress("BE", postal_code="9000", municipality_name="Gent"))]
    )
    narrow, whole = world.identity(WELFARE, NARROW).get_person(person), world.identity().get_person(person)

    equal(
        True, DataGroup.CONTACT_ADDRESS in {each.group for each in whole.facts}, "shown under the wide grant"
    )
    equal(
        False,
        DataGroup.CONTACT_ADDRESS in {each.group for each in narrow.facts},
        "shown under the narrow one",
    )
    equal(True, DataGroup.CONTACT_ADDRESS in narrow.withheld, "named as withheld")


@fact
def a_grant_covers_its_methods_only(world: World) -> None:
    """A legal basis for reading persons is none for listing dossiers."""
    refused(
        "GRANT_MISSING",
        lambda: world.directory(WELFARE, NARROW).list_dossiers(world.held().ssin, valid_at=DAY).first(),
    )
