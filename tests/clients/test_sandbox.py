"""The synthetic population."""

import datetime as dt
import hashlib
import itertools
import json
import subprocess
import sys
import tomllib
from collections import Counter
from pathlib import Path
from typing import Any

import grpc
import pytest
from stdnum.be import bis, nn, ssn
from tests.clients import persons_stand_in
from tests.clients.registry_stand_in import Refusal, Script, registered

from kruispunt import ParticipantUnknown, ProfileError
from kruispunt.access.v1.participant_service_pb2 import Role
from kruispunt.identity.v1 import registration_service_pb2 as writing
from kruispunt.persons import Register
from kruispunt.rights_file import read_rights
from kruispunt.sandbox import (
    INSTITUTIONS,
    SandboxPerson,
    connected,
    load,
    load_registers,
    national_document,
    population,
    registrar,
)
from kruispunt.sandbox.institutions import ADMINISTRATOR, AUDITOR, REGISTRAR
from kruispunt.sandbox.numbers import CAPACITY, KINDS, Numbers
from kruispunt.ssin import Ssin, SsinKind
from kruispunt.values import InstitutionRef, PartialDate, Sex
from kruispunt_identity.national.documents import check_document

ROOT = Path(__file__).parents[2]
DIGEST = "af4370c1526d4659860501712a292e04ee96f653d69c8ae6a3bbf7ed547b231a"  # of the fields that the population has had from the beginning


@pytest.fixture(scope="module")
def persons() -> list[SandboxPerson]:
    return list(population(4000, seed=7))


def test_the_same_seed_gives_the_same_population(persons: list[SandboxPerson]) -> None:
    """Everything follows from the seed, in another process too, and a smaller one is a beginning."""
    code = (
        "from kruispunt.sandbox import population\n"
        "print([(str(p.ssin), p.family_name, p.dossiers) for p in population(50, seed=7)])"
    )
    other = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    assert str([(str(p.ssin), p.family_name, p.dossiers) for p in persons[:50]]) == other.strip()
    assert persons[:50] == list(population(50, seed=7))
    assert persons[:50] != list(population(50, seed=8))


def test_what_was_once_given_out_stays(persons: list[SandboxPerson]) -> None:
    """The first persons of a seed are those of every earlier version: who loaded them can load again."""
    ssins = [str(person.ssin) for person in persons]
    told = [
        (p.family_name, p.given_names, p.birth_date, p.sex, p.language, p.pair, p.dossiers) for p in persons
    ]

    assert DIGEST == hashlib.sha256(f"{ssins}{told}".encode()).hexdigest()


def test_register_origin_and_former_numbers_fit_the_person(persons: list[SandboxPerson]) -> None:
    """Bis persons come from abroad, some had another number; some national numbers are in RAD."""
    registers = Counter(person.register for person in persons)
    former = [person for person in persons if person.former_ssin is not None]

    assert registers[Register.BIS] == sum(person.ssin.kind is SsinKind.BIS for person in persons)
    assert 40 < registers[Register.RAD] < 110
    assert 25 < len(former) < 70
    assert {Register.BIS} == {person.register for person in former}
    assert 4000 + len(former) == len({*(p.ssin for p in persons), *(p.former_ssin for p in former)})
    assert all(bis.is_valid(str(person.former_ssin)) and person.former_family_name for person in former)
    assert {"BE", "MA", "PL"} <= {person.birth_country for person in persons}
    assert all(person.birth_place and person.nationalities for person in persons)


def test_national_documents_are_what_the_stand_in_reads(persons: list[SandboxPerson]) -> None:
    """The national register's stand-in takes each, unknown dates too."""
    national = [person for person in persons if person.register is Register.NATIONAL]

    for person in national[:500]:
        ssin, _ = check_document(json.dumps(national_document(person)))
        assert person.ssin == ssin
    assert any(not person.birth_date.year for person in national)


