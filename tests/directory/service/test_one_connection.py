"""A write needs one connection and no second: with as many writers as connections, nobody waits for ever."""

import uuid

from google.type.date_pb2 import Date
from tests.directory.service.conftest import ANNA, NOON

from kruispunt.common.v1 import values_pb2
from kruispunt.directory.v1 import dossier_service_pb2 as pb
from kruispunt_directory.code_tables import load_code_tables
from kruispunt_directory.servicer.dossiers import DossierServicer
from kruispunt_directory.store.code_tables import load_into
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.store.knowledge import KnowledgeStore
from kruispunt_directory.tables import DirectoryTables
from kruispunt_server.call import Call, InstitutionKey, Participant, Purpose, Role
from kruispunt_server.clock import FixedClock
from kruispunt_server.database import Database
from kruispunt_server.keys import Pseudonyms
from kruispunt_server.writes import Writes

PENSIONS = Participant("pensions", frozenset({Role.SUPPLIER}), InstitutionKey(5, 1))


def test_a_write_takes_one_connection(database_url: str, directory_tables: DirectoryTables) -> None:
    """The first write, which also reads the code tables, succeeds on a pool of one connection."""
    database = Database.open(database_url, pool_size=1, busy_timeout_s=0.5)
    clock, pseudonyms = FixedClock(NOON), Pseudonyms(b"k" * 32)
    load_into(database, directory_tables, clock, load_code_tables())
    servicer = DossierServicer(
        DossierStore(database, directory_tables, pseudonyms, clock),
        KnowledgeStore(database, directory_tables, pseudonyms, clock),
        Writes(database, directory_tables.shared, clock),
    )
    call = Call("test", PENSIONS, Purpose("18/042", "clerk", "case"), NOON, 1e18)
    request = pb.RegisterDossierRequest(
        request_id=str(uuid.uuid4()),
        ssin=str(ANNA),
        capacity=100,
        period=values_pb2.Period(begin=Date(year=2020, month=1, day=1)),
    )

    try:
        assert pb.REGISTRATION_OUTCOME_CREATED == servicer.RegisterDossier(request, call).outcome
    finally:
        database.close()
