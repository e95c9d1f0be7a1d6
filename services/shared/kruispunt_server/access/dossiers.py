"""How each method that touches persons keeps to a grant that asks for a dossier (`requires_dossier`)."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from kruispunt_server.access.catalogue import METHODS


class Keeping(enum.Enum):
    """How a method keeps to persons on whom the caller's institution has a dossier; the values are for readers."""

    ASKED = "asked before the person is looked up; without one: NO_DOSSIER"
    LEFT_OUT = "asked of every person found; without one they are left out, or answered as nobody"
    OWN = "it is about the institution's own dossiers, and of others it tells nothing"
    REGISTRARS = "registrars only, who work on everybody: the grant is refused"
    REFUSED = "it cannot be kept to dossiers: the grant is refused"


@dataclass(frozen=True, slots=True)
class Kept:
    """How one method keeps to dossiers, and why it cannot, if so."""

    keeping: Keeping
    because: str = ""


_FIRST: Final = Kept(Keeping.REFUSED, "before the first dossier on a person is registered there is none")
_DESK: Final = Kept(Keeping.REGISTRARS, "only registrars call it, who work on everybody")

KEPT: Final[Mapping[str, Kept]] = MappingProxyType(
    {
        "IdentityService/GetPerson": Kept(Keeping.ASKED),
        "IdentityService/BatchGetPersons": Kept(Keeping.LEFT_OUT),
        "IdentityService/ResolveNumbers": Kept(Keeping.LEFT_OUT),
        "IdentityService/SearchPersons": Kept(
            Keeping.REFUSED, "it gives the numbers of all who are found, to register or to refer to them"
        ),
        "IdentityService/ListPersonVersions": Kept(Keeping.ASKED),
        "IdentityService/FindPersonsByForeignIdentifier": Kept(Keeping.LEFT_OUT),
        "IdentityService/ListSuspectedDuplicates": _DESK,
        "IdentityService/ExportPersons": Kept(Keeping.LEFT_OUT),
        "RegistrationService/RegisterPerson": Kept(
            Keeping.REFUSED, "nobody has a dossier on a person who is new, and its candidates are anybody"
        ),
        "RegistrationService/UpdatePerson": Kept(Keeping.ASKED),
        "RegistrationService/RetractFact": Kept(Keeping.ASKED),
        "RegistrationService/PreviewReplacement": Kept(Keeping.ASKED),
        "RegistrationService/ReplaceNumber": Kept(Keeping.ASKED),
        "RegistrationService/SplitNumber": _DESK,
        "RegistrationService/CancelNumber": _DESK,
        "RegistrationService/MoveToRegister": _DESK,
        "RegistrationService/RecordDistinct": Kept(Keeping.ASKED),
        "RegistrationService/LinkForeignIdentifier": Kept(Keeping.ASKED),
        "RegistrationService/EndForeignIdentifierLink": Kept(Keeping.ASKED),
        "RegistrationService/SetProtection": _DESK,
        "RegistrationService/ImportPersons": _DESK,
        "IdentityFeedService/WatchChanges": Kept(
            Keeping.REFUSED, "it tells every change, to services that follow the registers"
        ),
        "DossierService/RegisterDossier": _FIRST,
        "DossierService/UpdateDossier": Kept(Keeping.OWN),
        "DossierService/CloseDossier": Kept(Keeping.OWN),
        "DossierService/RemoveDossiers": Kept(Keeping.OWN),
        "DossierService/ReconfirmDossiers": Kept(Keeping.OWN),
        "DossierService/ImportDossiers": _FIRST,
        "DirectoryService/ListDossiers": Kept(Keeping.ASKED),
        "DirectoryService/ResolveDossiers": Kept(Keeping.LEFT_OUT),
        "DirectoryService/GetRoute": Kept(Keeping.ASKED),
        "DirectoryService/CheckAccess": Kept(Keeping.LEFT_OUT),
        "DirectoryService/ListStaleDossiers": Kept(Keeping.OWN),
        "DirectoryService/ExportDossiers": Kept(Keeping.OWN),
        "NoticeService/WatchNotices": Kept(Keeping.OWN),
        "NoticeService/ExplainImpact": Kept(Keeping.ASKED),
        "AuditService/ListAccessRecords": Kept(
            Keeping.REFUSED, "auditors and data-protection officers oversee the looks at everybody"
        ),
    }
)
"""Of every method that touches persons."""


def unkept_among(pattern: str) -> str:
    """Return the first method that a grant may not name if it asks for a dossier; empty: none.

    What only registrars may call is passed over where a whole service is named: they have no such grant.
    """
    service, _, name = pattern.partition("/")
    for method in METHODS.get(service, ()) if name == "*" else (pattern,):
        kept = KEPT.get(method)
        if kept is not None and (
            kept.keeping is Keeping.REFUSED or (kept.keeping is Keeping.REGISTRARS and name != "*")
        ):
            return method
    return ""
