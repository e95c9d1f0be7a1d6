"""Writes notices at a fixed rate, as the follower would: one process, commits of twenty, each under its lock.

Arguments: URL of the database, notices in all, notices per second, institutions. Prints how many it wrote per second.
"""

import datetime as dt
import sys
import time

from benchmarks.population import institution_of, ssin_of
from benchmarks.serve_feed import PERSONS
from kruispunt_directory.domain.cursor import Cursor
from kruispunt_directory.domain.notices import Notice, NoticeKind
from kruispunt_directory.store.cursors import CursorStore
from kruispunt_directory.store.notices import NoticeStore
from kruispunt_directory.tables import directory_tables
from kruispunt_server.clock import SystemClock
from kruispunt_server.database import Database
from kruispunt_server.ids import new_id

AT_ONCE = 20
_MOMENT = dt.timedelta(microseconds=1)


def main() -> None:
    """Write."""
    url, notices, rate, institutions = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    clock, database = SystemClock(), Database.open(url)
    store, cursors = (each(database, directory_tables()) for each in (NoticeStore, CursorStore))
    numbers = [ssin_of(person) for person in range(PERSONS)]
    last, began = clock.now(), time.monotonic()
    for first in range(0, notices, AT_ONCE):
        time.sleep(max(0.0, began + first / rate - time.monotonic()))
        last = max(clock.now(), last + _MOMENT)
        of_commit = [
            Notice(
                institution_of(number % institutions),
                NoticeKind.DATA_CHANGED,
                numbers[number % PERSONS],
                numbers[number % PERSONS],
                last,
                new_id(),
            )
            for number in range(first, first + AT_ONCE)
        ]
        with database.writing() as transaction:
            cursors.locked(transaction)
            store.write(transaction, of_commit, last)
            cursors.write(transaction, Cursor("bench", first, last, last))
    print(round(notices / (time.monotonic() - began)))
    database.close()


if __name__ == "__main__":
    main()
