"""What a search reads of very many rows, it reads from few pages: the planner is asked."""

import re

from tests.identity.matching.people import person

from kruispunt_identity.store.matching import MatchStore
from kruispunt_server.arrays import array
from kruispunt_server.database import Database

PERSONS = 6_000
EXPLAIN = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN "}
# SQLite reads whole rows by its primary key, unless told to go by the index that holds all that is asked for.
WANTED = {
    "sqlite": re.compile(r"USING COVERING INDEX ix_match_profile_outline"),
    "postgresql": re.compile(r"Index Scan using pk_match_profile"),
}


def test_outlines_are_not_read_by_a_scan(match_store: MatchStore, match_database: Database) -> None:
    """Number, letters and birth of a thousand candidates come through an index; on SQLite from it alone."""
    people = [
        (n, person("Peeters", f"Jan {n}", (1900 + n % 120, 1 + n % 12, 1 + n % 28))) for n in range(PERSONS)
    ]
    with match_database.writing() as connection:
        match_store.write_many(connection, people)
    dialect = match_database.dialect
    statement = EXPLAIN[dialect] + match_store._pools._outlines_sql
    with match_database.reading() as connection:
        connection.exec_driver_sql("ANALYZE")
        driver = connection.connection.driver_connection
        assert driver is not None
        plan = driver.execute(statement, {"numbers": array(range(0, PERSONS, 6), dialect)}).fetchall()

    assert WANTED[dialect].search(str(plan)), plan
