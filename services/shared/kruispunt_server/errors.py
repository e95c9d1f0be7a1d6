"""Why the registry refuses: one exception, one reason each, one status per reason.

Raised where it is known; the boundary turns it into a status with `google.rpc.ErrorInfo`.
The names are those of `kruispunt.common.v1.ErrorReason`; a test holds the two together.
"""

import enum
from collections.abc import Mapping


class Kind(enum.StrEnum):
    """What a reason means to the caller; the values are the names of gRPC status codes."""

    INVALID_ARGUMENT = "INVALID_ARGUMENT"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    PERMISSION_DENIED = "PERMISSION_DENIED"
    NOT_FOUND = "NOT_FOUND"
    FAILED_PRECONDITION = "FAILED_PRECONDITION"
    ABORTED = "ABORTED"
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

    CERTIFICATE_REQUIRED = "CERTIFICATE_REQUIRED", Kind.UNAUTHENTICATED
    PARTICIPANT_UNKNOWN = "PARTICIPANT_UNKNOWN", Kind.UNAUTHENTICATED
    ROLE_MISSING = "ROLE_MISSING", Kind.PERMISSION_DENIED
    NOT_OWN_INSTITUTION = "NOT_OWN_INSTITUTION", Kind.PERMISSION_DENIED

    DOSSIER_UNKNOWN = "DOSSIER_UNKNOWN", Kind.NOT_FOUND
    PERSON_UNKNOWN = "PERSON_UNKNOWN", Kind.NOT_FOUND
    ENTRY_UNKNOWN = "ENTRY_UNKNOWN", Kind.NOT_FOUND

    INSTITUTION_UNKNOWN = "INSTITUTION_UNKNOWN", Kind.FAILED_PRECONDITION
    CAPACITY_UNKNOWN = "CAPACITY_UNKNOWN", Kind.FAILED_PRECONDITION
    PHASE_UNKNOWN = "PHASE_UNKNOWN", Kind.FAILED_PRECONDITION
    PHASE_OVERLAP = "PHASE_OVERLAP", Kind.FAILED_PRECONDITION
    OUTSIDE_PERIOD = "OUTSIDE_PERIOD", Kind.FAILED_PRECONDITION
    CLAIM_DISAGREES = "CLAIM_DISAGREES", Kind.FAILED_PRECONDITION
    NUMBER_CANCELLED = "NUMBER_CANCELLED", Kind.FAILED_PRECONDITION
    REFERENCE_UNKNOWN = "REFERENCE_UNKNOWN", Kind.FAILED_PRECONDITION

    ETAG_MISMATCH = "ETAG_MISMATCH", Kind.ABORTED
    CONCURRENT_CHANGE = "CONCURRENT_CHANGE", Kind.ABORTED

    TOO_MANY_ELEMENTS = "TOO_MANY_ELEMENTS", Kind.RESOURCE_EXHAUSTED
    TOO_MANY_CALLS = "TOO_MANY_CALLS", Kind.RESOURCE_EXHAUSTED

    DEADLINE_OVER = "DEADLINE_OVER", Kind.DEADLINE_EXCEEDED
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE", Kind.UNAVAILABLE
    INTERNAL_FAULT = "INTERNAL_FAULT", Kind.INTERNAL
    METHOD_UNKNOWN = "METHOD_UNKNOWN", Kind.UNIMPLEMENTED

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
    """

    def __init__(
        self,
        reason: Reason,
        message: str,
        *,
        field: str = "",
        metadata: Mapping[str, str] | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.field = field
        self.metadata = dict(metadata or {})
        self.retry_after_s = retry_after_s
