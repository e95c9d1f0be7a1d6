"""Replacing the keys of a register in use: pepper and rules, one generation after the other."""

from pathlib import Path

import pytest
from tests.identity.matching.people import Known, Nobody, person
from tests.identity.matching.test_match_store import ANNA, MEHMET, found_by, keys_in, searching

from kruispunt_identity.matching.peppers import DerivedPeppers, FilePeppers, PepperError
from kruispunt_identity.store.match_generations import GenerationError, GenerationState
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.tables_matching import MatchingTables
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.keys import Keys


def rebuild(store: MatchStore, database: Database, national: Known | Nobody, size: int = 2) -> None:
    after: int | None = 0
    while after is not None:
        with database.writing() as connection:
            after = store.generations.rebuild_batch(connection, after, size, national)


def purge(store: MatchStore, database: Database) -> None:
    done = 1
    while done:
        with database.writing() as connection:
            done = store.generations.purge_batch(connection, 2)


def test_keys_are_replaced_while_searches_go_on(
    match_store: MatchStore, match_database: Database, matching_tables: MatchingTables
) -> None:
    """At every step of a rebuild everybody is found; at its end only the new generation's keys are there."""
    national = Known({4: MEHMET})
    search = searching(match_store, national)
    generations = match_store.generations

    def everybody() -> list[int]:
        return [
            hit.ssin
            for criteria in (("Van den Berg", "Anna", (1980, 3, 14)), ("Celik", "Mehmet", (1975, 7, 2)))
            for hit in found_by(search, match_database, *criteria).hits
        ]

    with match_database.writing() as connection:
        match_store.write_many(connection, [(1, ANNA), (2, ANNA), (3, MEHMET)])
        match_store.write_many(connection, [(4, MEHMET)], keep_profile=False)
    [(_, before)] = keys_in(match_database, matching_tables)
    with match_database.writing() as connection:
        assert 2 == generations.begin_generation(connection).number
    assert [1, 2, 3, 4] == everybody()
    with match_database.writing() as connection:
        match_store.write(connection, 5, ANNA)
    rebuild(match_store, match_database, national)
    assert [1, 2, 5, 3, 4] == everybody()
    with match_database.writing() as connection:
        assert 2 == generations.activate(connection).number
    assert [1, 2, 5, 3, 4] == everybody()
    purge(match_store, match_database)
    assert [1, 2, 5, 3, 4] == everybody()

    with match_database.writing() as connection:
        match_store.remove(connection, 5)
        left = generations.all(connection)
    assert [(2, before)] == keys_in(match_database, matching_tables)
    assert [(2, GenerationState.ACTIVE)] == [(each.number, each.state) for each in left]


def test_a_change_between_activation_and_purge_leaves_nothing_behind(
    match_store: MatchStore, match_database: Database, matching_tables: MatchingTables
) -> None:
    """Who changes before the purge has no key of the retired generation left, and is found as changed."""
    with match_database.writing() as connection:
        match_store.write(connection, 1, ANNA)
        match_store.generations.begin_generation(connection)
    rebuild(match_store, match_database, Nobody())
    with match_database.writing() as connection:
        match_store.generations.activate(connection)
        match_store.write(connection, 1, MEHMET)

    assert [2] == [generation for generation, _ in keys_in(match_database, matching_tables)]
    purge(match_store, match_database)
    found = found_by(searching(match_store), match_database, "Celik", "Mehmet", (1975, 7, 2))
    assert [1] == [hit.ssin for hit in found.hits]


