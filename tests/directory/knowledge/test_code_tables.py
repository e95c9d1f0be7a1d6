"""The code tables that come along are complete, load on both stores, and say where a file is wrong."""

import datetime as dt
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from kruispunt.period import Period
from kruispunt_directory.code_tables import CodeTablesError, load_code_tables
from kruispunt_directory.domain.knowledge import (
    Capacity,
    DataSetKey,
    Institution,
    Kind,
    Knowledge,
    Labels,
    NetworkLevel,
    Phase,
    Sector,
    kind_of,
)
from kruispunt_directory.domain.knowledge_checks import check_references
from kruispunt_directory.domain.knowledge_writes import WriteCounts
from kruispunt_directory.store.code_tables import load_into
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import InstitutionKey
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database

FOUNDED = dt.date(1990, 1, 15)
DAY = dt.date(2026, 5, 1)

# domain.md §4, written out.
SECTORS = [
    *(0, 1, 2, 5, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 25, 26, 31, 40, 50),
    *(53, 54, 55, 56, 62, 69, 70, 90, 91),
]
CAPACITIES = {
    (None, 0): ("definitief", "définitif"),
    (None, 902): ("voorlopige integratie", "intégration provisoire"),
    (None, 999): ("vervangen insz", "niss remplacé"),
    (1, 10): ("vergoeding aan slachtoffers", "indemnisation aux victimes"),
    (1, 20): ("renten aan rechthebbenden", "rentes aux ayants droit"),
    (5, 1): ("eerste contact", "premier contact"),
    (5, 10): ("raming", "estimation"),
    (5, 20): ("toekenning", "attribution"),
    (5, 100): ("betaling", "paiement"),
    (6, 10): ("vergoeding aan slachtoffers", "indemnisation aux victimes"),
    (6, 20): ("renten aan rechthebbenden", "rentes aux ayants droit"),
    (7, 101): ("rechthebbende", "attributaire"),
    (7, 102): ("bijslagtrekkende", "allocataire"),
    (7, 104): ("rechtgevend kind", "enfant bénéficiaire"),
    (10, 10): ("arbeider", "ouvrier"),
    (11, 1): ("verzekerbaarheid", "assurabilité"),
    (11, 2): ("arbeidsongeschiktheid", "incapacité"),
    (12, 2): ("personeelslid", "membre du personnel"),
    (12, 10): ("werknemer", "travailleur"),
    (12, 30): ("dimona", "dimona"),
    (15, 1): ("dossier in onderzoek", "dossier à l'examen"),
    (15, 2): ("zelfstandige", "indépendant"),
    (17, 1): ("dossier in onderzoek", "dossier à l'examen"),
    (17, 2): ("leefloon", "revenu d'intégration"),
    (17, 3): ("equivalent leefloon", "équivalent du revenu d'intégration"),
    (17, 4): ("andere hulp", "autres aides"),
    (17, 5): ("inwonende", "cohabitant"),
    (17, 6): ("tewerkgesteld", "occupé"),
    (17, 7): ("schuldbemiddeling", "médiation de dettes"),
    (18, 1): ("werkloze", "chômeur"),
    (18, 2): ("loopbaanonderbreking", "interruption de carrière"),
    (18, 4): ("werkzoekende", "demandeur d'emploi"),
}


@pytest.fixture(scope="module")
def shipped() -> Knowledge:
    return Knowledge(load_code_tables())


def test_every_sector_is_there(shipped: Knowledge) -> None:
    """The sectors of domain.md §4, no other."""
    assert SECTORS == [sector.code for sector in shipped.entries(Sector)]


def test_every_capacity_is_there(shipped: Knowledge) -> None:
    """The capacities of domain.md §4, with their Dutch and French names, no other."""
    assert CAPACITIES == {
        (capacity.sector, capacity.code): (capacity.labels.nl.lower(), capacity.labels.fr.lower())
        for capacity in shipped.entries(Capacity)
    }


