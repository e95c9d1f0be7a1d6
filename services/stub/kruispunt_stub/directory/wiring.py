"""What the directory of the stub is made of: the servicers of the directory over rows in memory."""

from dataclasses import dataclass
from typing import Final

from kruispunt.directory.v1 import (
    directory_service_pb2,
    dossier_service_pb2,
    knowledge_service_pb2,
    notice_service_pb2,
)
from kruispunt_directory import policies
from kruispunt_directory.domain.claim import PersonRegister
from kruispunt_directory.following.applying import Applier
from kruispunt_directory.following.effects import Stores
from kruispunt_directory.servicer.directory import DirectoryServicer
from kruispunt_directory.servicer.dossiers import DossierServicer
from kruispunt_directory.servicer.holding import OwnDossiers
from kruispunt_directory.servicer.knowledge import KnowledgeServicer
from kruispunt_directory.servicer.notice_source import NoticeSource
from kruispunt_directory.servicer.notices import NoticeServicer
from kruispunt_directory.store.impacts import ImpactReader
from kruispunt_server.call import Purpose
from kruispunt_server.feeds.hub import Hub
from kruispunt_server.ids import new_id
from kruispunt_stub.directory.attention import MemoryAttention
from kruispunt_stub.directory.cursors import MemoryCursors
from kruispunt_stub.directory.dossiers import MemoryDossiers
from kruispunt_stub.directory.knowledge import MemoryKnowledge
from kruispunt_stub.directory.notices import MemoryNotices
from kruispunt_stub.directory.numbers import MemoryProjection
from kruispunt_stub.directory.reading import MemoryReader
from kruispunt_stub.directory.rows import DirectoryRows
from kruispunt_stub.memory import Memory
from kruispunt_stub.parts import Parts, Service, in_place_of_sql
from kruispunt_stub.writes import MemoryWrites

_FOLLOWING: Final = Purpose("registry/following", "directory-follower", "directory-follower")
_DIRECTORY = directory_service_pb2.DESCRIPTOR.services_by_name["DirectoryService"]
_DOSSIER = dossier_service_pb2.DESCRIPTOR.services_by_name["DossierService"]
_NOTICE = notice_service_pb2.DESCRIPTOR.services_by_name["NoticeService"]
_KNOWLEDGE = knowledge_service_pb2.DESCRIPTOR.services_by_name["KnowledgeService"]


@dataclass(frozen=True, slots=True)
class MemoryDirectory:
    """The directory of the stub.

    Attributes:
        memory: its rows.
        dossiers: for seeding.
        knowledge: for seeding.
        notices: whose positions can be made too old.
        cursors: how far identity was followed.
        applier: carries out what identity tells.
        hub: tells notices.
        services: what it serves.
    """

    memory: Memory
    dossiers: MemoryDossiers
    knowledge: MemoryKnowledge
    notices: MemoryNotices
    cursors: MemoryCursors
    applier: Applier
    hub: Hub
    services: tuple[Service, ...]


def wire_directory(parts: Parts, register: PersonRegister) -> MemoryDirectory:
    """Return an empty directory.

    Args:
        parts: shared with identity.
        register: asks identity whether a number stands.
    """
    memory = Memory()
    rows = DirectoryRows.of(memory)
    dossiers, knowledge = MemoryDossiers(rows, parts.clock), MemoryKnowledge(rows, parts.clock)
    notices, cursors, reader = MemoryNotices(rows), MemoryCursors(rows), MemoryReader(rows)
    projection, attention = MemoryProjection(rows), MemoryAttention(rows)
    sql = in_place_of_sql
    writes = sql(MemoryWrites(memory))
    hub = parts.hub(NoticeSource(sql(notices), new_id().hex))
    own = OwnDossiers(sql(reader), parts.clock)
    impacts = ImpactReader(sql(memory), sql(dossiers), sql(cursors))
    servicers = (
        (
            _DIRECTORY,
            DirectoryServicer(
                sql(reader), sql(attention), knowledge, own, parts.tokens, parts.clock, cursors.followed_until
            ),
            policies.DIRECTORY_SERVICE,
        ),
        (_DOSSIER, DossierServicer(sql(dossiers), knowledge, writes, register), policies.DOSSIER_SERVICE),
        (
            _KNOWLEDGE,
            KnowledgeServicer(sql(knowledge), writes, parts.tokens, parts.clock),
            policies.KNOWLEDGE_SERVICE,
        ),
        (
            _NOTICE,
            NoticeServicer(hub, sql(notices), impacts, own, parts.clock),
            policies.NOTICE_SERVICE,
        ),
    )
    following = Stores(sql(dossiers), sql(projection), sql(notices))
    return MemoryDirectory(
        memory=memory,
        dossiers=dossiers,
        knowledge=knowledge,
        notices=notices,
        cursors=cursors,
        applier=Applier(sql(memory), sql(cursors), following, parts.clock, _FOLLOWING),
        hub=hub,
        services=tuple(Service.of(*each) for each in servicers),
    )
