"""Keys of subjects: one each, whoever makes it, on both databases."""

import random
import threading
from concurrent.futures import ThreadPoolExecutor

from tests.support.calls import NOON, subject_keys

from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.subject_keys import SubjectKey
from kruispunt_server.tables import SharedTables

SUBJECTS = [bytes([n]) * 16 for n in range(40)]


def test_of_transactions_that_make_the_same_keys_the_first_is_right(
    database: Database, tables: SharedTables
) -> None:
    """Eight at once, each in its own order and with two keys of its own: all get the same for the others."""
    together = threading.Barrier(8)

    def made(place: int) -> dict[bytes, SubjectKey]:
        keys = subject_keys(database, tables, FixedClock(NOON))
        own = [bytes([100 + place, n]) * 8 for n in range(2)]
        asked = random.Random(place).sample(SUBJECTS, len(SUBJECTS)) + own
        together.wait(30)
        with database.writing() as connection:
            found = keys.of(connection, asked)
        assert set(asked) == found.keys()
        return found

    with ThreadPoolExecutor(8) as threads:
        first, *others = threads.map(made, range(8))

    change_id = new_id()
    for other in others:
        assert [first[each].key_id for each in SUBJECTS] == [other[each].key_id for each in SUBJECTS]
        assert b"state" == other[SUBJECTS[0]].decrypt(
            change_id, first[SUBJECTS[0]].encrypt(change_id, b"state")
        )


def test_a_key_that_was_made_is_found_again(database: Database, tables: SharedTables) -> None:
    """In a later transaction, and by its name: what was encrypted with it is read."""
    keys = subject_keys(database, tables, FixedClock(NOON))
    with database.writing() as connection:
        made = keys.of(connection, SUBJECTS[:3])
    with database.writing() as connection:
        again = keys.of(connection, SUBJECTS[:4])
        named = keys.named(connection, [made[SUBJECTS[2]].key_id])

    change_id = new_id()
    assert [made[each].key_id for each in SUBJECTS[:3]] == [again[each].key_id for each in SUBJECTS[:3]]
    payload = made[SUBJECTS[2]].encrypt(change_id, b"state")
    assert b"state" == named[made[SUBJECTS[2]].key_id].decrypt(change_id, payload)
