"""Bis numbers are given out once, whatever happens."""

import datetime as dt
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.values import Gender, PartialDate
from kruispunt_identity.store.issuing import NumberIssuer
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.database import Database
from kruispunt_server.errors import Reason, RegistryError

NOW = dt.datetime(2026, 3, 3, 12, tzinfo=dt.UTC)
BIRTH = PartialDate(1985, 7, 30)


class Issuer:
    """Gives numbers out and writes them down, as a registration does."""

    def __init__(self, database: Database, tables: IdentityTables) -> None:
        self.database = database
        self.tables = tables
        self.issuer = NumberIssuer(database, tables)
        self.numbers = NumberStore(database, tables)

    def give(self, birth: PartialDate = BIRTH, gender: Gender = Gender.MALE) -> Ssin:
        with self.database.writing() as transaction:
            ssin = self.issuer.allocate(transaction, birth, gender)
            self.numbers.insert(transaction, ssin, Register.BIS, NOW)
            return ssin

    def count_to(self, date_part: int, sequence: int, parity: int = 1) -> None:
        """Set a counter, as if so many numbers had been given out."""
        counter = self.tables.persons.number_counter
        row = {"date_part": date_part, "from_2000": False, "parity": parity, "last_sequence": sequence}
        with self.database.writing() as transaction:
            transaction.execute(sa.insert(counter), row)


@pytest.fixture
def issuer(identity_database: Database, identity_tables: IdentityTables) -> Issuer:
    """Gives numbers out on a database of this test alone."""
    return Issuer(identity_database, identity_tables)


def test_numbers_follow_one_another(issuer: Issuer) -> None:
    """Men get odd sequences, women even ones, one after the other."""
    given = [
        issuer.give(gender=gender) for gender in (Gender.MALE, Gender.MALE, Gender.FEMALE, Gender.UNKNOWN)
    ]

    assert ["854730001", "854730003", "854730002", "852730001"] == [str(ssin)[:9] for ssin in given]


def test_what_is_used_up_counts_on(issuer: Issuer) -> None:
    """After sequence 997 of men the day counts on, past the end of the month."""
    issuer.count_to(854730, 995)
    issuer.count_to(854731, 997)

    assert ["854730997", "854732001"] == [str(issuer.give())[:9] for _ in range(2)]


def test_the_end_is_said(issuer: Issuer) -> None:
    """When every date part up to day 99 is used up, the registration is refused."""
    for day in range(30, 100):
        issuer.count_to(854700 + day, 998)

    with pytest.raises(RegistryError) as refused:
        issuer.give()
    assert Reason.NUMBERS_EXHAUSTED is refused.value.reason


def test_numbers_taken_over_are_skipped(issuer: Issuer) -> None:
    """A number that came from another system is not given out again, however many there are."""
    with issuer.database.writing() as transaction:
        for sequence in (*range(1, 300, 2), 303):
            ssin = Ssin.assemble(854730, sequence, born_from_2000=False)
            issuer.numbers.insert(transaction, ssin, Register.BIS, NOW)

    assert ["854730301", "854730305"] == [str(issuer.give())[:9] for _ in range(2)]


def test_many_at_once_are_in_the_order_asked(issuer: Issuer) -> None:
    """A batch gets what each would have got, in its order, across a series that is used up on the way."""
    issuer.count_to(854730, 995)
    wanted = [(BIRTH, Gender.MALE), (PartialDate(2017), Gender.FEMALE), (BIRTH, Gender.MALE)]
    with issuer.database.writing() as transaction:
        given = issuer.issuer.allocate_many(transaction, wanted)

    assert ["854730997", "174000002", "854731001"] == [str(ssin)[:9] for ssin in given]


def test_sixteen_at_once_get_numbers_of_their_own(issuer: Issuer) -> None:
    """Sixteen concurrent registrations of the same birth date get distinct numbers, without a gap."""
    with ThreadPoolExecutor(16) as pool:
        given = list(pool.map(lambda _: issuer.give(), range(96)))

    assert [f"854730{sequence:03d}" for sequence in range(1, 192, 2)] == sorted(
        str(ssin)[:9] for ssin in given
    )


def test_what_is_rolled_back_was_never_given(issuer: Issuer) -> None:
    """A refused registration leaves no gap."""
    with issuer.database.writing() as transaction:
        issuer.issuer.allocate(transaction, BIRTH, Gender.MALE)
        transaction.rollback()

    assert "854730001" == str(issuer.give())[:9]


KILLED = """
import sys, time
from kruispunt_identity.domain.number import Register
from kruispunt_identity.domain.values import Gender, PartialDate
from kruispunt_identity.store.issuing import NumberIssuer
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.tables import identity_tables
from kruispunt_server.clock import SystemClock
from kruispunt_server.database import Database

database, tables = Database.open(sys.argv[1]), identity_tables()
issuer, numbers = NumberIssuer(database, tables), NumberStore(database, tables)
for count in range(3):
    with database.writing() as transaction:
        ssin = issuer.allocate(transaction, PartialDate(1985, 7, 30), Gender.MALE)
        numbers.insert(transaction, ssin, Register.BIS, SystemClock().now())
        if count == 2:
            print("allocated", flush=True)
            time.sleep(60)
    print(ssin, flush=True)
"""


def test_a_killed_process_loses_nothing(issuer: Issuer, identity_url: str) -> None:
    """After SIGKILL between allocation and commit, what was acknowledged stands and nothing is given out twice."""
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, identity_url], stdout=subprocess.PIPE, text=True, env=os.environ
    ) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(3)]
        process.send_signal(signal.SIGKILL)
    acknowledged = told[:2]
    given = [str(issuer.give()) for _ in range(3)]

    assert "allocated" == told[2]
    assert ["854730001", "854730003"] == [ssin[:9] for ssin in acknowledged]
    assert ["854730005", "854730007", "854730009"] == [ssin[:9] for ssin in given]
