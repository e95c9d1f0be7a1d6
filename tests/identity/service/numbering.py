"""The servicers that keep numbers in order, without their server, beside those by which institutions tell something."""

import datetime as dt
import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.identity.service.telling import DESK, PENSIONS, Told, call_of, told_on
from tests.support.calls import change_log

from kruispunt.identity.v1 import identity_service_pb2 as service_pb
from kruispunt.identity.v1 import person_pb2
from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt.ssin import Ssin
from kruispunt_identity.national.file import SqliteNationalRegister, load
from kruispunt_identity.servicer.guard import Guard
from kruispunt_identity.servicer.numbering import NumberingServicer, NumberingStores
from kruispunt_identity.servicer.resolving import ResolvingServicer
from kruispunt_identity.store.desk_rows import desk_rows
from kruispunt_identity.store.facts import FactStore
from kruispunt_identity.store.link_states import LinkStates
from kruispunt_identity.store.moving import MovingStore
from kruispunt_identity.store.number_desk import NumberDesk
from kruispunt_identity.store.numbering import NumberingStore
from kruispunt_identity.store.numbers import NumberStore
from kruispunt_identity.store.persons import PersonStore
from kruispunt_identity.store.reading import PersonReader
from kruispunt_identity.store.resolving import NumberResolver
from kruispunt_identity.store.splitting import SplittingStore
from kruispunt_identity.tables import IdentityTables
from kruispunt_server.call import Call
from kruispunt_server.database import Database
from kruispunt_server.writes import Writes

ANNA, BEA, CLEO = (Ssin.assemble(804405, sequence, born_from_2000=False) for sequence in (2, 4, 6))
DORA = Ssin.assemble(804405, 8, born_from_2000=False)
# Known to the national register.
EMMA, FLOR = Ssin.parse("85073003328"), Ssin.parse("75060898009")
NOBODY = Ssin.parse("42012205181")
DUPLICATE = person_pb2.NUMBER_CHANGE_REASON_DUPLICATE
NATIONAL_NUMBER_GIVEN = person_pb2.NUMBER_CHANGE_REASON_NATIONAL_NUMBER_GIVEN
CORRECTION = person_pb2.NUMBER_CHANGE_REASON_CORRECTION

REGISTER = [
    {
        "ssin": str(EMMA),
        "family_name": "Janssens",
        "given_names": ["Emma"],
        "birth_date": "1980-04-05",
        "gender": 2,
        "nationalities": ["BE"],
    },
    {"ssin": str(FLOR), "family_name": "De Smet", "birth_date": "1975-06-08"},
]