def test_registers_are_loaded_once(script: Script, endpoint: str, tmp_path: Path) -> None:
    """Every number is imported under one name, former ones are replaced; again is the same change."""
    path = tmp_path / "profiles.toml"
    path.write_text(f'[{REGISTRAR}]\nendpoint = "127.0.0.1:1"\nidentity_endpoint = "{endpoint}"\n')
    received: list[Any] = []

    def take(requests: Any, _context: object) -> Any:
        for request in requests:
            received.append(request)
            rows = range(request.first_row, request.first_row + len(request.rows))
            yield writing.ImportPersonsResponse(
                results=[writing.RowResult(row=row, outcome=writing.ROW_OUTCOME_IMPORTED) for row in rows]
            )

    script.on("ImportPersons", take)
    replaced = writing.ReplaceNumberResponse(
        resolution=persons_stand_in.resolved(), person=persons_stand_in.person()
    )
    script.on("ReplaceNumber", replaced)
    people = list(population(600, seed=3))

    with registrar(path) as identity:
        reports = [load_registers(people, identity, seed=3) for _ in range(2)]

    former = [each for each in people if each.former_ssin]
    expected = sum(each.register is not Register.NATIONAL for each in people) + len(former)
    assert former
    assert [(expected, len(former))] * 2 == [(each.rows, each.replaced) for each in reports]
    assert 1 == len({each.import_id for each in received})
    ids = Counter(each.request.request_id for each in script.calls("ReplaceNumber"))
    assert ({2}, len(former)) == (set(ids.values()), len(ids))
    rows = [row for request in received for row in request.rows]
    assert {2, 3} == {row.register for row in rows}
    assert all(row.facts[1].value.HasField("birth") for row in rows)


def test_every_number_is_valid_in_a_second_opinion(persons: list[SandboxPerson]) -> None:
    """python-stdnum agrees that each is a national or a bis number, with that sex and birth year."""
    for person in persons:
        text = str(person.ssin)
        assert ssn.is_valid(text)
        assert (bis if person.ssin.kind is SsinKind.BIS else nn).is_valid(text)
        if person.birth_date.month:
            assert person.birth_date.year == ssn.get_birth_year(text)
        if person.sex is not Sex.UNSPECIFIED:
            assert person.sex.name[0] == ssn.get_gender(text)


def test_no_number_comes_twice(persons: list[SandboxPerson]) -> None:
    """Each person has a number alone."""
    assert 4000 == len({person.ssin for person in persons})


@pytest.mark.parametrize("kind", range(len(KINDS)))
def test_slots_never_meet(kind: int) -> None:
    """Births of one kind take different slots, up to the promised capacity."""
    numbers = Numbers(3)
    births = [b for b in range(40_000) if numbers._deck[b % 1000] == kind]
    slots = {(s.date_part, s.first_sequence, s.born.year >= 2000) for s in map(numbers.slot, births)}

    assert len(births) == len(slots)
    assert CAPACITY // 1000 * KINDS[kind].share <= KINDS[kind].size


