"""What comes back is exactly what the grant says: fields in every answer, and dossiers where the grant asks for one."""

import dataclasses
import datetime as dt
import statistics
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from tests.access.conftest import change_grants
from tests.directory.service.conftest import PENSIONS, WELFARE, Directory
from tests.identity.service.conftest import REGISTRAR, Identity

from kruispunt import (
    Birth,
    CivilState,
    ContactAddress,
    DataGroup,
    DataGroupNotGranted,
    Evidence,
    EvidenceKind,
    Fact,
    ForeignIdentifier,
    Gender,
    GrantMissing,
    GroupOutcome,
    IdentifierKey,
    IdentifierScheme,
    KruispuntError,
    Name,
    NoDossier,
    NumberChangeReason,
    NumberEvent,
    NumberOutcome,
    PartialDate,
    Period,
    PersonStatus,
    Place,
    Sex,
    Ssin,
    Statement,
)
from kruispunt_server.access.rights import Grant
from kruispunt_server.call import InstitutionKey

SEEN = Evidence(EvidenceKind.PASSPORT, "EH1234567", "FR")
UNKNOWN = Ssin.parse("75460898095")
ANNA, BEA = Ssin.parse("85073003328"), Ssin.parse("75060898009")
IDENTIFIER = IdentifierKey("FR", IdentifierScheme.NATIONAL_NUMBER, "1234567890123")


def statements(family: str, born: int) -> list[Statement]:
    """Return what is known of somebody, in six groups."""
    return [
        Statement(Name(family, ("Mia",)), evidence=SEEN),
        Statement(Birth(PartialDate(born, 1, 2), Place("FR", municipality_name="Lille"))),
        Statement(Gender(Sex.FEMALE)),
        Statement(CivilState(10)),
        Statement(ContactAddress("BE", postal_code="2000", municipality_name="Antwerpen", street="Meir")),
    ]


def only(*groups: str, requires_dossier: bool = False) -> Callable[[Grant], Grant]:
    """Return a change that narrows the institutions' grant, and leaves the others."""

    def change(grant: Grant) -> Grant:
        if grant.grant_id != "institutions-work":
            return grant
        return dataclasses.replace(grant, data_groups=groups, requires_dossier=requires_dossier)

    return change


@dataclasses.dataclass
class World:
    """Identity with two persons, of whom the pension office has a dossier on the first."""

    identity: Identity
    person: Ssin
    stranger: Ssin

    def grant(self, *groups: str, requires_dossier: bool = False) -> None:
        """Let institutions have these groups only, from now on."""
        change_grants(
            self.identity.database,
            self.identity.tables.shared,
            only(*groups, requires_dossier=requires_dossier),
        )
        self.identity.assembly.parts.rights._good_until = 0.0


@pytest.fixture
def world(identity: Identity) -> World:
    """Two persons whose facts the registry's desk told."""
    desk = identity.client(REGISTRAR)
    numbers = []
    for family, born in (("Peeters", 1980), ("Zwaluw", 1961)):
        created = desk.register_person(statements(family, born)[:3]).person
        assert created is not None
        desk.update_person(created.ssin, statements(family, born)[3:])
        numbers.append(created.ssin)
    desk.link_foreign_identifier(numbers[0], IDENTIFIER)
    identity.holders.everybody = False
    identity.holders.held = {(InstitutionKey(5, 1), numbers[0])}
    return World(identity, *numbers)


GRANTED = {DataGroup.NAME, DataGroup.CIVIL_STATE}
WITHHELD = {
    DataGroup.BIRTH,
    DataGroup.DECEASE,
    DataGroup.GENDER,
    DataGroup.NATIONALITIES,
    DataGroup.RESIDENTIAL_ADDRESS,
    DataGroup.CONTACT_ADDRESS,
}


def test_reads_show_the_granted_groups_and_name_the_others(world: World) -> None:
    """One person, many, and a history alike."""
    world.grant("name", "civil_state", "number")
    client = world.identity.client(PENSIONS)

    person = client.get_person(world.person)
    (of_batch,) = client.get_persons([world.person])
    history = list(client.list_person_versions(world.person))

    assert of_batch.person is not None
    for found in (person, of_batch.person):
        assert {fact.group for fact in found.facts} == GRANTED
        assert set(found.withheld) == WITHHELD
        assert [] == list(found.foreign_identifiers)
    assert {entry.group for entry in history if isinstance(entry, Fact)} == GRANTED
    assert [] == [entry for entry in history if isinstance(entry, ForeignIdentifier)]