def test_every_label_is_there_in_four_languages(shipped: Knowledge) -> None:
    """No entry and no phase lacks a name; the English ones are marked as our own, but for what is never translated."""
    named = [entry.labels for entry in shipped.all_entries() if hasattr(entry, "labels")]
    named += [phase.labels for capacity in shipped.entries(Capacity) for phase in capacity.phases]

    assert all(labels.nl and labels.fr and labels.de and labels.en for labels in named)
    official = {labels.en for labels in named if "en" not in labels.own_translations}
    assert {"Actiris", "DIMONA", "Crossroads Bank for Social Security (CBSS)"} == official


def test_every_sector_has_its_managing_institution(shipped: Knowledge) -> None:
    """Institution 1 of a sector is connected directly, every other one behind it."""
    for sector in shipped.entries(Sector):
        managing = shipped.find_institution(InstitutionKey(sector.code, 1), DAY)
        assert managing is not None
        assert NetworkLevel.PRIMARY is managing.network_level
    others = [each for each in shipped.entries(Institution) if each.key.institution != 1]
    assert {NetworkLevel.SECONDARY} == {each.network_level for each in others}
    assert {11, 15, 17, 18} == {each.key.sector for each in others}


def test_everything_holds_since_the_foundation(shipped: Knowledge) -> None:
    """The law that founded the Crossroads Bank is the begin of all, and nothing has ended."""
    assert {Period(FOUNDED)} == {entry.validity for entry in shipped.all_entries()}
    assert shipped.find_sector(5, FOUNDED - dt.timedelta(days=1)) is None


def test_a_welfare_centre_may_obtain_pension_rights(shipped: Knowledge) -> None:
    """The example route exists end to end, for every welfare centre and under its deliberation only."""
    rights, ghent = DataSetKey("PENSION-RIGHTS", 0), InstitutionKey(17, 102)

    found = shipped.authorisations(rights, ghent, "18/042", DAY)

    assert ["AU-17-1-PENSION-RIGHTS", "AU-17-2-PENSION-RIGHTS"] == [each.authorisation_id for each in found]
    assert [] == shipped.authorisations(rights, ghent, "EX/01", DAY)
    assert {(5, 20), (5, 100), (23, 0)} == {
        (each.sector, each.capacity) for each in shipped.availabilities(rights, DAY)
    }


def test_the_unemployment_office_may_obtain_income_support(shipped: Knowledge) -> None:
    """Only the office itself, not the bodies that pay; and only once the unemployment is awarded."""
    support = DataSetKey("INCOME-SUPPORT", 0)

    found = shipped.authorisations(support, InstitutionKey(18, 1), "EX/01", DAY)

    assert [("AU-18-1-INCOME-SUPPORT", 10)] == [(each.authorisation_id, each.from_phase) for each in found]
    assert [] == shipped.authorisations(support, InstitutionKey(18, 10), "EX/01", DAY)


def test_phases_are_those_of_their_set(shipped: Knowledge) -> None:
    """A capacity with phases has those only; one without has phase 0 only."""
    income, assistance = shipped.find_capacity(17, 2, DAY), shipped.find_capacity(17, 4, DAY)
    assert income is not None
    assert assistance is not None

    assert [0, 10, 20, 30] == [number for number in range(100) if income.has_phase(number)]
    assert [0] == [number for number in range(100) if assistance.has_phase(number)]


def test_every_reference_leads_somewhere(shipped: Knowledge) -> None:
    """The file needs nothing but itself, and has entries of every kind."""
    for entry in shipped.all_entries():
        check_references(entry, "", shipped)
    assert {
        Kind.SECTOR: 35,
        Kind.INSTITUTION: 69,
        Kind.CAPACITY: 32,
        Kind.DATA_SET: 12,
        Kind.DELIBERATION: 7,
        Kind.AVAILABILITY: 19,
        Kind.AUTHORISATION: 20,
    } == Counter(kind_of(entry) for entry in shipped.all_entries())


