"""Code tables by which the participant's institution, 1/1, may obtain one data set from two others on each routed person."""

import datetime as dt

from benchmarks.calls import DATA_SET
from benchmarks.rights import LEGAL_BASIS
from benchmarks.stores import Store
from kruispunt.period import Period
from kruispunt_directory.domain.knowledge import (
    Authorisation,
    Availability,
    Capacity,
    DataSet,
    DataSetKey,
    Deliberation,
    Entry,
    Institution,
    Labels,
    NetworkLevel,
    Sector,
)
from kruispunt_directory.store.code_tables import load_into
from kruispunt_directory.tables import directory_tables
from kruispunt_server.call import InstitutionKey
from kruispunt_server.clock import SystemClock
from kruispunt_server.database import Database

_ALWAYS = Period(dt.date(1990, 1, 1))
_LABELS = Labels("Proef", "Essai", "Probe", "Benchmark", ("nl", "fr", "de", "en"))
_KEY = DataSetKey(DATA_SET, 0)
_SUPPLYING = {6: 2, 11: 3}  # capacity by sector, of dossiers 1 and 2 of a routed person


def entries() -> list[Entry]:
    """Return them."""
    sectors = (1, *_SUPPLYING)
    return [
        *(Sector(sector, _LABELS, _ALWAYS) for sector in sectors),
        Institution(InstitutionKey(1, 1), _LABELS, "", NetworkLevel.PRIMARY, _ALWAYS),
        *(Capacity(None, capacity, _LABELS, (), _ALWAYS) for capacity in (1, 2, 3)),
        DataSet(_KEY, _LABELS, _ALWAYS),
        Deliberation(LEGAL_BASIS, _LABELS, "", _ALWAYS),
        *(
            Availability(f"from-{sector}", _KEY, sector, None, capacity, 0, _ALWAYS)
            for sector, capacity in _SUPPLYING.items()
        ),
        Authorisation("bench", _KEY, 1, 1, 1, 0, None, None, LEGAL_BASIS, _ALWAYS),
    ]


def load(store: Store) -> None:
    """Write them into a store, unless they stand there."""
    database = Database.open(store.url)
    try:
        load_into(database, directory_tables(), SystemClock(), entries())
    finally:
        database.close()