def test_a_request_narrows_and_never_widens(world: World) -> None:
    """Groups that are asked for and not granted are withheld."""
    world.grant("name", "civil_state", "number")
    client = world.identity.client(PENSIONS)

    person = client.get_person(world.person, data_groups=[DataGroup.NAME, DataGroup.BIRTH])

    assert ({DataGroup.NAME}, {DataGroup.BIRTH}) == (
        {fact.group for fact in person.facts},
        set(person.withheld),
    )


def test_a_search_shows_the_granted_groups(world: World) -> None:
    """Of what is shown of candidates at all; without any of it number and grade only."""
    world.grant("name", "civil_state", "number")
    client = world.identity.client(PENSIONS)
    (shown,) = client.search_persons("Peeters", PartialDate(1980, 1, 2)).candidates
    world.grant("civil_state", "number")
    (bare,) = client.search_persons("Peeters", PartialDate(1980, 1, 2)).candidates

    assert shown.person is not None
    assert {DataGroup.NAME} == {fact.group for fact in shown.person.facts}
    assert (world.person, None, ()) == (bare.ssin, bare.person, tuple(bare.parts))


def test_what_is_not_granted_cannot_be_told(world: World) -> None:
    """Of an update each group has its own outcome; a registration is refused whole."""
    world.grant("name", "birth", "gender", "number")
    client = world.identity.client(PENSIONS)

    update = client.update_person(
        world.person, [Statement(CivilState(20)), Statement(Name("Peeters", ("Mia", "Lou")), evidence=SEEN)]
    )
    with pytest.raises(DataGroupNotGranted) as refused:
        client.register_person(statements("Mussche", 1999))

    assert [(GroupOutcome.REFUSED, "DATA_GROUP_NOT_GRANTED"), (GroupOutcome.WRITTEN, "")] == [
        (each.outcome, each.reason) for each in update.results
    ]
    assert ("facts[3].value", "civil_state") == (
        refused.value.field,
        refused.value.metadata["data_group"],
    )


def test_a_method_about_a_group_that_is_not_granted_is_refused(world: World) -> None:
    """Whom a foreign identifier belongs to is told with that group only."""
    world.grant("name", "number")

    with pytest.raises(DataGroupNotGranted) as refused:
        world.identity.client(PENSIONS).find_persons_by_foreign_identifier(IDENTIFIER)

    assert "foreign_identifier" == refused.value.metadata["data_group"]


def test_a_preview_shows_the_granted_groups_and_institutions_to_who_may_know_them(world: World) -> None:
    """Facts that would move, what contradicts, identifiers, and who would be told."""
    world.identity.holders.held.add((InstitutionKey(17, 1), world.person))
    world.grant("name", "number")
    client = world.identity.client(PENSIONS)

    narrow = client.preview_replacement(world.person, world.stranger)
    world.grant("all")
    whole = client.preview_replacement(world.person, world.stranger)

    assert {DataGroup.NAME} == {fact.group for fact in narrow.moving_facts}
    assert {DataGroup.NAME} == {each.group for each in narrow.conflicts}
    assert ((), (), False) == (
        tuple(narrow.moving_identifiers), tuple(narrow.told), narrow.told_is_complete,
    )  # fmt: skip
    assert {DataGroup.NAME, DataGroup.BIRTH} <= {each.group for each in whole.conflicts}
    assert DataGroup.CIVIL_STATE in {fact.group for fact in whole.moving_facts}
    assert (1, 2, True) == (len(whole.moving_identifiers), len(whole.told), whole.told_is_complete)


def test_an_answer_that_was_kept_is_shown_by_the_rights_of_now(world: World) -> None:
    """The same request sent again after the grant was narrowed."""
    world.grant("all")
    client = world.identity.client(PENSIONS)
    request_id = uuid.uuid4()

    def replace() -> set[DataGroup]:
        answer = client.replace_number(
            world.person, world.stranger, reason=NumberChangeReason.DUPLICATE, request_id=request_id
        )
        return {fact.group for fact in answer.person.facts}

    before = replace()
    world.grant("name", "number")

    assert {DataGroup.NAME, DataGroup.BIRTH, DataGroup.GENDER} <= before
    assert {DataGroup.NAME} == replace()


