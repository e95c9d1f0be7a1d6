"""Kruispunt: who holds a dossier on a person, and by which route may data be got.

What is public stands in `__all__`, and is loaded when it is first used: `kruispunt.ssin` costs no gRPC.
The code tables' values are in `kruispunt.entries`, the shapes of removals in `kruispunt.shapes`, the contract
itself in `kruispunt.common.v1` and `kruispunt.directory.v1`. Modules that begin with "_" are not public.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kruispunt import entries, shapes
    from kruispunt._directory import (
        DirectoryClient,
    )
    from kruispunt._knowledge import (
        KnowledgeClient,
    )
    from kruispunt.errors import (
        Aborted,
        CallCancelled,
        CapacityUnknown,
        CertificateRequired,
        ClaimDisagrees,
        ConcurrentChange,
        DateInvalid,
        DeadlineExceeded,
        DeadlineOver,
        DossierUnknown,
        EntryUnknown,
        EtagMismatch,
        FailedPrecondition,
        FieldInvalid,
        FieldRequired,
        InstitutionUnknown,
        Internal,
        InternalFault,
        InvalidArgument,
        KruispuntError,
        MessageMalformed,
        MethodUnknown,
        NotFound,
        NotOwnInstitution,
        NumberCancelled,
        NumberMalformed,
        OutsidePeriod,
        PageTokenInvalid,
        ParticipantUnknown,
        PeriodInverted,
        PermissionDenied,
        PersonUnknown,
        PhaseOverlap,
        PhaseUnknown,
        ProfileError,
        PurposeRequired,
        ReferenceUnknown,
        RequestIdReused,
        ResourceExhausted,
        RoleMissing,
        StoreUnavailable,
        TimeInFuture,
        TooManyCalls,
        TooManyElements,
        Unauthenticated,
        Unavailable,
        Unimplemented,
    )
    from kruispunt.listing import (
        Listing,
        Page,
    )
    from kruispunt.period import (
        Period,
    )
    from kruispunt.profiles import (
        ClientCertificates,
        Profile,
        load_profile,
        load_profiles,
    )
    from kruispunt.routes import (
        AccessQuestion,
        CheckOutcome,
        Route,
        RouteCheck,
        RouteCheckResult,
        RouteSupplier,
        RouteVerdict,
    )
    from kruispunt.ssin import (
        Ssin,
        SsinError,
        SsinFault,
        SsinKind,
    )
    from kruispunt.values import (
        Change,
        Coverage,
        DataSetRef,
        Dossier,
        InstitutionRef,
        NetworkLevel,
        NumberVerification,
        PartialDate,
        PersonClaim,
        PersonDossiers,
        PersonStatus,
        Purpose,
        ReconfirmationOutcome,
        Registration,
        RegistrationOutcome,
        RegistryWarning,
        Removal,
        Resolution,
        Sex,
        StaleDossier,
        StaleKind,
        WarningReason,
    )

__all__ = [
    "Aborted",
    "AccessQuestion",
    "CallCancelled",
    "CapacityUnknown",
    "CertificateRequired",
    "Change",
    "CheckOutcome",
    "ClaimDisagrees",
    "ClientCertificates",
    "ConcurrentChange",
    "Coverage",
    "DataSetRef",
    "DateInvalid",
    "DeadlineExceeded",
    "DeadlineOver",
    "DirectoryClient",
    "Dossier",
    "DossierUnknown",
    "EntryUnknown",
    "EtagMismatch",
    "FailedPrecondition",
    "FieldInvalid",
    "FieldRequired",
    "InstitutionRef",
    "InstitutionUnknown",
    "Internal",
    "InternalFault",
    "InvalidArgument",
    "KnowledgeClient",
    "KruispuntError",
    "Listing",
    "MessageMalformed",
    "MethodUnknown",
    "NetworkLevel",
    "NotFound",
    "NotOwnInstitution",
    "NumberCancelled",
    "NumberMalformed",
    "NumberVerification",
    "OutsidePeriod",
    "Page",
    "PageTokenInvalid",
    "PartialDate",
    "ParticipantUnknown",
    "Period",
    "PeriodInverted",
    "PermissionDenied",
    "PersonClaim",
    "PersonDossiers",
    "PersonStatus",
    "PersonUnknown",
    "PhaseOverlap",
    "PhaseUnknown",
    "Profile",
    "ProfileError",
    "Purpose",
    "PurposeRequired",
    "ReconfirmationOutcome",
    "ReferenceUnknown",
    "Registration",
    "RegistrationOutcome",
    "RegistryWarning",
    "Removal",
    "RequestIdReused",
    "Resolution",
    "ResourceExhausted",
    "RoleMissing",
    "Route",
    "RouteCheck",
    "RouteCheckResult",
    "RouteSupplier",
    "RouteVerdict",
    "Sex",
    "Ssin",
    "SsinError",
    "SsinFault",
    "SsinKind",
    "StaleDossier",
    "StaleKind",
    "StoreUnavailable",
    "TimeInFuture",
    "TooManyCalls",
    "TooManyElements",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "WarningReason",
    "entries",
    "load_profile",
    "load_profiles",
    "shapes",
]

# Where each lives.
_HOMES = {
    "_directory": "DirectoryClient",
    "_knowledge": "KnowledgeClient",
    "errors": """
        Aborted CallCancelled CapacityUnknown CertificateRequired ClaimDisagrees ConcurrentChange
        DateInvalid DeadlineExceeded DeadlineOver DossierUnknown EntryUnknown EtagMismatch
        FailedPrecondition FieldInvalid FieldRequired InstitutionUnknown Internal InternalFault
        InvalidArgument KruispuntError MessageMalformed MethodUnknown NotFound NotOwnInstitution
        NumberCancelled NumberMalformed OutsidePeriod PageTokenInvalid ParticipantUnknown PeriodInverted
        PermissionDenied PersonUnknown PhaseOverlap PhaseUnknown ProfileError PurposeRequired
        ReferenceUnknown RequestIdReused ResourceExhausted RoleMissing StoreUnavailable TimeInFuture
        TooManyCalls TooManyElements Unauthenticated Unavailable Unimplemented
    """,
    "listing": "Listing Page",
    "period": "Period",
    "profiles": "ClientCertificates Profile load_profile load_profiles",
    "routes": "AccessQuestion CheckOutcome Route RouteCheck RouteCheckResult RouteSupplier RouteVerdict",
    "ssin": "Ssin SsinError SsinFault SsinKind",
    "values": """
        Change Coverage DataSetRef Dossier InstitutionRef NetworkLevel NumberVerification PartialDate
        PersonClaim PersonDossiers PersonStatus Purpose ReconfirmationOutcome Registration
        RegistrationOutcome RegistryWarning Removal Resolution Sex StaleDossier StaleKind WarningReason
    """,
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name in ("entries", "shapes"):
        return importlib.import_module(f"kruispunt.{name}")
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module 'kruispunt' has no attribute {name!r}")
    value = getattr(importlib.import_module(f"kruispunt.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Name what is public."""
    return __all__
