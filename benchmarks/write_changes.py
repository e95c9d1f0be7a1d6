"""Writes changes at a fixed rate, as another worker would: one process, transactions of twenty.

Arguments: URL of the database, changes in all, changes per second. Prints how many it wrote per second.
"""

import sys
import time

from benchmarks.population import ssin_of
from benchmarks.serve_feed import PERSONS
from benchmarks.served import SECRET
from kruispunt_identity.tables import identity_tables
from kruispunt_server.call import Call, Participant, Purpose, Role
from kruispunt_server.change import Change
from kruispunt_server.changes import ChangeLog
from kruispunt_server.clock import SystemClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id
from kruispunt_server.keys import Keys, Pseudonyms
from kruispunt_server.subject_keys import SubjectKeys

AT_ONCE = 20
_PARTICIPANT = Participant("writer", frozenset({Role.SUPPLIER}), None)
_PURPOSE = Purpose("18/042", "bench", "bench")
_TOLD = {"groups": [5], "from": "2025-01-01"}


def main() -> None:
    """Write."""
    url, changes, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    clock, keys, tables = SystemClock(), Keys(SECRET), identity_tables().shared
    database = Database.open(url)
    subject_keys = SubjectKeys(database, tables, keys.derive("subject-key"), clock)
    log = ChangeLog(tables, Pseudonyms(keys.derive("pseudonym")), subject_keys)
    numbers = [int(ssin_of(person)) for person in range(PERSONS)]
    began = time.monotonic()
    for first in range(0, changes, AT_ONCE):
        time.sleep(max(0.0, began + first / rate - time.monotonic()))
        call = Call("bench/Write", _PARTICIPANT, _PURPOSE, clock.now(), time.monotonic() + 60)
        of_commit = [
            Change(numbers[change % PERSONS], "person.updated", told=_TOLD)
            for change in range(first, first + AT_ONCE)
        ]
        with database.writing() as connection:
            log.record(connection, call, of_commit, request_id=new_id())
    print(round(changes / (time.monotonic() - began)))
    database.close()


if __name__ == "__main__":
    main()