def test_numbers_that_belong_together_need_their_group(world: World) -> None:
    """Former numbers, chains and events of numbers; that an old number leads on is told to everybody."""
    desk = world.identity.client(REGISTRAR)
    desk.replace_number(world.person, world.stranger, reason=NumberChangeReason.DUPLICATE)
    client = world.identity.client(PENSIONS)
    world.grant("name")

    person = client.get_person(world.person)
    (of_batch,) = client.get_persons([world.person])
    history = list(client.list_person_versions(world.person))

    assert (world.stranger, ()) == (person.ssin, tuple(person.former_ssins))
    assert (world.stranger, ()) == (of_batch.resolution.current, tuple(of_batch.resolution.chain))
    assert [] == [each for each in history if isinstance(each, NumberEvent)]
    world.grant("name", "number")
    assert (world.person,) == tuple(client.get_person(world.person).former_ssins)
    assert [] != [each for each in client.list_person_versions(world.person) if isinstance(each, NumberEvent)]


def test_a_grade_is_explained_only_where_all_that_is_compared_is_granted(world: World) -> None:
    """Or how far a birth date agrees would tell the birth date, guess by guess."""
    client = world.identity.client(PENSIONS)
    world.grant("name", "number")
    (bare,) = client.search_persons("Peeters", PartialDate(1980, 1, 2)).candidates
    world.grant("name", "birth", "gender", "number")
    (explained,) = client.search_persons("Peeters", PartialDate(1980, 1, 2)).candidates

    assert ((), 0.0) == (tuple(bare.parts), bare.log2_odds)
    assert explained.parts


def test_changes_are_refused_alike_for_known_and_unknown(world: World) -> None:
    """Under a grant that asks for a dossier; of a preview both numbers are asked about."""
    world.grant("all", requires_dossier=True)
    client = world.identity.client(PENSIONS)

    known, unknown = (
        [
            refusal_of(lambda number=number: client.update_person(number, [Statement(CivilState(20))])),  # type: ignore[misc]
            refusal_of(lambda number=number: client.link_foreign_identifier(number, IDENTIFIER)),  # type: ignore[misc]
            refusal_of(lambda number=number: client.preview_replacement(world.person, number)),  # type: ignore[misc]
        ]
        for number in (world.stranger, UNKNOWN)
    )

    assert known == unknown
    assert [NoDossier] * 3 == [kind for kind, _, _ in known]


def test_an_export_shows_the_granted_groups(world: World) -> None:
    """To the registry's own desk, too."""

    def change(grant: Grant) -> Grant:
        wanted = grant.grant_id == "registrar-works"
        return dataclasses.replace(grant, data_groups=("name", "civil_state")) if wanted else grant

    change_grants(world.identity.database, world.identity.tables.shared, change)
    world.identity.assembly.parts.rights._good_until = 0.0

    exported = list(world.identity.client(REGISTRAR).export_persons())

    assert {world.person, world.stranger} == {person.ssin for person in exported}
    assert [GRANTED, GRANTED] == [{fact.group for fact in person.facts} for person in exported]
    assert [(), ()] == [tuple(person.foreign_identifiers) for person in exported]


def refusal_of(call: Callable[[], Any]) -> tuple[type[KruispuntError], str, dict[str, str]]:
    """Return everything that a caller can see of a refusal."""
    with pytest.raises(KruispuntError) as caught:
        call()
    return type(caught.value), str(caught.value), dict(caught.value.metadata)


def test_without_a_dossier_known_and_unknown_are_refused_alike(world: World) -> None:
    """In everything that can be seen; and the registers are not even asked."""
    world.grant("all", requires_dossier=True)
    client = world.identity.client(PENSIONS)

    assert world.person == client.get_person(world.person).ssin
    known, unknown = (
        [
            refusal_of(lambda number=number: client.get_person(number)),  # type: ignore[misc]
            refusal_of(lambda number=number: list(client.list_person_versions(number))),  # type: ignore[misc]
        ]
        for number in (world.stranger, UNKNOWN)
    )
    assert known == unknown
    assert [NoDossier, NoDossier] == [kind for kind, _, _ in known]


def test_a_batch_says_of_each_number_whether_it_may_be_told(world: World) -> None:
    """Of a person of others and of nobody the same."""
    world.grant("all", requires_dossier=True)
    client = world.identity.client(PENSIONS)
    asked = [world.stranger, world.person, UNKNOWN]

    persons = list(client.get_persons(asked))
    numbers = list(client.resolve_numbers(asked))

    expected = [NumberOutcome.NO_DOSSIER, NumberOutcome.CURRENT, NumberOutcome.NO_DOSSIER]
    assert expected == [each.resolution.outcome for each in persons]
    assert expected == [each.outcome for each in numbers]
    assert [None, world.person, None] == [each.person and each.person.ssin for each in persons]
    assert [None, None] == [numbers[0].current, numbers[2].current]
    assert ["NO_DOSSIER", "NO_DOSSIER", "found"] == sorted(
        result for method, _, result in world.identity.accesses() if method == "BatchGetPersons"
    )


