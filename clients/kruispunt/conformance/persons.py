"""Facts about persons: registered, searched, told of, read."""

import datetime as dt
import secrets

from kruispunt.conformance.cast import PENSIONS
from kruispunt.conformance.facts import equal, fact, refused, true
from kruispunt.conformance.world import World
from kruispunt.facts import (
    ContactAddress,
    DataGroup,
    IdentifierKey,
    IdentifierScheme,
    Name,
    Statement,
    Validity,
)
from kruispunt.persons import Grade, NumberOutcome, Register
from kruispunt.registering import (
    DistinctDecision,
    DistinctReason,
    FactChange,
    GroupOutcome,
    PersonOutcome,
    ProtectionState,
)
from kruispunt.ssin import SsinKind
from kruispunt.values import PartialDate

_SINCE = Validity(dt.date(2020, 1, 1))


@fact
def a_new_person_gets_a_bis_number(world: World) -> None:
    """Who is registered gets a bis number of their sex, and is read as they were told."""
    name = world.name()
    person = world.person(name)
    found = world.identity().get_person(person)

    equal(SsinKind.BIS, person.kind, "kind of the number")
    equal(0, int(str(person)[6:9]) % 2, "parity of the sequence of a woman")
    equal(Register.BIS, found.register, "register")
    equal({DataGroup.NAME, DataGroup.BIRTH, DataGroup.GENDER}, {each.group for each in found.facts}, "groups")
    equal([name], [each.value.family_name for each in found.facts if isinstance(each.value, Name)], "name")


@fact
def nobody_is_registered_twice(world: World) -> None:
    """Who is there already is told as a candidate, and nobody is created, until the caller says why it is another."""
    said = world.said(world.name())
    first = world.identity().register_person(said)
    assert first.person is not None
    again = world.identity().register_person(said)
    decision = DistinctDecision(first.person.ssin, DistinctReason.TWIN, "conformance")
    twin = world.identity().register_person(said, distinct=[decision])

    equal(PersonOutcome.CANDIDATES, again.outcome, "outcome")
    equal([(first.person.ssin, Grade.STRONG)], [(c.ssin, c.grade) for c in again.candidates], "candidates")
    equal(PersonOutcome.CREATED, twin.outcome, "outcome after the decision")
    assert twin.person is not None
    true(twin.person.ssin != first.person.ssin, "the number was given out twice")


@fact
def a_rehearsed_registration_gives_no_number_out(world: World) -> None:
    """A rehearsal of a registration shows no number, for nobody was given one."""
    answer = world.identity().register_person(world.said(world.name()), validate_only=True)

    equal(PersonOutcome.CREATED, answer.outcome, "outcome")
    equal(None, answer.person, "person")


@fact
def a_person_takes_a_minimum(world: World) -> None:
    """A name alone makes nobody."""
    refused(
        "MINIMUM_DATA_MISSING",
        lambda: world.identity().register_person(world.said(world.name())[:1]),
    )


@fact
def a_search_forgives_a_slip(world: World) -> None:
    """A search finds a person by a name with a slip of the pen, and says how likely it is."""
    given, family = world.name(), world.name()
    person = world.identity().register_person(world.said(family, given)).person
    assert person is not None
    slip = family[:6] + family[7:]
    found = world.identity().search_persons(slip, PartialDate(1981, 4, 17), given_names=[given])

    true(person.ssin in [each.ssin for each in found.candidates], "the person was not found")
    best = found.candidates[0]
    equal((person.ssin, True), (best.ssin, bool(best.parts)), "the best candidate, explained")


@fact
def a_search_names_nobody_else(world: World) -> None:
    """A search by a name that nobody bears finds nobody likely."""
    found = world.identity().search_persons(world.name(), PartialDate(1923, 2, 3), given_names=[world.name()])

    equal([], [each.grade for each in found.candidates if each.grade >= Grade.POSSIBLE], "likely candidates")


@fact
def only_who_holds_a_dossier_writes(world: World) -> None:
    """An institution without a dossier on a person cannot say anything of them."""
    person = world.held().ssin
    change = [Statement(ContactAddress("BE", postal_code="2000", municipality_name="Antwerpen"))]

    refused("NO_DOSSIER", lambda: world.identity(PENSIONS).update_person(person, change))
    answer = world.identity().update_person(person, change)
    equal([GroupOutcome.WRITTEN], [each.outcome for each in answer.results], "outcomes")


