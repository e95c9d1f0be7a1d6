"""Imports as tests make them: rows, requests, and the servicer without its server."""

import datetime as dt
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

from google.type.date_pb2 import Date
from tests.identity.registers import Registers, registers_on
from tests.support.calls import change_log
from tests.support.rights import EVERYTHING

from kruispunt.identity.v1 import person_pb2
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.domain.national import NationalPerson, NationalRegister, NoNationalRegister
from kruispunt_identity.servicer.importing import ImportingServicer
from kruispunt_identity.store.importing import ImportStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose, Role
from kruispunt_server.database import Database
from kruispunt_server.wire import REASON_NUMBERS

REGISTRAR = Participant("registry-registrar", frozenset({Role.REGISTRAR}), InstitutionKey(25, 1))
IMPORT_ID = "0193f1a2-0000-7000-8000-000000000001"


class Few(NoNationalRegister):
    """A national register that knows a few."""

    def __init__(self, *known: Ssin) -> None:
        self._known = known

    def find_many(self, numbers: Any) -> dict[Ssin, NationalPerson]:
        return {number: NationalPerson(number, ()) for number in numbers if number in self._known}


class Importer:
    """The servicer on one database."""

    def __init__(self, registers: Registers, national: NationalRegister | None = None) -> None:
        self.registers = registers
        store = ImportStore(
            registers.database,
            registers.tables,
            registers.numbers,
            registers.matches,
            registers.candidates,
            change_log(registers.database, registers.tables.shared, registers.clock),
            REASON_NUMBERS,
        )
        self._servicer = ImportingServicer(store, national or NoNationalRegister(), registers.clock)
        self.call = self.new_call()

    def new_call(self, participant: Participant = REGISTRAR) -> Call:
        """Return a call as the boundary makes it."""
        purpose = Purpose("18/042", "desk", "import")
        now = self.registers.clock.now()
        self.call = Call(
            "test/ImportPersons", participant, purpose, now, time.monotonic() + 600, right=EVERYTHING
        )
        return self.call

    def send(self, *requests: pb.ImportPersonsRequest) -> list[pb.RowResult]:
        """Send one stream of requests, as a caller who waits for each answer."""
        answers = self._servicer.ImportPersons(iter(requests), self.call)
        return [result for answer in answers for result in answer.results]

    def stream(self, requests: Iterable[pb.ImportPersonsRequest]) -> Iterator[pb.ImportPersonsResponse]:
        """Send requests one by one."""
        return self._servicer.ImportPersons(iter(requests), self.call)


def importer_on(database: Database, tables: IdentityTables, *national: Ssin) -> Importer:
    """Return the servicer on a database whose registers are empty."""
    return Importer(registers_on(database, tables), Few(*national))


def request(*rows: pb.ImportRow, first: int = 1, **more: Any) -> pb.ImportPersonsRequest:
    """Return a request of the one import."""
    return pb.ImportPersonsRequest(**{"import_id": IMPORT_ID, "first_row": first, "rows": rows, **more})


def row(ssin: Ssin | str = "", family: str = "Peeters", *, given: str = "Jan", **more: Any) -> pb.ImportRow:
    """Return a row with a name, a birth on 1 January 1980 and what `more` says."""
    facts = [
        statement(name=person_pb2.Name(family_name=family, given_names=[given])),
        statement(birth=person_pb2.Birth(date=Date(year=1980, month=1, day=1))),
        statement(gender=person_pb2.GENDER_MALE),
    ]
    return pb.ImportRow(**{"ssin": str(ssin), "facts": facts, **more})


def statement(**value: Any) -> person_pb2.FactStatement:
    """Return a statement with one value."""
    return person_pb2.FactStatement(value=person_pb2.FactValue(**value))


def wide_rows(count: int, *, numbered: bool = True) -> list[pb.ImportRow]:
    """Return rows as a register sends them: six facts with evidence and addresses, each with a number of its own."""
    since = person_pb2.Validity(begin=Date(year=2010, month=5, day=3))
    passport = person_pb2.Evidence(
        kind=person_pb2.EVIDENCE_KIND_PASSPORT, document_number="AB123", issuing_country="MA"
    )
    rows = []
    for position in range(count):
        born = dt.date(1950, 1, 1) + dt.timedelta(days=position % 20_000)
        facts = [
            person_pb2.FactStatement(value=value, validity=validity, evidence=passport)
            for value, validity in (
                (
                    _value(
                        name=person_pb2.Name(
                            family_name=_word(position), given_names=[_word(position // 7), "Maria"]
                        )
                    ),
                    since,
                ),
                (_value(birth=_birth(born)), None),
                (_value(gender=person_pb2.GENDER_FEMALE), since),
                (_value(nationalities=person_pb2.Nationalities(countries=["MA"])), since),
                (_value(civil_state=person_pb2.CivilState(code=10)), since),
                (_value(residential_address=_address(position)), since),
            )
        ]
        ssin = str(_bis(born, position // 20_000)) if numbered else ""
        rows.append(pb.ImportRow(ssin=ssin, facts=facts))
    return rows


def new_import_id() -> str:
    """Return the name of another import."""
    return str(uuid.uuid4())


def _value(**value: Any) -> person_pb2.FactValue:
    return person_pb2.FactValue(**value)


def _birth(born: dt.date) -> person_pb2.Birth:
    place = person_pb2.Place(country="MA", municipality_name="Tanger")
    return person_pb2.Birth(date=Date(year=born.year, month=born.month, day=born.day), place=place)


def _address(position: int) -> person_pb2.Address:
    return person_pb2.Address(
        country="MA",
        municipality_name="Tanger",
        street="Rue de la Liberté",
        house_number=str(position % 200 + 1),
    )


def _word(position: int) -> str:
    syllables = ("ba", "den", "kor", "li", "mon", "ra", "set", "van", "wou", "zi")
    return "".join(syllables[int(digit)] for digit in f"{position * 7919 % 100_000:05d}").title()


def _bis(born: dt.date, turn: int) -> Ssin:
    return Ssin.assemble(
        born.year % 100 * 10_000 + (born.month + 40) * 100 + born.day,
        2 * turn + 2,
        born_from_2000=born.year >= 2000,
    )