def test_a_search_shows_persons_of_others_by_number_and_grade_only(world: World) -> None:
    """Whoever wants to register somebody has to learn that they may be there already."""
    world.grant("all", requires_dossier=True)
    client = world.identity.client(PENSIONS)

    (own,) = client.search_persons("Peeters", PartialDate(1980, 1, 2)).candidates
    (other,) = client.search_persons("Zwaluw", PartialDate(1961, 1, 2)).candidates

    assert own.person is not None
    assert (world.stranger, None, (), 0.0) == (
        other.ssin,
        other.person,
        tuple(other.parts),
        other.log2_odds,
    )


def test_known_and_unknown_numbers_take_as_long(world: World) -> None:
    """To a caller without the right to know: interleaved, so that whatever disturbs one disturbs the other."""
    world.grant("all", requires_dossier=True)
    client = world.identity.client(PENSIONS)
    taken: dict[Ssin, list[float]] = {world.stranger: [], UNKNOWN: []}
    for _ in range(300):
        for number, seconds in taken.items():
            began = time.perf_counter()
            with pytest.raises(NoDossier):
                client.get_person(number)
            seconds.append(time.perf_counter() - began)

    known, unknown = (statistics.median(each) for each in taken.values())
    assert 2 / 3 < known / unknown < 3 / 2


def test_without_a_grant_nothing_at_all_is_told(world: World) -> None:
    """A malformed number is refused like any other."""
    change_grants(
        world.identity.database,
        world.identity.tables.shared,
        lambda grant: grant if grant.grant_id != "institutions-work" else None,
    )
    world.identity.assembly.parts.rights._good_until = 0.0
    client = world.identity.client(PENSIONS)
    channel = world.identity.channel(PENSIONS)
    method = channel.unary_unary("/kruispunt.identity.v1.IdentityService/GetPerson")

    first = refusal_of(lambda: client.get_person(world.person))
    assert first == refusal_of(lambda: client.get_person(UNKNOWN))
    assert GrantMissing is first[0]
    metadata = (
        ("kruispunt-legal-basis", "18/042"),
        ("kruispunt-end-user", "clerk-7"),
        ("kruispunt-case", "2026/1"),
    )
    with pytest.raises(Exception, match="no grant lets the participant"):
        method(b"\xff\xff\xff", timeout=10, metadata=metadata)


@pytest.fixture
def narrow_directory(directory: Directory) -> Directory:
    """A directory whose institutions have to hold a dossier of their own."""
    since = Period(dt.date(2020, 1, 1))
    directory.client(PENSIONS).register_dossier(ANNA, capacity=100, period=since)
    directory.client(WELFARE).register_dossier(BEA, capacity=2, phase=10, period=since)
    change_grants(directory.database, directory.tables.shared, only("all", requires_dossier=True))
    directory.rights._good_until = 0.0
    return directory


def test_dossiers_are_listed_to_holders_only(narrow_directory: Directory) -> None:
    """A person of others and a number of nobody are refused alike, and recorded."""
    client = narrow_directory.client(PENSIONS)

    assert [(5, 1)] == [
        (each.institution.sector, each.institution.institution) for each in client.list_dossiers(ANNA)
    ]
    others, nobody = (
        refusal_of(lambda number=number: list(client.list_dossiers(number)))  # type: ignore[misc]
        for number in (BEA, UNKNOWN)
    )
    assert others == nobody
    assert NoDossier is others[0]
    assert ["NO_DOSSIER", "NO_DOSSIER"] == [
        result for method, _, result in narrow_directory.accesses() if method == "ListDossiers"
    ][1:]


def test_an_impact_is_explained_for_ones_own_persons_only(narrow_directory: Directory) -> None:
    """Both of them."""
    client = narrow_directory.client(PENSIONS)

    assert [] != list(client.explain_impact(ANNA).impacts)
    for former, next_ in ((BEA, ""), (ANNA, BEA), (BEA, ANNA)):
        with pytest.raises(NoDossier):
            client.explain_impact(former, next_=next_)


def test_a_stream_of_persons_tells_of_ones_own_only(narrow_directory: Directory) -> None:
    """The others look like numbers without dossier."""
    answers = list(narrow_directory.client(PENSIONS).resolve_dossiers([BEA, ANNA, UNKNOWN]))

    assert [PersonStatus.NO_DOSSIER, PersonStatus.FOUND, PersonStatus.NO_DOSSIER] == [
        each.status for each in answers
    ]
    assert [0, 1, 0] == [len(each.dossiers) for each in answers]
