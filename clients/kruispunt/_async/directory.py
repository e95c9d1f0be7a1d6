"""The client of the directory."""

from kruispunt._async.auditing import AuditMethods
from kruispunt._async.client import Client
from kruispunt._async.dossier_streams import DossierStreamMethods
from kruispunt._async.knowledge import AsyncKnowledgeClient
from kruispunt._async.noticing import NoticeMethods
from kruispunt._async.reading import ReadingMethods
from kruispunt._async.rights import RightsMethods
from kruispunt._async.writing import WritingMethods


class AsyncDirectoryClient(
    ReadingMethods,
    WritingMethods,
    DossierStreamMethods,
    NoticeMethods,
    AuditMethods,
    RightsMethods,
    Client,
):
    """Says and asks who holds a dossier on whom, and by which route data may be got.

    Safe to share between tasks. Every call has a deadline, states the purpose, and is repeated by the
    published policy (`kruispunt._service_config`); a change keeps its `request_id` over the repetitions.

        async with AsyncDirectoryClient.from_profile("institution-17-1") as directory:
            await directory.register_dossier(person, capacity=2, period=Period(date(2026, 1, 1)))
            async for dossier in directory.list_dossiers(person):
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
    def knowledge(self) -> AsyncKnowledgeClient:
        """The code tables, over the same channels."""
        return AsyncKnowledgeClient.over(self._connection.lend(), self._timeout_s)
