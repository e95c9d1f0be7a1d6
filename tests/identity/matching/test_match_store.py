"""Keys and profiles in the database, on SQLite and PostgreSQL."""

from collections.abc import Sequence

import sqlalchemy as sa
from tests.identity.matching.people import Known, Nobody, person

from kruispunt_identity.matching.frequencies import MatchFrequencies
from kruispunt_identity.matching.grade import Grade
from kruispunt_identity.matching.profile import MatchProfile, ProfileSource
from kruispunt_identity.matching.score import Matcher
from kruispunt_identity.matching.weights import shipped_weights
from kruispunt_identity.store.frequency_watch import FrequencyWatch
from kruispunt_identity.store.match_frequencies import (
    count_names,
    load_frequencies,
    refresh_frequencies,
    write_frequencies,
)
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.person_search import Found, PersonSearch
from kruispunt_identity.tables_matching import MatchingTables
from kruispunt_server.database import Database

ANNA = person("Van den Berg", "Anna Maria", (1980, 3, 14), gender=2, countries="BE")
MEHMET = person("Çelik", "Mehmet", (1975, 7, 2), gender=1, countries="TR")


def searching(store: MatchStore, national: ProfileSource | None = None) -> PersonSearch:
    return PersonSearch(store, Matcher(shipped_weights(), MatchFrequencies()), national or Nobody())


def found_by(search: PersonSearch, database: Database, *criteria: object, **more: object) -> Found:
    with database.reading() as connection:
        return search.find(connection, person(*criteria, **more))  # type: ignore[arg-type]


def keys_in(database: Database, tables: MatchingTables) -> list[tuple[int, int]]:
    table = tables.match_key
    statement = sa.select(table.c.generation, sa.func.count()).group_by(table.c.generation)
    with database.reading() as connection:
        return [(row[0], row[1]) for row in connection.execute(statement.order_by(table.c.generation))]


def test_a_person_is_found_by_another_spelling(match_store: MatchStore, match_database: Database) -> None:
    """Particles, accents, a second given name left out: the person comes first and strong."""
    with match_database.writing() as connection:
        match_store.write(connection, 80031400123, ANNA)
        match_store.write(connection, 75070200145, MEHMET)

    found = found_by(searching(match_store), match_database, "VANDENBERGH", "Anna", gender=2, countries="BE")

    assert [80031400123] == [hit.ssin for hit in found.hits]
    assert Grade.STRONG == found.hits[0].grade
    assert "birth date" in found.hits[0].matched_by
    assert (False, "", 1) == (found.truncated, found.weak_criterion, found.rules_version)


def test_an_empty_register_answers(match_store: MatchStore, match_database: Database) -> None:
    """Before the first person is written nothing is found, and nothing fails."""
    found = found_by(searching(match_store), match_database, "Peeters", "Jan")

    assert () == found.hits
    assert 1 == found.rules_version


def test_a_change_of_name_replaces_the_keys(match_store: MatchStore, match_database: Database) -> None:
    """Who is written again is found by the new name only, unless the old one is given too."""
    with match_database.writing() as connection:
        match_store.write(connection, 1, person("Peeters", "Jan", (1960, 5, 9)))
        match_store.write(connection, 1, person("Kowalski", "Piotr", (1961, 2, 8)))
    search = searching(match_store)

    assert () == found_by(search, match_database, "Peeters", "Jan", (1960, 5, 9)).hits
    assert [1] == [
        hit.ssin for hit in found_by(search, match_database, "Kowalski", "Piotr", (1961, 2, 8)).hits
    ]


def test_an_old_name_is_found_and_said(match_store: MatchStore, match_database: Database) -> None:
    """A hit through a maiden name says that it is an old one."""
    with match_database.writing() as connection:
        married = person("De Smet", "Els", (1970, 1, 2), old=[("Wouters", "Els")])
        match_store.write(connection, 7, married)
    search = searching(match_store)

    assert [(7, True)] == [
        (hit.ssin, hit.old_name)
        for hit in found_by(search, match_database, "Wouters", "Els", (1970, 1, 2)).hits
    ]
    assert [(7, False)] == [
        (hit.ssin, hit.old_name)
        for hit in found_by(search, match_database, "Desmet", "Els", (1970, 1, 2)).hits
    ]


def test_a_removed_person_is_gone(
    match_store: MatchStore, match_database: Database, matching_tables: MatchingTables
) -> None:
    """Neither keys nor profile stay, and removing again does nothing."""
    with match_database.writing() as connection:
        match_store.write(connection, 7, ANNA)
        match_store.remove(connection, 7)
        match_store.remove(connection, 7)

    assert [] == keys_in(match_database, matching_tables)
    with match_database.reading() as connection:
        assert {} == match_store.profiles(connection, [7])