def test_loading_twice_changes_nothing(
    database: Database,
    directory_tables: DirectoryTables,
    clock: FixedClock,
    store: KnowledgeStore,
    shipped: Knowledge,
) -> None:
    """The first time everything is created, the second time all stands as given."""
    entries = load_code_tables()

    assert WriteCounts(194, 0, 0) == load_into(database, directory_tables, clock, entries)
    assert WriteCounts(0, 0, 194) == load_into(database, directory_tables, clock, entries)

    assert shipped.all_entries() == store.latest().all_entries()


def test_loading_again_can_leave_own_revisions_alone(
    database: Database, directory_tables: DirectoryTables, clock: FixedClock, store: KnowledgeStore
) -> None:
    """With `only_new`, what an operator revised stays revised and what is absent is added."""
    first, second, *_ = load_code_tables()
    ended = replace(first, validity=Period(FOUNDED, DAY))
    load_into(database, directory_tables, clock, [ended])

    assert WriteCounts(1, 0, 0) == load_into(
        database, directory_tables, clock, [first, second], only_new=True
    )
    assert [ended, second] == store.latest().all_entries()

    assert WriteCounts(0, 1, 1) == load_into(database, directory_tables, clock, [first, second])
    assert [first, second] == store.latest().all_entries()


def test_an_own_file_is_read(tmp_path: Path) -> None:
    """An operator's file may date its entries one by one."""
    path = tmp_path / "own.toml"
    path.write_text(
        """
        capacity = [{ sector = 5, code = 7, nl = "Naam", own = ["nl"], phases = "short", begin = 2020-01-01, end = 2021-01-01 }]
        phase_set.short = [{ number = 3, en = "Third" }]
        """,
        encoding="utf-8",
    )

    assert [
        Capacity(
            sector=5,
            code=7,
            labels=Labels(nl="Naam", own_translations=("nl",)),
            phases=(Phase(3, Labels(en="Third")),),
            validity=Period(dt.date(2020, 1, 1), dt.date(2021, 1, 1)),
        )
    ] == load_code_tables(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("sector = [", "own.toml: Invalid value (at end of document)"),
        ("sector = 5", "own.toml: sector: is no list"),
        ("sectors = []", "own.toml: sectors: is no field of this table"),
        ("sector = [5]", "own.toml: sector[0]: is no table of fields"),
        ("sector = [{ nl = 'Naam', begin = 2000-01-01 }]", "own.toml: sector[0].code: is absent"),
        ("sector = [{ code = 5 }]", "own.toml: sector[0].begin: is absent"),
        ("sector = [{ code = true, begin = 2000-01-01 }]", "own.toml: sector[0].code: is no int"),
        ("begin = 2000-01-01T00:00:00Z", "own.toml: begin: is no date"),
        (
            "sector = [{ code = 1000, begin = 2000-01-01 }]",
            "own.toml: sector[0].code: a code lies from 0 to 999",
        ),
        (
            "sector = [{ code = 5, begin = 2000-01-01, end = 2000-01-01 }]",
            "own.toml: sector[0].begin: does not lie before end, from 1800 to 2999",
        ),
        (
            "sector = [{ code = 5, begin = 2000-01-01, color = 'red' }]",
            "own.toml: sector[0].color: is no field of this table",
        ),
        (
            "capacity = [{ code = 5, begin = 2000-01-01, phases = 'none' }]",
            "own.toml: capacity[0].phases: names no row of phase_set",
        ),
        (
            "institution = [{ sector = 5, institution = 1, begin = 2000-01-01, network = 'third' }]",
            "own.toml: institution[0].network: is neither primary nor secondary",
        ),
    ],
)
def test_a_faulty_file_is_refused_with_the_place(tmp_path: Path, text: str, complaint: str) -> None:
    """The message names the file, the row and the field."""
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(CodeTablesError) as refused:
        load_code_tables(path)

    assert complaint == str(refused.value)
