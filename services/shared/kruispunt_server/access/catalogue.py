"""What rights can be about: the methods of the contract and the data groups."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from google.protobuf.descriptor import FileDescriptor

from kruispunt.access.v1 import participant_service_pb2
from kruispunt.audit.v1 import audit_service_pb2
from kruispunt.directory.v1 import (
    directory_service_pb2,
    dossier_service_pb2,
    knowledge_service_pb2,
    notice_service_pb2,
)
from kruispunt.identity.v1 import feed_service_pb2, identity_service_pb2, person_pb2, registration_service_pb2

FILES: Final[tuple[FileDescriptor, ...]] = tuple(
    module.DESCRIPTOR
    for module in (
        identity_service_pb2,
        registration_service_pb2,
        feed_service_pb2,
        directory_service_pb2,
        dossier_service_pb2,
        knowledge_service_pb2,
        notice_service_pb2,
        audit_service_pb2,
        participant_service_pb2,
    )
)
"""Every file of the contract that has services, but that of rehearsals: about itself everybody may ask a sandbox."""

METHODS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        name: tuple(f"{name}/{method.name}" for method in service.methods)
        for file in FILES
        for name, service in sorted(file.services_by_name.items())
    }
)
"""Every method of both servers by service, such as "IdentityService": ("IdentityService/GetPerson", …)."""

ALL: Final = "all"
"""Stands for every data group."""

_PREFIX: Final = "DATA_GROUP_"
_FURTHER: Final = ("dossier", "route", "notice", "change", "access")

_OF_A_PERSON: Final = (
    *(name.removeprefix(_PREFIX).lower() for name in person_pb2.DataGroup.keys()[1:]),
    "foreign_identifier",
    "number",
)
DATA_GROUPS: Final = (*_OF_A_PERSON, *_FURTHER)
"""Every data group: those of a person, and what else is told of one.

`foreign_identifier`: numbers of other countries; `number`: where a number leads, and which belong together; `dossier`:
who holds a dossier; `route`: whether and from whom a data set can be had; `notice`: that something changed, told to an
institution; `change`: every change of the registers; `access`: who looked.
"""


_TOLD_BY_SERVICE: Final = {
    "IdentityService": frozenset(_OF_A_PERSON),
    "RegistrationService": frozenset(_OF_A_PERSON),
    "IdentityFeedService": frozenset({"change"}),
    "DirectoryService": frozenset({"dossier"}),
    "DossierService": frozenset({"dossier"}),
    "NoticeService": frozenset({"notice"}),
    "AuditService": frozenset({"access"}),
}
_TOLD_BY_METHOD: Final = {
    "IdentityService/ResolveNumbers": frozenset({"number"}),
    "IdentityService/ListSuspectedDuplicates": frozenset({"number"}),
    "RegistrationService/PreviewReplacement": frozenset({*_OF_A_PERSON, "dossier"}),
    "RegistrationService/CancelNumber": frozenset({"number", "dossier"}),
    "DirectoryService/GetRoute": frozenset({"route"}),
    "DirectoryService/CheckAccess": frozenset({"route"}),
    "NoticeService/ExplainImpact": frozenset({"dossier"}),
}


def told_by(method: str) -> frozenset[str]:
    """Return the data groups that a method may tell of a person."""
    return _TOLD_BY_METHOD.get(method) or _TOLD_BY_SERVICE.get(method.partition("/")[0], frozenset())


def methods_of(pattern: str) -> tuple[str, ...]:
    """Return the methods that a pattern names: "Service/Method", or "Service/*" for all; none if there is no such."""
    service, _, name = pattern.partition("/")
    known = METHODS.get(service, ())
    return known if name == "*" else tuple(method for method in known if method == pattern)


def groups_of(names: tuple[str, ...]) -> frozenset[str]:
    """Return the data groups that names stand for."""
    return frozenset(DATA_GROUPS) if ALL in names else frozenset(names)