def test_population_has_what_makes_registers_hard(persons: list[SandboxPerson]) -> None:
    """Bis numbers of both kinds, both centuries, unknown dates, twins and homonyms are there in their shares."""
    months = Counter(int(str(p.ssin)[2:4]) // 20 * 20 for p in persons)
    unknown = Counter(
        sum(map(bool, (p.birth_date.year, p.birth_date.month, p.birth_date.day))) for p in persons
    )
    pairs = Counter(p.pair for p in persons)

    assert 1000 == sum(kind.share for kind in KINDS)
    assert 0.05 < months[40] / 4000 < 0.09
    assert 0.025 < months[20] / 4000 < 0.055
    assert 0.15 < sum(p.ssin.born_from_2000 for p in persons) / 4000 < 0.35
    assert {0, 1, 2, 3} == set(unknown)
    assert 0.02 < unknown[2] / 4000 < 0.05
    assert PartialDate() in {p.birth_date for p in persons}
    assert 0.03 < pairs["twin"] / 4000 < 0.09
    assert 0.01 < pairs["homonym"] / 4000 < 0.05
    assert {"nl", "fr", "de"} == {p.language for p in persons}


def test_twins_have_neighbouring_numbers(persons: list[SandboxPerson]) -> None:
    """Twins share name and birth date; their sequences lie at most three apart."""
    twins = [
        (a, b)
        for a, b in itertools.pairwise(persons)
        if a.pair == "twin" == b.pair and a.ssin // 10**5 == b.ssin // 10**5
    ]
    assert len(twins) > 50
    for a, b in twins:
        assert (a.family_name, a.birth_date) == (b.family_name, b.birth_date)
        assert 1 <= abs(a.ssin // 100 % 1000 - b.ssin // 100 % 1000) <= 3


def test_homonyms_differ_in_nothing_but_the_number(persons: list[SandboxPerson]) -> None:
    """Homonyms share names, birth date and sex."""
    for a, b in itertools.pairwise(persons):
        if a.pair == "homonym" == b.pair and a.ssin // 10**5 == b.ssin // 10**5:
            assert (a.family_name, a.given_names, a.birth_date, a.sex) == (
                b.family_name,
                b.given_names,
                b.birth_date,
                b.sex,
            )
            assert a.ssin != b.ssin


def test_dossiers_are_such_as_institutions_hold(persons: list[SandboxPerson]) -> None:
    """Several capacities in several institutions, ended ones too, and none before its holder's birth."""
    every = [d for p in persons for d in p.dossiers]
    known = {each.ref for each in INSTITUTIONS}

    assert {d.institution for d in every} <= known
    assert 1.5 < len(every) / 4000 < 4
    assert any(d.period.end is not None for d in every)
    assert any(d.phase > 0 for d in every)
    assert len({(d.institution.sector, d.capacity) for d in every}) >= 12
    assert max(len({d.institution for d in p.dossiers}) for p in persons) >= 4
    for person in persons:
        if person.birth_date.year:
            born = dt.date(person.birth_date.year, person.birth_date.month or 12, person.birth_date.day or 28)
            assert all(d.period.begin >= born for d in person.dossiers)


@pytest.fixture(scope="module")
def code_tables() -> dict[str, Any]:
    """The code tables that a new registry starts with."""
    return tomllib.loads((ROOT / "services/directory/kruispunt_directory/data/code_tables.toml").read_text())


def test_institutions_are_those_of_the_code_tables(code_tables: dict[str, Any]) -> None:
    """The registry knows every institution of the sandbox."""
    known = {(each["sector"], each["institution"]) for each in code_tables["institution"]}

    assert {(each.ref.sector, each.ref.institution) for each in INSTITUTIONS} <= known


def test_dossiers_use_the_capacities_and_phases_of_the_code_tables(
    persons: list[SandboxPerson], code_tables: dict[str, Any]
) -> None:
    """The registry takes every dossier: its capacity exists in the sector, its phase in the capacity."""
    phases = {
        (each.get("sector"), each["code"]): {
            phase["number"] for phase in code_tables["phase_set"].get(each.get("phases"), [{"number": 0}])
        }
        for each in code_tables["capacity"]
    }

    for dossier in (d for p in persons for d in p.dossiers):
        assert dossier.phase in phases[dossier.institution.sector, dossier.capacity]
        assert dossier.period.begin >= code_tables["begin"]


def test_participants_of_the_sandbox_are_its_institutions() -> None:
    """The rights file has each institution under its certificate's name, and the registry's own."""
    path = ROOT / "services/shared/kruispunt_server/data/sandbox_rights.yaml"
    entries = {each.participant_id: each for each in read_rights(path).message.participants}

    assert {each.profile: [each.uri] for each in INSTITUTIONS} == {
        name: list(each.uris)
        for name, each in entries.items()
        if each.HasField("institution") and name != REGISTRAR
    }
    assert [Role.ROLE_REGISTRAR] == list(entries[REGISTRAR].roles)
    assert (25, 1) == (entries[REGISTRAR].institution.sector, entries[REGISTRAR].institution.institution)
    assert [[Role.ROLE_INTERNAL_SERVICE]] * 2 == [
        list(entries[name].roles) for name in ("identity-service", "directory-service")
    ]
    assert [Role.ROLE_ADMINISTRATOR] == list(entries[ADMINISTRATOR].roles)
    assert [Role.ROLE_AUDITOR] == list(entries[AUDITOR].roles)
    assert [each.ref for each in INSTITUTIONS] == [
        InstitutionRef(
            entries[each.profile].institution.sector, entries[each.profile].institution.institution
        )
        for each in INSTITUTIONS
    ]


def test_dossiers_of_one_person_do_not_contradict_each_other(persons: list[SandboxPerson]) -> None:
    """In one institution and capacity no two phases stand on one day."""
    for person in persons:
        for a, b in itertools.combinations(person.dossiers, 2):
            same = (a.institution, a.capacity) == (b.institution, b.capacity)
            assert not (same and a.phase != b.phase and a.period.overlaps(b.period))


def test_millions_are_streamed() -> None:
    """Nothing is held: the first of three million persons comes at once."""
    assert Ssin.parse(str(next(population(3_000_000, seed=1)).ssin))


@pytest.mark.parametrize("persons", [-1, CAPACITY + 1])
def test_impossible_sizes_are_refused(persons: int) -> None:
    """More persons than numbers cannot be asked for."""
    with pytest.raises(ValueError, match="persons"):
        population(persons, seed=1)


@pytest.fixture
def profiles(script: Script, endpoint: str, tmp_path: Path) -> Path:
    """A profile for each institution, all leading to the scripted registry."""
    path = tmp_path / "profiles.toml"
    path.write_text("".join(f'[{each.profile}]\nendpoint = "{endpoint}"\n' for each in INSTITUTIONS))
    return path


def test_loading_twice_is_the_same_change(script: Script, profiles: Path) -> None:
    """Each dossier goes to the registry once, as its institution, and again under the same request_id."""
    people = list(population(40, seed=3))
    script.on("RegisterDossier", registered())

    with connected(profiles) as clients:
        first = load(people, clients, seed=3)
        second = load(people, clients, seed=3)

    expected = sum(len(person.dossiers) for person in people)
    ids = Counter(each.request.request_id for each in script.asked)
    assert (40, expected) == (first.persons, first.dossiers) == (second.persons, second.dossiers)
    assert expected == len(ids)
    assert {2} == set(ids.values())
    assert {"SANDBOX"} == {each.metadata["kruispunt-legal-basis"] for each in script.asked}


def test_refusals_are_counted_and_faults_end_the_load(script: Script, profiles: Path) -> None:
    """What the state of things forbids is reported; anything else stops the work."""
    script.on("RegisterDossier", Refusal(grpc.StatusCode.FAILED_PRECONDITION, "CAPACITY_UNKNOWN"))
    with connected(profiles) as clients:
        report = load(population(5, seed=3), clients, seed=3)
        assert {"CAPACITY_UNKNOWN"} == set(report.refused)
        assert 0 == report.dossiers

        script.on("RegisterDossier", Refusal(grpc.StatusCode.UNAUTHENTICATED, "PARTICIPANT_UNKNOWN"))
        with pytest.raises(ParticipantUnknown):
            load(population(5, seed=3), clients, seed=3)


def test_missing_profiles_are_named_before_anything_is_done(tmp_path: Path) -> None:
    """A load without every institution's profile does not begin."""
    path = tmp_path / "profiles.toml"
    path.write_text('[institution-5-1]\nendpoint = "localhost:1"\n')

    with pytest.raises(ProfileError, match="institution-17-101"), connected(path):
        pytest.fail("not reached")
