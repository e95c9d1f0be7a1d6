"""Kruispunt: who a person is, who holds a dossier on them, and by which route may data be got.

What is public stands in `__all__`, and is loaded when it is first used: `kruispunt.ssin` costs no gRPC.
The code tables' values are in `kruispunt.entries`, those of feeds in `kruispunt.feeds` and `kruispunt.notices`, of rehearsals in `kruispunt.rehearsing`, the shapes of removals in `kruispunt.shapes`, the contract
itself in `kruispunt.common.v1`, `kruispunt.directory.v1` and `kruispunt.identity.v1`. Modules that begin with "_"
are not public.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kruispunt import entries, feeds, notices, shapes
    from kruispunt._async.directory import (
        AsyncDirectoryClient,
    )
    from kruispunt._async.identity import (
        AsyncIdentityClient,
    )
    from kruispunt._async.knowledge import (
        AsyncKnowledgeClient,
    )
    from kruispunt._async.listing import (
        AsyncListing,
    )
    from kruispunt._async.rehearsing import (
        AsyncRehearsalClient,
    )
    from kruispunt._async.resolver import (
        AsyncResolver,
    )
    from kruispunt._sync.directory import (
        DirectoryClient,
    )
    from kruispunt._sync.identity import (
        IdentityClient,
    )
    from kruispunt._sync.knowledge import (
        KnowledgeClient,
    )
    from kruispunt._sync.listing import (
        Listing,
    )
    from kruispunt._sync.rehearsing import (
        RehearsalClient,
    )
    from kruispunt._sync.resolver import (
        Resolver,
    )
    from kruispunt.access_rights import (
        AccessCheck,
        AccessExplanation,
        AppliedQuota,
        AppliedRights,
        ChangeOfRights,
        Grantee,
        OwnRights,
        QuotaSource,
        RecordedRightsChange,
        RightsChange,
        RightsDetail,
        RightsEffect,
    )
    from kruispunt.auditing import (
        AccessRecord,
        Consistency,
        Log,
        Receipt,
        SignedHead,
    )
    from kruispunt.dossier_rows import DossierRow, DossierRowOutcome, DossierRowResult
    from kruispunt.errors import (
        Aborted,
        ActingForbidden,
        CallCancelled,
        CapacityUnknown,
        CertificateRequired,
        CertificateRevoked,
        ClaimDisagrees,
        CodeUnknown,
        ConcurrentChange,
        CountryUnknown,
        DataGroupNotGranted,
        DateInvalid,
        DeadlineExceeded,
        DeadlineOver,
        DirectoryRequired,
        DirectoryUnavailable,
        DossierUnknown,
        EntryUnknown,
        EtagMismatch,
        FactSuperseded,
        FactUnknown,
        FailedPrecondition,
        FieldInvalid,
        FieldRequired,
        GrantExpired,
        GrantMissing,
        IdentifierTaken,
        InstitutionUnknown,
        Internal,
        InternalFault,
        InvalidArgument,
        KruispuntError,
        LinkUnknown,
        MessageMalformed,
        MethodUnknown,
        MinimumDataMissing,
        MoveForbidden,
        NationalData,
        NoDossier,
        NotFound,
        NotOwnInstitution,
        NotReplaced,
        NotSealedYet,
        NumberCancelled,
        NumberMalformed,
        NumberReplaced,
        NumbersExhausted,
        NumberTaken,
        OutOfRange,
        OutsidePeriod,
        PageTokenInvalid,
        ParticipantUnknown,
        PeriodInverted,
        PermissionDenied,
        PersonProtected,
        PersonUnknown,
        PhaseOverlap,
        PhaseUnknown,
        PositionBeyondEnd,
        PositionForeign,
        PositionInvalid,
        PositionTooOld,
        ProfileError,
        PurposeRequired,
        QuotaExhausted,
        RecordUnknown,
        ReferenceUnknown,
        RegisterUnavailable,
        ReplacementForbidden,
        RequestIdReused,
        ResourceExhausted,
        RightsInvalid,
        RoleMissing,
        SamePerson,
        SearchExpired,
        StoreUnavailable,
        TextForbidden,
        TextTooLong,
        TimeInFuture,
        TokenRefused,
        TooManyCalls,
        TooManyCandidates,
        TooManyElements,
        TreeSizeInvalid,
        Unauthenticated,
        Unavailable,
        Unimplemented,
    )
    from kruispunt.facts import (
        Birth,
        CivilState,
        ContactAddress,
        DataGroup,
        Decease,
        Evidence,
        EvidenceKind,
        Fact,
        FactValue,
        ForeignIdentifier,
        Gender,
        IdentifierKey,
        IdentifierScheme,
        Name,
        Nationalities,
        Place,
        ResidentialAddress,
        Statement,
        Validity,
    )
    from kruispunt.pages import (
        Page,
    )
    from kruispunt.period import (
        Period,
    )
    from kruispunt.persons import (
        Candidate,
        Grade,
        NumberChangeReason,
        NumberEvent,
        NumberEventKind,
        NumberOutcome,
        NumberStatus,
        Person,
        PersonResult,
        PersonSearch,
        PersonVersion,
        Protection,
        Register,
        Replacement,
        ResolvedNumber,
        ScorePart,
        SuspectedDuplicate,
        V,
    )
    from kruispunt.profiles import (
        ClientCertificates,
        Profile,
        load_profile,
        load_profiles,
        profile_from_environment,
    )
    from kruispunt.registering import (
        Cancellation,
        Conflict,
        DistinctDecision,
        DistinctReason,
        FactChange,
        GroupOutcome,
        GroupResult,
        IdentifierLink,
        ImportIdentifier,
        ImportRow,
        NumberReplacement,
        PersonOutcome,
        PersonRegistration,
        PersonUpdate,
        ProtectionChange,
        ProtectionState,
        RegisterMove,
        ReplacementPreview,
        Retraction,
        RowOutcome,
        RowResult,
        SplitReceipt,
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
    from kruispunt.tracing import (
        trace_context,
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
    "AccessCheck",
    "AccessExplanation",
    "AccessQuestion",
    "AccessRecord",
    "ActingForbidden",
    "AppliedQuota",
    "AppliedRights",
    "AsyncDirectoryClient",
    "AsyncIdentityClient",
    "AsyncKnowledgeClient",
    "AsyncListing",
    "AsyncRehearsalClient",
    "AsyncResolver",
    "Birth",
    "CallCancelled",
    "Cancellation",
    "Candidate",
    "CapacityUnknown",
    "CertificateRequired",
    "CertificateRevoked",
    "Change",
    "ChangeOfRights",
    "CheckOutcome",
    "CivilState",
    "ClaimDisagrees",
    "ClientCertificates",
    "CodeUnknown",
    "ConcurrentChange",
    "Conflict",
    "Consistency",
    "ContactAddress",
    "CountryUnknown",
    "Coverage",
    "DataGroup",
    "DataGroupNotGranted",
    "DataSetRef",
    "DateInvalid",
    "DeadlineExceeded",
    "DeadlineOver",
    "Decease",
    "DirectoryClient",
    "DirectoryRequired",
    "DirectoryUnavailable",
    "DistinctDecision",
    "DistinctReason",
    "Dossier",
    "DossierRow",
    "DossierRowOutcome",
    "DossierRowResult",
    "DossierUnknown",
    "EntryUnknown",
    "EtagMismatch",
    "Evidence",
    "EvidenceKind",
    "Fact",
    "FactChange",
    "FactSuperseded",
    "FactUnknown",
    "FactValue",
    "FailedPrecondition",
    "FieldInvalid",
    "FieldRequired",
    "ForeignIdentifier",
    "Gender",
    "Grade",
    "GrantExpired",
    "GrantMissing",
    "Grantee",
    "GroupOutcome",
    "GroupResult",
    "IdentifierKey",
    "IdentifierLink",
    "IdentifierScheme",
    "IdentifierTaken",
    "IdentityClient",
    "ImportIdentifier",
    "ImportRow",
    "InstitutionRef",
    "InstitutionUnknown",
    "Internal",
    "InternalFault",
    "InvalidArgument",
    "KnowledgeClient",
    "KruispuntError",
    "LinkUnknown",
    "Listing",
    "Log",
    "MessageMalformed",
    "MethodUnknown",
    "MinimumDataMissing",
    "MoveForbidden",
    "Name",
    "NationalData",
    "Nationalities",
    "NetworkLevel",
    "NoDossier",
    "NotFound",
    "NotOwnInstitution",
    "NotReplaced",
    "NotSealedYet",
    "NumberCancelled",
    "NumberChangeReason",
    "NumberEvent",
    "NumberEventKind",
    "NumberMalformed",
    "NumberOutcome",
    "NumberReplaced",
    "NumberReplacement",
    "NumberStatus",
    "NumberTaken",
    "NumberVerification",
    "NumbersExhausted",
    "OutOfRange",
    "OutsidePeriod",
    "OwnRights",
    "Page",
    "PageTokenInvalid",
    "PartialDate",
    "ParticipantUnknown",
    "Period",
    "PeriodInverted",
    "PermissionDenied",
    "Person",
    "PersonClaim",
    "PersonDossiers",
    "PersonOutcome",
    "PersonProtected",
    "PersonRegistration",
    "PersonResult",
    "PersonSearch",
    "PersonStatus",
    "PersonUnknown",
    "PersonUpdate",
    "PersonVersion",
    "PhaseOverlap",
    "PhaseUnknown",
    "Place",
    "PositionBeyondEnd",
    "PositionForeign",
    "PositionInvalid",
    "PositionTooOld",
    "Profile",
    "ProfileError",
    "Protection",
    "ProtectionChange",
    "ProtectionState",
    "Purpose",
    "PurposeRequired",
    "QuotaExhausted",
    "QuotaSource",
    "Receipt",
    "ReconfirmationOutcome",
    "RecordUnknown",
    "RecordedRightsChange",
    "ReferenceUnknown",
    "Register",
    "RegisterMove",
    "RegisterUnavailable",
    "Registration",
    "RegistrationOutcome",
    "RegistryWarning",
    "RehearsalClient",
    "Removal",
    "Replacement",
    "ReplacementForbidden",
    "ReplacementPreview",
    "RequestIdReused",
    "ResidentialAddress",
    "Resolution",
    "ResolvedNumber",
    "Resolver",
    "ResourceExhausted",
    "Retraction",
    "RightsChange",
    "RightsDetail",
    "RightsEffect",
    "RightsInvalid",
    "RoleMissing",
    "Route",
    "RouteCheck",
    "RouteCheckResult",
    "RouteSupplier",
    "RouteVerdict",
    "RowOutcome",
    "RowResult",
    "SamePerson",
    "ScorePart",
    "SearchExpired",
    "Sex",
    "SignedHead",
    "SplitReceipt",
    "Ssin",
    "SsinError",
    "SsinFault",
    "SsinKind",
    "StaleDossier",
    "StaleKind",
    "Statement",
    "StoreUnavailable",
    "SuspectedDuplicate",
    "TextForbidden",
    "TextTooLong",
    "TimeInFuture",
    "TokenRefused",
    "TooManyCalls",
    "TooManyCandidates",
    "TooManyElements",
    "TreeSizeInvalid",
    "Unauthenticated",
    "Unavailable",
    "Unimplemented",
    "V",
    "Validity",
    "WarningReason",
    "entries",
    "feeds",
    "load_profile",
    "load_profiles",
    "notices",
    "profile_from_environment",
    "shapes",
    "trace_context",
]

# Where each lives.
_HOMES = {
    "_async.directory": "AsyncDirectoryClient",
    "_async.identity": "AsyncIdentityClient",
    "_async.knowledge": "AsyncKnowledgeClient",
    "_async.listing": "AsyncListing",
    "_async.rehearsing": "AsyncRehearsalClient",
    "_async.resolver": "AsyncResolver",
    "_sync.directory": "DirectoryClient",
    "_sync.identity": "IdentityClient",
    "_sync.knowledge": "KnowledgeClient",
    "_sync.listing": "Listing",
    "_sync.rehearsing": "RehearsalClient",
    "_sync.resolver": "Resolver",
    "access_rights": (
        "AccessCheck AccessExplanation AppliedQuota AppliedRights ChangeOfRights Grantee OwnRights QuotaSource "
        "RecordedRightsChange RightsChange RightsDetail RightsEffect"
    ),
    "auditing": "AccessRecord Consistency Log Receipt SignedHead",
    "dossier_rows": "DossierRow DossierRowOutcome DossierRowResult",
    "errors": """
        NotSealedYet OutOfRange PositionBeyondEnd PositionForeign PositionInvalid PositionTooOld
        RecordUnknown TreeSizeInvalid
        ActingForbidden CertificateRevoked DataGroupNotGranted PersonProtected GrantExpired GrantMissing QuotaExhausted RightsInvalid
        Aborted CallCancelled CapacityUnknown CertificateRequired ClaimDisagrees CodeUnknown
        ConcurrentChange CountryUnknown DateInvalid DeadlineExceeded DeadlineOver DirectoryRequired
        DirectoryUnavailable DossierUnknown EntryUnknown EtagMismatch FactSuperseded FactUnknown
        FailedPrecondition FieldInvalid FieldRequired IdentifierTaken InstitutionUnknown Internal
        InternalFault InvalidArgument KruispuntError LinkUnknown MessageMalformed MethodUnknown
        MinimumDataMissing MoveForbidden NationalData NoDossier NotFound NotOwnInstitution
        NotReplaced NumberCancelled NumberMalformed NumberReplaced NumberTaken NumbersExhausted
        OutsidePeriod PageTokenInvalid ParticipantUnknown PeriodInverted PermissionDenied
        PersonUnknown PhaseOverlap PhaseUnknown ProfileError PurposeRequired ReferenceUnknown
        RegisterUnavailable ReplacementForbidden RequestIdReused ResourceExhausted RoleMissing
        SamePerson SearchExpired StoreUnavailable TextForbidden TextTooLong TimeInFuture TokenRefused
        TooManyCalls TooManyCandidates TooManyElements Unauthenticated Unavailable Unimplemented
    """,
    "facts": """
        Birth CivilState ContactAddress DataGroup Decease Evidence EvidenceKind Fact FactValue
        ForeignIdentifier Gender IdentifierKey IdentifierScheme Name Nationalities Place
        ResidentialAddress Statement Validity
    """,
    "pages": "Page",
    "period": "Period",
    "persons": """
        Candidate Grade NumberChangeReason NumberEvent NumberEventKind NumberOutcome NumberStatus
        Person PersonResult PersonSearch PersonVersion Protection Register Replacement ResolvedNumber ScorePart
        SuspectedDuplicate V
    """,
    "profiles": "ClientCertificates Profile load_profile load_profiles profile_from_environment",
    "registering": """
        Cancellation Conflict DistinctDecision DistinctReason FactChange GroupOutcome GroupResult
        IdentifierLink ImportIdentifier ImportRow NumberReplacement PersonOutcome PersonRegistration
        PersonUpdate ProtectionChange ProtectionState RegisterMove ReplacementPreview Retraction RowOutcome RowResult SplitReceipt
    """,
    "routes": """
        AccessQuestion CheckOutcome Route RouteCheck RouteCheckResult RouteSupplier RouteVerdict
    """,
    "ssin": "Ssin SsinError SsinFault SsinKind",
    "tracing": "trace_context",
    "values": """
        Change Coverage DataSetRef Dossier InstitutionRef NetworkLevel NumberVerification
        PartialDate PersonClaim PersonDossiers PersonStatus Purpose ReconfirmationOutcome
        Registration RegistrationOutcome RegistryWarning Removal Resolution Sex StaleDossier
        StaleKind WarningReason
    """,
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first used (PEP 562)."""
    if name in ("entries", "feeds", "notices", "shapes"):
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