def test_a_profile_comes_back_as_it_was(match_store: MatchStore, match_database: Database) -> None:
    """Names keep their script and quotes; unknown parts stay unknown."""
    odd = person('O\'Brien "Đ"', "Ольга Mária", (1999, 0, 0), countries="IE UA", old=[("", "")])
    with match_database.writing() as connection:
        match_store.write(connection, 5, odd)
        match_store.write_many(connection, [(6, odd), (8, MEHMET), (6, MEHMET)])

    with match_database.reading() as connection:
        assert {5: odd, 6: MEHMET, 8: MEHMET} == match_store.profiles(connection, [5, 6, 7, 8])


def test_bulk_writes_the_same_keys(
    match_store: MatchStore, match_database: Database, matching_tables: MatchingTables
) -> None:
    """`write_many` leaves the rows that `write` leaves, over rows that stand too."""
    table = matching_tables.match_key
    statement = sa.select(table.c.key).where(table.c.ssin == sa.bindparam("of")).order_by(table.c.key)
    with match_database.writing() as connection:
        match_store.write(connection, 1, ANNA)
        match_store.write_many(connection, [(2, MEHMET), (3, ANNA)])
        match_store.write_many(connection, [(2, ANNA), (4, MEHMET)])
        keys = {of: connection.execute(statement, {"of": of}).scalars().all() for of in (1, 2, 3, 4)}

    assert keys[1] == keys[2] == keys[3]
    assert keys[4]
    assert set(keys[1]).isdisjoint(keys[4])


def test_a_national_person_is_asked_elsewhere(
    match_store: MatchStore, match_database: Database, matching_tables: MatchingTables
) -> None:
    """Of a national number no name is kept; its candidate is compared by what the register says."""
    national = Known({9: MEHMET})
    with match_database.writing() as connection:
        match_store.write_many(connection, [(9, MEHMET), (10, MEHMET)], keep_profile=False)

    found = found_by(searching(match_store, national), match_database, "Celik", "Mehmet", (1975, 7, 2))

    assert [9] == [hit.ssin for hit in found.hits]
    assert [9, 10] == sorted(national.asked)
    columns = matching_tables.match_profile.c
    with match_database.reading() as connection:
        kept = connection.execute(sa.select(columns.names, columns.letters, columns.birth).distinct()).all()
    assert [(None, None, None)] == [tuple(row) for row in kept]


def test_too_many_alike_name_the_weak_criterion(match_store: MatchStore, match_database: Database) -> None:
    """Where more persons are alike than may be returned, the search says which criterion is missing."""
    with match_database.writing() as connection:
        match_store.write_many(
            connection, [(n, person("Peeters", "Jan", (1980, 3, 14))) for n in range(1, 40)]
        )
    search = searching(match_store)

    def weak(*criteria: object) -> str:
        with match_database.reading() as connection:
            return search.find(connection, person(*criteria), limit=10).weak_criterion  # type: ignore[arg-type]

    assert "family_name" == weak("Peeters", "Jan", (1980, 3, 14))
    assert "given_names" == weak("Peeters", "", (1980, 3, 14))


def test_a_slip_at_the_first_letter_is_looked_for_where_nobody_is_likely(
    match_store: MatchStore, match_database: Database
) -> None:
    """Neither sound nor initials lead to the person; where somebody else is likely, nobody looks so far."""
    with match_database.writing() as connection:
        match_store.write(connection, 7, person("Mortir", "Laura", (2011, 1, 8)))
    search, slip = searching(match_store), person("Lortir", "", (2011, 1, 0))
    with match_database.reading() as connection:
        alone = search.find(connection, slip)
    with match_database.writing() as connection:
        match_store.write(connection, 8, person("Lortir", "Emma", (2011, 1, 9)))
    with match_database.reading() as connection:
        beside = search.find(connection, slip)

    assert [(7, ("name that begins otherwise and birth year",))] == [
        (hit.ssin, hit.matched_by) for hit in alone.hits
    ]
    assert [8] == [hit.ssin for hit in beside.hits]


def test_who_did_not_fit_into_the_first_look_is_compared_in_the_second(
    match_store: MatchStore, match_database: Database
) -> None:
    """A pool of two, widened, holds the third: each number once, and none that was there before."""
    query = person("Peeters", "", (1980, 0, 0))
    with match_database.writing() as connection:
        match_store.write_many(connection, [(n, person("Peeters", "Jan", (1980, 3, n))) for n in (1, 2, 3)])
    with match_database.reading() as connection:
        first = match_store.pool(connection, query, most=2)
        second = match_store.wider(connection, query, first)

    assert ([1, 2], [3], True) == (first.numbers, first.beyond, first.truncated)
    assert ([3], [], False) == (second.numbers, second.beyond, second.truncated)
    assert first.matched_by(1) == second.matched_by(3)


