"""The directory server as it runs, in one process, which lets one certificate watch for thousands of institutions.

Everything is the server's own but one thing: whose notices are watched is not the institution of the certificate, but the
one that the case of the purpose, a number, names. Arguments: URL of the database, folder of the certificates, watches
at most.
"""

import sys
from dataclasses import replace
from pathlib import Path

from benchmarks.population import institution_of
from benchmarks.rights import open_to
from benchmarks.served import URI, serve, settings_of
from kruispunt.directory.v1 import notice_service_pb2
from kruispunt_directory import policies
from kruispunt_directory.servicer.holding import OwnDossiers
from kruispunt_directory.servicer.notice_source import NoticeSource
from kruispunt_directory.servicer.notices import NoticeServicer
from kruispunt_directory.settings import DirectorySettings
from kruispunt_directory.store.cursors import CursorStore
from kruispunt_directory.store.dossiers import DossierStore
from kruispunt_directory.store.impacts import ImpactReader
from kruispunt_directory.store.notices import NoticeStore
from kruispunt_directory.store.reading import DossierReader
from kruispunt_directory.tables import directory_tables
from kruispunt_directory.wiring import wire
from kruispunt_server.assembly import Assembly, Servicer
from kruispunt_server.call import Call, InstitutionKey, Participant, Role
from kruispunt_server.feeds.hub import Hub
from kruispunt_server.feeds.positions import Places
from kruispunt_server.feeds.source import Key
from kruispunt_server.worker import telemetry_of

_NOTICE = notice_service_pb2.DESCRIPTOR.services_by_name["NoticeService"]
_PARTICIPANT = Participant("bench", frozenset({Role.CONSUMER}), InstitutionKey(999, 999))


class NoticesByCase(NoticeSource):
    """Notices of the institution that the purpose names."""

    def key_of(self, call: Call) -> Key:
        """Return the institution."""
        assert call.purpose is not None, "the policy asks for it"
        return institution_of(int(call.purpose.case))


def main() -> None:
    """Serve until killed; prints the port."""
    url, folder, watches = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    settings = settings_of(DirectorySettings, url, folder)
    assembly = wire(settings, telemetry_of(settings))
    open_to(assembly, directory_tables().shared, _PARTICIPANT, URI)
    others = [one for one in assembly.servicers if one.service is not _NOTICE]
    serve(settings, replace(assembly, servicers=[*others, _notices(assembly, watches)]))


def _notices(assembly: Assembly, watches: int) -> Servicer:
    parts, tables = assembly.parts, directory_tables()
    store = NoticeStore(parts.database, tables)
    source = NoticesByCase(store, parts.sealer.log_id())
    places = Places(source, parts.tokens, parts.clock)
    hub = Hub(source, places, parts.journal.commit_all, parts.clock, parts.edge.events)
    dossiers = DossierStore(parts.database, tables, parts.changes, parts.clock)
    reader = ImpactReader(parts.database, dossiers, CursorStore(parts.database, tables))
    servicer = NoticeServicer(
        hub, store, reader, OwnDossiers(DossierReader(parts.database, tables), parts.clock), parts.clock
    )
    # A participant may have half of the places.
    watch = replace(policies.NOTICE_SERVICE["WatchNotices"], max_streams=2 * watches)
    return Servicer(_NOTICE, servicer, {**policies.NOTICE_SERVICE, "WatchNotices": watch}, hub)


if __name__ == "__main__":
    main()
