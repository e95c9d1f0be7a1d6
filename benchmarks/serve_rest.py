"""The baseline of R7: the usual REST code, FastAPI with mapped classes and a session per request, over plain HTTP.

It does the work of ListDossiers as such code does it: look up where the number leads, read the open dossiers, add an
access record, commit, validate the answer. It asks for no certificate, right or quota. Arguments: URL of the database,
persons in it.
"""

import datetime as dt
import socket
import sys
import uuid
from itertools import cycle
from typing import Annotated, Any

import sqlalchemy as sa
import uvicorn
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy import orm

from benchmarks.population import asked_for, ssin_of
from kruispunt_directory.tables import directory_tables
from kruispunt_server.ids import new_id
from kruispunt_server.keys import Keys, Pseudonyms

PATH = "/persons/{ssin}/dossiers"

_TABLES = directory_tables()


class Base(orm.DeclarativeBase):
    """Of mapped classes."""


class Dossier(Base):
    """A dossier."""

    __table__ = _TABLES.dossiers.dossier


class Number(Base):
    """Where a number leads."""

    __table__ = _TABLES.dossiers.number


class Access(Base):
    """An access record."""

    __table__ = _TABLES.shared.access


class DossierOut(BaseModel):
    """A dossier in an answer."""

    model_config = ConfigDict(from_attributes=True)
    dossier_id: uuid.UUID
    person: int
    registered_under: int
    sector: int
    institution: int
    capacity: int
    phase: int
    begin_day: dt.date
    end_day: dt.date | None
    network_level: int
    source: str
    version: int
    recorded_at: dt.datetime
    confirmed_at: dt.datetime


class Dossiers(BaseModel):
    """An answer."""

    asked: str
    current: int
    dossiers: list[DossierOut]


def application(url: str, persons: int) -> FastAPI:
    """Return it; whoever is asked for, it answers on the next of the persons."""
    engine = sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), pool_size=10)
    sessions = orm.sessionmaker(engine)
    following = cycle([str(ssin_of(person)) for person in asked_for(persons)]).__next__
    pseudonyms = Pseudonyms(Keys(b"benchmarks only, nothing secret in it").derive("access"))
    app = FastAPI()

    def session() -> Any:
        with sessions() as one:
            yield one

    @app.get(PATH, response_model=Dossiers)
    def dossiers(ssin: str, session: Annotated[orm.Session, Depends(session)]) -> Any:
        ssin = following()
        number = session.get(Number, int(ssin))
        current: int = getattr(number, "current_ssin", int(ssin))
        today = dt.date.today()  # noqa: DTZ011 - as usual code does
        columns = Dossier.__table__.c
        found = session.scalars(
            sa.select(Dossier)
            .where(columns.person == current, columns.begin_day <= today)
            .where(sa.or_(columns.end_day.is_(None), columns.end_day > today))
            .order_by(columns.sector, columns.institution)
        ).all()
        answer = Dossiers(
            asked=ssin, current=current, dossiers=[DossierOut.model_validate(row) for row in found]
        )
        session.add(
            Access(
                access_id=new_id(), recorded_at=dt.datetime.now(dt.UTC), participant_id="bench", method="GET",
                end_user="bench", legal_basis="18/042", case_reference="bench", subject=pseudonyms.of(current),
                data_groups="dossier", result="found" if found else "none",
            )
        )  # fmt: skip
        session.commit()
        return answer

    return app


def main() -> None:
    """Serve until killed; prints the port."""
    url, persons = sys.argv[1], int(sys.argv[2])
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(512)
        print(listening.getsockname()[1], flush=True)
        config = uvicorn.Config(application(url, persons), log_level="warning", access_log=False)
        uvicorn.Server(config).run([listening])


if __name__ == "__main__":
    main()