def test_a_small_register_shows_no_more(match_store: MatchStore, match_database: Database) -> None:
    """Whom so little points to as a birth date is not shown, though in a small register the odds are better."""
    with match_database.writing() as connection:
        match_store.write(connection, 1, person("Zwaenepoel", "Wouter", gender=1, countries="BE"))
        matcher = Matcher(shipped_weights(), MatchFrequencies(100_000))
        search, asked = (
            PersonSearch(match_store, matcher, Nobody()),
            person("Nowak", gender=2, countries="FR"),
        )
        compared = [score.log2_odds for _, score in search.scored(connection, asked)]
        shown = search.find(connection, asked).hits

    assert () == shown
    assert -14 < compared[0] < -14 + matcher.size_bits


def test_ties_come_by_number(match_store: MatchStore, match_database: Database) -> None:
    """Persons that cannot be told apart come in the order of their numbers."""
    with match_database.writing() as connection:
        for number in (30, 10, 20):
            match_store.write(connection, number, ANNA)

    found = found_by(searching(match_store), match_database, "Van den Berg", "Anna Maria")

    assert [10, 20, 30] == [hit.ssin for hit in found.hits]


def test_a_changed_person_carries_the_instant(
    match_store: MatchStore, match_database: Database, matching_tables: MatchingTables
) -> None:
    """The sweep finds new and changed persons by the instant of their row."""
    with match_database.writing() as connection:
        match_store.write(connection, 1, ANNA)
        changed = connection.execute(sa.select(matching_tables.match_profile.c.changed_at)).scalar_one()

    assert "2026-11-23T09:00:00+00:00" == changed.isoformat()


def test_two_spellings_meet_on_a_lock(match_store: MatchStore) -> None:
    """Registrations of one human being share a lock, when the name or the date is spelled otherwise."""
    locks = set(match_store.locks_of(ANNA))

    assert 3 == len(locks)
    assert locks & set(match_store.locks_of(person("Vandenberg", "A", (1980, 0, 0))))
    assert locks & set(match_store.locks_of(person("Bercht", "Anna", (1980, 3, 14))))
    assert not locks & set(match_store.locks_of(person("Peeters", "Anna", (1981, 3, 14))))


def test_frequencies_are_counted(
    match_store: MatchStore, match_database: Database, matching_tables: MatchingTables
) -> None:
    """The counts are those of the register: a shared name is common, one that nobody else has is rare."""
    with match_database.writing() as connection:
        match_store.write_many(connection, [(n, person("Peeters", "Jan")) for n in range(1, 4001)])
        match_store.write_many(connection, [(9001, person("Quaghebeur", "Jan")), (9002, MEHMET)])
        before = load_frequencies(connection, matching_tables)
        counted = refresh_frequencies(connection, matching_tables)
        after = load_frequencies(connection, matching_tables)

    assert (0, 4002, 4002) == (before.persons, counted, after.persons)
    assert 4000 == after.family["PTR"]
    assert 0.0 == after.family_rarity(["PTR"])
    assert 5 < after.family_rarity(["KBR"]) < 6


class Register:
    """A national register of one family."""

    def profiles(self, numbers: Sequence[int]) -> dict[int, MatchProfile]:
        return {number: person("Zwaenepoel", "Jan") for number in numbers}


def test_a_running_matcher_takes_a_new_count(
    match_store: MatchStore, match_database: Database, matching_tables: MatchingTables
) -> None:
    """Persons of whom only keys are kept count too; the watch takes each count once."""
    matcher = Matcher(shipped_weights(), MatchFrequencies())
    watch = FrequencyWatch(match_database, matching_tables, matcher)
    people = [(number, person("Zwaenepoel", "Jan")) for number in range(1, 400)]
    with match_database.writing() as connection:
        match_store.write_many(connection, people, keep_profile=False)
    looks = [watch.look(), watch.look()]
    one, other = person("Zwaenepoel", "Jan"), person("Zwaenepoel", "Jan")
    before = matcher.score(one, other).log2_odds
    with match_database.reading() as connection:
        counts = count_names(connection, matching_tables, Register())
    with match_database.writing() as connection:
        write_frequencies(connection, matching_tables, counts)
    looks += [watch.look(), watch.look()]

    assert [True, False, True, False] == looks
    assert 399 == counts.persons
    assert matcher.score(one, other).log2_odds < before
