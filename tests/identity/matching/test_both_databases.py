"""SQLite and PostgreSQL answer a search with the same list."""

from benchmarks.people.persons import People
from benchmarks.people.searches import searches
from benchmarks.people.stores import FIRST_NUMBER
from tests.identity.matching.people import Known

from kruispunt_identity.matching.peppers import DerivedPeppers
from kruispunt_identity.matching.score import Matcher
from kruispunt_identity.matching.weights import shipped_weights
from kruispunt_identity.store.match_frequencies import load_frequencies, refresh_frequencies
from kruispunt_identity.store.matching import MatchStore
from kruispunt_identity.store.person_search import Found, PersonSearch
from kruispunt_identity.tables_matching import MatchingTables
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database


def test_both_databases_return_the_same_list(
    both_databases: tuple[Database, Database],
    matching_tables: MatchingTables,
    peppers: DerivedPeppers,
    clock: FixedClock,
) -> None:
    """For 400 searches in 3,000 persons, a tenth of them national: same numbers, order, scores and parts."""
    people = People(3_000, 5)
    profiles = [(FIRST_NUMBER + place, person.profile) for place, person in enumerate(people)]
    national = Known(dict(profiles[::10]))
    asked = [each.criteria.profile for each in searches(people, 300, 100, 6)]
    lists: list[list[Found]] = []
    for database in both_databases:
        store = MatchStore(database, matching_tables, peppers, clock)
        with database.writing() as connection:
            store.write_many(connection, profiles)
            store.write_many(connection, profiles[::10], keep_profile=False)
            refresh_frequencies(connection, matching_tables)
        with database.reading() as connection:
            matcher = Matcher(shipped_weights(), load_frequencies(connection, matching_tables))
            search = PersonSearch(store, matcher, national)
            lists.append([search.find(connection, each, year_tolerance=2) for each in asked])

    assert lists[0] == lists[1]
    assert 290 < sum(bool(found.hits) for found in lists[0])