def test_an_unfinished_rebuild_is_not_activated(match_store: MatchStore, match_database: Database) -> None:
    """Searches never use a generation in which somebody is missing."""
    with match_database.writing() as connection:
        match_store.write_many(connection, [(number, ANNA) for number in (1, 2, 3)])
        match_store.generations.begin_generation(connection)
        assert 2 == match_store.generations.rebuild_batch(connection, 0, 2)

        with pytest.raises(GenerationError, match="not done every person"):
            match_store.generations.activate(connection)

        building = match_store.generations.building(connection)
        assert building is not None
        assert 2 == building.built_to
        assert 3 == match_store.generations.rebuild_batch(connection, building.built_to, 2)
        assert match_store.generations.rebuild_batch(connection, 3, 2) is None
        assert 2 == match_store.generations.activate(connection).number


def test_steps_out_of_order_are_refused(match_store: MatchStore, match_database: Database) -> None:
    """Each step says which must come before."""
    generations = match_store.generations
    with match_database.writing() as connection:
        match_store.write(connection, 1, ANNA)
        with pytest.raises(GenerationError, match="no generation of keys is being built"):
            generations.rebuild_batch(connection, 0, 10)
        with pytest.raises(GenerationError, match="no generation of keys is being built"):
            generations.activate(connection)
        generations.begin_generation(connection)
        with pytest.raises(GenerationError, match="being built already"):
            generations.begin_generation(connection)
        generations.rebuild_batch(connection, 0, 10)
        generations.activate(connection)
        with pytest.raises(GenerationError, match="purged first"):
            generations.begin_generation(connection)


def test_whom_the_national_register_lost_is_not_found(
    match_store: MatchStore, match_database: Database, matching_tables: MatchingTables
) -> None:
    """A national number that the register no longer knows has no keys in the new generation."""
    with match_database.writing() as connection:
        match_store.write_many(connection, [(1, ANNA)], keep_profile=False)
        match_store.generations.begin_generation(connection)
    rebuild(match_store, match_database, Nobody())
    with match_database.writing() as connection:
        match_store.generations.activate(connection)
    purge(match_store, match_database)

    assert [] == keys_in(match_database, matching_tables)


def test_peppers_of_a_file(tmp_path: Path) -> None:
    """A random pepper per generation, the same after reading the file again, readable by its owner only."""
    file = tmp_path / "peppers.toml"
    peppers = FilePeppers(file)
    with pytest.raises(PepperError, match="no generation 1"):
        peppers.of(1)
    peppers.add_random(1)
    first = peppers.of(1)
    peppers.add_random(1)
    peppers.add_random(2)

    again = FilePeppers(file)
    assert 32 == len(first)
    assert first == again.of(1) == again.lock_key
    assert first != again.of(2)
    assert 0o600 == file.stat().st_mode & 0o777


def test_a_readable_pepper_file_is_refused(tmp_path: Path) -> None:
    """Who else can read the peppers can find out names from the keys."""
    file = tmp_path / "peppers.toml"
    file.write_text('1 = "00"\n')
    file.chmod(0o640)

    with pytest.raises(PepperError, match="chmod 600"):
        FilePeppers(file)


def test_derived_peppers_differ_by_generation() -> None:
    """From one secret another pepper for each generation, and one for locks."""
    peppers = DerivedPeppers(Keys(b"s" * 32))

    assert 3 == len({peppers.of(1), peppers.of(2), peppers.lock_key})


def test_the_first_write_makes_the_first_generation(
    match_database: Database, matching_tables: MatchingTables, peppers: DerivedPeppers, clock: FixedClock
) -> None:
    """Nothing needs to be prepared; making it again changes nothing."""
    store = MatchStore(match_database, matching_tables, peppers, clock)
    with match_database.writing() as connection:
        store.generations.ensure_generation(connection)
        store.generations.ensure_generation(connection)
        store.write(connection, 1, ANNA)

        assert [(1, 1, GenerationState.ACTIVE, 0)] == [
            (each.number, each.rules_version, each.state, each.built_to)
            for each in store.generations.all(connection)
        ]
        assert {1: ANNA} == store.profiles(connection, [1])
        assert {} == store.profiles(connection, [])
        assert [] == store.pool(connection, person("Xenakis", "Zoë", (1901, 2, 3))).numbers
