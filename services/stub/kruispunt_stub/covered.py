"""Which methods the stub has; the others refuse with UNIMPLEMENTED, and say where these stand."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

from kruispunt_server.access.catalogue import METHODS
from kruispunt_server.edge import Policy
from kruispunt_server.errors import Reason, RegistryError

COVERED: Final[Mapping[str, frozenset[str]]] = {
    "DirectoryService": frozenset(
        {"ListDossiers", "ResolveDossiers", "GetRoute", "CheckAccess", "GetCoverage", "ListStaleDossiers"}
    ),
    "DossierService": frozenset(
        {"RegisterDossier", "UpdateDossier", "CloseDossier", "RemoveDossiers", "ReconfirmDossiers"}
    ),
    "KnowledgeService": frozenset(
        {
            "ListSectors",
            "ListInstitutions",
            "ListCapacities",
            "ListDataSets",
            "ListAvailabilities",
            "ListAuthorisations",
            "ListDeliberations",
            "WriteEntries",
        }
    ),
    "NoticeService": frozenset({"WatchNotices", "AcknowledgeNotices", "GetNoticeDigest", "ExplainImpact"}),
    "IdentityService": frozenset(
        {
            "GetPerson",
            "BatchGetPersons",
            "ResolveNumbers",
            "SearchPersons",
            "ListPersonVersions",
            "FindPersonsByForeignIdentifier",
        }
    ),
    "RegistrationService": frozenset(
        {
            "RegisterPerson",
            "UpdatePerson",
            "RetractFact",
            "PreviewReplacement",
            "ReplaceNumber",
            "SplitNumber",
            "CancelNumber",
            "MoveToRegister",
            "SetProtection",
            "RecordDistinct",
            "LinkForeignIdentifier",
            "EndForeignIdentifierLink",
        }
    ),
    "IdentityFeedService": frozenset({"WatchChanges", "GetDigest"}),
}
"""The methods of each service that answer as a registry does."""


def is_covered(method: MethodDescriptor) -> bool:
    """Whether the stub has a method."""
    return method.name in COVERED.get(method.containing_service.name, frozenset())


def methods() -> dict[str, bool]:
    """Return every method of both servers by short name, and whether the stub has it."""
    return {
        name: name.partition("/")[2] in COVERED.get(service, frozenset())
        for service, names in METHODS.items()
        for name in names
    }


class Covered:
    """A servicer whose methods beyond those covered refuse."""

    def __init__(self, service: ServiceDescriptor, servicer: object) -> None:
        self._service = service
        self._servicer = servicer

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return an rpc."""
        method = self._service.methods_by_name.get(name)
        if method is None:
            raise AttributeError(name)
        if is_covered(method):
            found: Callable[..., Any] = getattr(self._servicer, name)
            return found
        return _streamed if method.server_streaming else _refuse


def policies_of(service: ServiceDescriptor, known: Mapping[str, Policy]) -> dict[str, Policy]:
    """Return a policy for each rpc; of those that are not covered it asks nothing, so that all are told alike."""
    return {
        method.name: known[method.name]
        if is_covered(method)
        else Policy(max_streams=2 if method.client_streaming or method.server_streaming else None)
        for method in service.methods
    }


def _refuse(*_: Any) -> Any:
    raise RegistryError(
        Reason.METHOD_UNKNOWN,
        "the stub does not have this method; `kruispunt stub --methods` lists those it has",
    )


def _streamed(*_: Any) -> Any:
    yield _refuse()