@dataclass
class Numbering:
    """What the servicers stand on, and short ways to use them; the clock goes on an hour with every command."""

    told: Told
    servicer: NumberingServicer
    resolving: ResolvingServicer
    reader: PersonReader
    national: Path

    def tick(self) -> None:
        """Let an hour pass."""
        self.told.clock.advance(dt.timedelta(hours=1))

    def call(self, participant: Any = PENSIONS) -> Call:
        """Return a call that comes in now."""
        call = call_of(participant)
        call.now = self.told.clock.now()
        return call

    def replace(self, former: Ssin | str, next_: Ssin | str, **more: Any) -> pb.ReplaceNumberResponse:
        """Replace a number, as PENSIONS unless said otherwise."""
        self.tick()
        call = more.pop("call", None) or self.call()
        return self.servicer.ReplaceNumber(replacement_of(former, next_, **more), call)

    def preview(self, former: Ssin, next_: Ssin, call: Call | None = None) -> pb.PreviewReplacementResponse:
        """Ask what a replacement would do."""
        request = pb.PreviewReplacementRequest(former_ssin=str(former), next_ssin=str(next_))
        return self.servicer.PreviewReplacement(request, call or self.call())

    def split(self, ssin: Ssin, *take: str, **more: Any) -> pb.SplitNumberResponse:
        """Split a number off, as a registrar."""
        self.tick()
        request = pb.SplitNumberRequest(
            **{"request_id": str(uuid.uuid4()), "ssin": str(ssin), "take_fact_ids": take, **more}
        )
        return self.servicer.SplitNumber(request, self.call(DESK))

    def cancel(self, ssin: Ssin, **more: Any) -> pb.CancelNumberResponse:
        """Cancel a number, as a registrar."""
        self.tick()
        request = pb.CancelNumberRequest(**{"request_id": str(uuid.uuid4()), "ssin": str(ssin), **more})
        return self.servicer.CancelNumber(request, self.call(DESK))

    def move(self, ssin: Ssin, register: int, **more: Any) -> pb.MoveToRegisterResponse:
        """Move a person, as a registrar."""
        self.tick()
        request = pb.MoveToRegisterRequest(
            **{"request_id": str(uuid.uuid4()), "ssin": str(ssin), "register": register, **more}
        )
        return self.servicer.MoveToRegister(request, self.call(DESK))

    def resolve(self, *texts: Any, known_at: dt.datetime | None = None) -> list[Any]:
        """Ask where numbers lead."""
        request = service_pb.ResolveNumbersRequest(ssins=[str(text) for text in texts])
        if known_at is not None:
            request.known_at.FromDatetime(known_at)
        return list(self.resolving.ResolveNumbers(request, self.call()).results)

    def current(self, *numbers: Ssin) -> list[Ssin]:
        """Return the numbers that stand for numbers."""
        return [Ssin.parse(each.current_ssin) for each in self.resolve(*numbers)]

    def seen(self, ssin: Ssin, known_at: dt.datetime | None = None) -> dict[str, Any]:
        """Return what is seen of a person today: by data group, its value and under which number it was told."""
        found = self.reader.persons([ssin], valid_at=self.told.clock.today(), known_at=known_at)[ssin].person
        assert found is not None
        return {
            fact.group.name.lower(): (fact.value, fact.registered_under)
            for fact, _ in found.picture.on(self.told.clock.today())
        }

    def tell(self, ssin: Ssin, *changes: dict[str, Any], participant: Any = PENSIONS) -> list[str]:
        """Tell facts; returns their identifiers."""
        self.tick()
        self.told.holders.dossiers.add((participant.own_institution(), ssin))
        response = self.told.update(ssin, *changes, call=self.call(participant))
        return [result.fact.fact_id for result in response.results]


def replacement_of(former: Ssin | str, next_: Ssin | str, **more: Any) -> pb.ReplaceNumberRequest:
    """Return a request that replaces a number, as a duplicate unless said otherwise."""
    return pb.ReplaceNumberRequest(
        **{
            "request_id": str(uuid.uuid4()),
            "former_ssin": str(former),
            "next_ssin": str(next_),
            "reason": DUPLICATE,
            **more,
        }
    )


def numbering_on(database: Database, tables: IdentityTables, national: Path) -> Numbering:
    """Return the servicers on a database, with a national register of two persons."""
    load(national, [json.dumps(person) for person in REGISTER])
    told = told_on(database, tables)
    register = SqliteNationalRegister(national)
    numbers, facts = NumberStore(database, tables), FactStore(database, tables.persons)
    reader = PersonReader(database, numbers, facts, LinkStates(database, tables), register)
    log = change_log(database, tables.shared, told.clock)
    desk = NumberDesk(database, desk_rows(database, tables), told.matches, log, told.clock)
    persons = PersonStore(database, facts, numbers, told.matches, register, log, told.clock)
    stores = NumberingStores(persons, reader, NumberingStore(desk), SplittingStore(desk), MovingStore(desk))
    writes = Writes(database, tables.shared, told.clock)
    guard = Guard(told.holders, alone=False)
    return Numbering(
        told,
        NumberingServicer(stores, register, guard, writes, told.clock),
        ResolvingServicer(NumberResolver(database, numbers, register), guard),
        reader,
        national,
    )
