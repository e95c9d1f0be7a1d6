# Written by `make generate` from kruispunt/_async; edit it there.
"""The client of the directory."""

from kruispunt._sync.auditing import AuditMethods
from kruispunt._sync.client import Client
from kruispunt._sync.dossier_streams import DossierStreamMethods
from kruispunt._sync.knowledge import KnowledgeClient
from kruispunt._sync.noticing import NoticeMethods
from kruispunt._sync.reading import ReadingMethods
from kruispunt._sync.rights import RightsMethods
from kruispunt._sync.writing import WritingMethods


class DirectoryClient(
    ReadingMethods,
    WritingMethods,
    DossierStreamMethods,
    NoticeMethods,
    AuditMethods,
    RightsMethods,
    Client,
):
    """Says and asks who holds a dossier on whom, and by which route data may be got.

    Safe to share between threads. Every call has a deadline, states the purpose, and is repeated by the
    published policy (`kruispunt._service_config`); a change keeps its `request_id` over the repetitions.

        with DirectoryClient.from_profile("institution-17-1") as directory:
            directory.register_dossier(person, capacity=2, period=Period(date(2026, 1, 1)))
            for dossier in directory.list_dossiers(person):
                print(dossier.institution, dossier.capacity, dossier.period)

    Args:
        endpoint: `host:port`.
        certificates: who the caller is; none: plaintext, on loopback only.
        purpose: why; goes with every call.
        timeout_s: for each call, repetitions included; of a stream, for each answer.
        channels: connections in the pool; more than one spread the load over several workers.
        token: bearer token, or what returns one; see `Client`.

    Raises:
        ValueError: no certificates, and not on loopback.
        DeadlineExceeded: of any call, also when there was never a connection; the message says so then.
    """

    @property
    def knowledge(self) -> KnowledgeClient:
        """The code tables, over the same channels."""
        return KnowledgeClient.over(self._connection.lend(), self._timeout_s)
