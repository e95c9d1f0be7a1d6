"""Why the registry refuses: one exception, one reason each, one status per reason.

Raised where it is known; the boundary turns it into a status with `google.rpc.ErrorInfo`.
The names are those of `kruispunt.common.v1.ErrorReason`; a test holds the two together.
"""

import enum
from collections.abc import Mapping, Sequence


class Kind(enum.StrEnum):
    """What a reason means to the caller; the values are the names of gRPC status codes."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
    OUT_OF_RANGE = "OUT_OF_RANGE"
    RESOURCE_EXHAUSTED = "RESOURCE_EXHAUSTED"
    DEADLINE_EXCEEDED = "DEADLINE_EXCEEDED"
    UNAVAILABLE = "UNAVAILABLE"
    INTERNAL = "INTERNAL"
    UNIMPLEMENTED = "UNIMPLEMENTED"


class Reason(enum.Enum):
    """Every reason there is, with its kind. What each means: docs/errors.md."""

    MESSAGE_MALFORMED = "MESSAGE_MALFORMED", Kind.INVALID_ARGUMENT
    FIELD_REQUIRED = "FIELD_REQUIRED", Kind.INVALID_ARGUMENT
    FIELD_INVALID = "FIELD_INVALID", Kind.INVALID_ARGUMENT
    NUMBER_MALFORMED = "NUMBER_MALFORMED", Kind.INVALID_ARGUMENT
    DATE_INVALID = "DATE_INVALID", Kind.INVALID_ARGUMENT
    PERIOD_INVERTED = "PERIOD_INVERTED", Kind.INVALID_ARGUMENT
    PAGE_TOKEN_INVALID = "PAGE_TOKEN_INVALID", Kind.INVALID_ARGUMENT
    REQUEST_ID_REUSED = "REQUEST_ID_REUSED", Kind.INVALID_ARGUMENT
    PURPOSE_REQUIRED = "PURPOSE_REQUIRED", Kind.INVALID_ARGUMENT
    TIME_IN_FUTURE = "TIME_IN_FUTURE", Kind.INVALID_ARGUMENT
    TEXT_TOO_LONG = "TEXT_TOO_LONG", Kind.INVALID_ARGUMENT
    TEXT_FORBIDDEN = "TEXT_FORBIDDEN", Kind.INVALID_ARGUMENT
    COUNTRY_UNKNOWN = "COUNTRY_UNKNOWN", Kind.INVALID_ARGUMENT
    CODE_UNKNOWN = "CODE_UNKNOWN", Kind.INVALID_ARGUMENT
    MINIMUM_DATA_MISSING = "MINIMUM_DATA_MISSING", Kind.INVALID_ARGUMENT
    SAME_PERSON = "SAME_PERSON", Kind.INVALID_ARGUMENT
    POSITION_INVALID = "POSITION_INVALID", Kind.INVALID_ARGUMENT
    POSITION_FOREIGN = "POSITION_FOREIGN", Kind.INVALID_ARGUMENT
    RIGHTS_INVALID = "RIGHTS_INVALID", Kind.INVALID_ARGUMENT

    CERTIFICATE_REQUIRED = "CERTIFICATE_REQUIRED", Kind.UNAUTHENTICATED
    PARTICIPANT_UNKNOWN = "PARTICIPANT_UNKNOWN", Kind.UNAUTHENTICATED
    CERTIFICATE_REVOKED = "CERTIFICATE_REVOKED", Kind.UNAUTHENTICATED
    ROLE_MISSING = "ROLE_MISSING", Kind.PERMISSION_DENIED
    NOT_OWN_INSTITUTION = "NOT_OWN_INSTITUTION", Kind.PERMISSION_DENIED
    NO_DOSSIER = "NO_DOSSIER", Kind.PERMISSION_DENIED
    GRANT_MISSING = "GRANT_MISSING", Kind.PERMISSION_DENIED
    GRANT_EXPIRED = "GRANT_EXPIRED", Kind.PERMISSION_DENIED
    DATA_GROUP_NOT_GRANTED = "DATA_GROUP_NOT_GRANTED", Kind.PERMISSION_DENIED
    ACTING_FORBIDDEN = "ACTING_FORBIDDEN", Kind.PERMISSION_DENIED
    PERSON_PROTECTED = "PERSON_PROTECTED", Kind.PERMISSION_DENIED

    DOSSIER_UNKNOWN = "DOSSIER_UNKNOWN", Kind.NOT_FOUND
    PERSON_UNKNOWN = "PERSON_UNKNOWN", Kind.NOT_FOUND
    ENTRY_UNKNOWN = "ENTRY_UNKNOWN", Kind.NOT_FOUND
    FACT_UNKNOWN = "FACT_UNKNOWN", Kind.NOT_FOUND
    LINK_UNKNOWN = "LINK_UNKNOWN", Kind.NOT_FOUND
    RECORD_UNKNOWN = "RECORD_UNKNOWN", Kind.NOT_FOUND

    INSTITUTION_UNKNOWN = "INSTITUTION_UNKNOWN", Kind.FAILED_PRECONDITION
    CAPACITY_UNKNOWN = "CAPACITY_UNKNOWN", Kind.FAILED_PRECONDITION
    PHASE_UNKNOWN = "PHASE_UNKNOWN", Kind.FAILED_PRECONDITION
    PHASE_OVERLAP = "PHASE_OVERLAP", Kind.FAILED_PRECONDITION
    OUTSIDE_PERIOD = "OUTSIDE_PERIOD", Kind.FAILED_PRECONDITION
    CLAIM_DISAGREES = "CLAIM_DISAGREES", Kind.FAILED_PRECONDITION
    NUMBER_CANCELLED = "NUMBER_CANCELLED", Kind.FAILED_PRECONDITION
    REFERENCE_UNKNOWN = "REFERENCE_UNKNOWN", Kind.FAILED_PRECONDITION
    NUMBER_REPLACED = "NUMBER_REPLACED", Kind.FAILED_PRECONDITION
    NATIONAL_DATA = "NATIONAL_DATA", Kind.FAILED_PRECONDITION
    DIRECTORY_REQUIRED = "DIRECTORY_REQUIRED", Kind.FAILED_PRECONDITION
    IDENTIFIER_TAKEN = "IDENTIFIER_TAKEN", Kind.FAILED_PRECONDITION
    NOT_REPLACED = "NOT_REPLACED", Kind.FAILED_PRECONDITION
    MOVE_FORBIDDEN = "MOVE_FORBIDDEN", Kind.FAILED_PRECONDITION
    NUMBERS_EXHAUSTED = "NUMBERS_EXHAUSTED", Kind.FAILED_PRECONDITION
    FACT_SUPERSEDED = "FACT_SUPERSEDED", Kind.FAILED_PRECONDITION
    SEARCH_EXPIRED = "SEARCH_EXPIRED", Kind.FAILED_PRECONDITION
    REPLACEMENT_FORBIDDEN = "REPLACEMENT_FORBIDDEN", Kind.FAILED_PRECONDITION
    NUMBER_TAKEN = "NUMBER_TAKEN", Kind.FAILED_PRECONDITION

    ETAG_MISMATCH = "ETAG_MISMATCH", Kind.ABORTED
    CONCURRENT_CHANGE = "CONCURRENT_CHANGE", Kind.ABORTED

    POSITION_BEYOND_END = "POSITION_BEYOND_END", Kind.OUT_OF_RANGE
    POSITION_TOO_OLD = "POSITION_TOO_OLD", Kind.OUT_OF_RANGE
    TREE_SIZE_INVALID = "TREE_SIZE_INVALID", Kind.OUT_OF_RANGE

    TOO_MANY_ELEMENTS = "TOO_MANY_ELEMENTS", Kind.RESOURCE_EXHAUSTED
    TOO_MANY_CALLS = "TOO_MANY_CALLS", Kind.RESOURCE_EXHAUSTED
    TOO_MANY_CANDIDATES = "TOO_MANY_CANDIDATES", Kind.RESOURCE_EXHAUSTED
    QUOTA_EXHAUSTED = "QUOTA_EXHAUSTED", Kind.RESOURCE_EXHAUSTED

    DEADLINE_OVER = "DEADLINE_OVER", Kind.DEADLINE_EXCEEDED
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE", Kind.UNAVAILABLE
    REGISTER_UNAVAILABLE = "REGISTER_UNAVAILABLE", Kind.UNAVAILABLE
    DIRECTORY_UNAVAILABLE = "DIRECTORY_UNAVAILABLE", Kind.UNAVAILABLE
    NOT_SEALED_YET = "NOT_SEALED_YET", Kind.UNAVAILABLE
    INTERNAL_FAULT = "INTERNAL_FAULT", Kind.INTERNAL
    METHOD_UNKNOWN = "METHOD_UNKNOWN", Kind.UNIMPLEMENTED
    TOKEN_REFUSED = "TOKEN_REFUSED", Kind.UNAUTHENTICATED

    def __init__(self, label: str, kind: Kind) -> None:
        self.label = label
        self.kind = kind


class RegistryError(Exception):
    """The registry refuses.

    Attributes:
        reason: which refusal; fixes the status.
        message: one English sentence; never a value of a person.
        field: path of the request field, such as `entries[3].sector.code`; empty for the call as a whole.
        metadata: further facts for programs; never a value of a person.
        retry_after_s: seconds after which a retry may succeed; becomes RetryInfo.
        violations: further faults of the request, as field and sentence; each becomes a field violation.
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        field: str = "",
        metadata: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
        violations: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.metadata = dict(metadata or {})
        self.retry_after_s = retry_after_s
        self.violations = tuple(violations)


def group_not_granted(data_group: str, field: str = "") -> RegistryError:
    """Return the refusal of a data group; PERMISSION_DENIED to the caller."""
    return RegistryError(
        Reason.DATA_GROUP_NOT_GRANTED,
        "the grant does not cover the data group",
        field=field,
        metadata={"data_group": data_group},
    )