@fact
def a_correction_keeps_what_it_corrects(world: World) -> None:
    """A correction appends: what it corrects is shown no more, and stands in the history."""
    person, right = world.held().ssin, world.name()
    (wrong,) = [each for each in world.identity().get_person(person).facts if each.group is DataGroup.NAME]
    world.identity().update_person(
        person, [FactChange(Statement(Name(right), evidence=wrong.evidence), wrong.fact_id)]
    )
    shown = world.identity().get_person(person, data_groups=[DataGroup.NAME]).facts
    history = list(world.identity().list_person_versions(person, data_groups=[DataGroup.NAME]))
    names = [each.value.family_name for each in shown if isinstance(each.value, Name)]

    equal([right], names, "name shown")
    ids = [getattr(each, "fact_id", "") for each in history]
    true(wrong.fact_id in ids, "the history lost what was corrected")


@fact
def a_retracted_fact_is_not_shown(world: World) -> None:
    """A fact that was taken back is not shown; of what was known before it is."""
    person = world.held().ssin
    told = world.identity().update_person(
        person, [Statement(ContactAddress("BE", postal_code="9000", municipality_name="Gent"))]
    )
    address = told.results[0].fact
    assert address is not None
    assert address.record_time is not None
    world.identity().retract_fact(person, address.fact_id)
    groups = [
        {each.group for each in world.identity().get_person(person, known_at=instant).facts}
        for instant in (address.record_time, None)
    ]

    equal(
        [True, False],
        [DataGroup.CONTACT_ADDRESS in each for each in groups],
        "whether it is shown: then, now",
    )


@fact
def an_etag_guards_a_person(world: World) -> None:
    """Who writes of a person that changed since it was read is told so."""
    person = world.held().ssin
    etag = world.identity().get_person(person).etag
    world.identity().update_person(person, [Statement(Name(world.name()), _SINCE)], etag=etag)

    refused(
        "ETAG_MISMATCH",
        lambda: world.identity().update_person(person, [Statement(Name(world.name()), _SINCE)], etag=etag),
    )


@fact
def a_batch_answers_each_number(world: World) -> None:
    """Of many numbers each has its own outcome, in their order."""
    person = world.person()
    results = list(world.identity().get_persons([person, world.unknown(), "85073003329"]))

    equal(
        [NumberOutcome.CURRENT, NumberOutcome.UNKNOWN, NumberOutcome.MALFORMED],
        [each.resolution.outcome for each in results],
        "outcomes",
    )
    equal([True, False, False], [each.person is not None for each in results], "whether a person is shown")


@fact
def a_person_has_to_be_known(world: World) -> None:
    """A number that no register knows is told as such."""
    refused("PERSON_UNKNOWN", lambda: world.identity().get_person(world.unknown()), field="ssin")


@fact
def a_foreign_identifier_leads_to_one_person(world: World) -> None:
    """A foreign identifier finds the person that it is linked to, however it is written, and is linked to nobody else."""
    person, other = world.held().ssin, world.held().ssin
    digits = "".join(secrets.choice("0123456789") for _ in range(12))
    key = IdentifierKey("NL", IdentifierScheme.SOCIAL_SECURITY, digits)
    world.identity().link_foreign_identifier(person, key, validity=_SINCE)
    written = IdentifierKey(
        "NL", IdentifierScheme.SOCIAL_SECURITY, f"{digits[:4]}-{digits[4:8]}.{digits[8:]}"
    )
    found = world.identity().find_persons_by_foreign_identifier(written)

    equal([person], [each.ssin for each in found], "persons found")
    refused("IDENTIFIER_TAKEN", lambda: world.identity().link_foreign_identifier(other, key, validity=_SINCE))


@fact
def a_protected_person_is_shown_as_a_mark(world: World) -> None:
    """Of a protected person an institution is shown that they are, and nothing else; the registry's desk sees all."""
    person = world.held().ssin
    world.desk.set_protection(person, ProtectionState.PROTECTED, reference="conformance")
    seen, whole = world.identity().get_person(person), world.desk.get_person(person)

    equal((True, 0), (seen.protected, len(seen.facts)), "what an institution is shown")
    equal((True, True), (whole.protected, len(whole.facts) > 0), "what the desk is shown")
