# ruff: noqa: N818 - the names are those of the registry's reasons, which are the contract
"""What a call can end with, other than its answer.

One class for each status, and below it one for each reason of `kruispunt.common.v1.ErrorReason`:

    KruispuntError
    ├── InvalidArgument            the request is wrong; `field` says where
    │   ├── MessageMalformed, FieldRequired, FieldInvalid
    │   ├── NumberMalformed        `metadata["fault"]`: digits, month, sequence or check
    │   ├── DateInvalid, PeriodInverted, TimeInFuture
    │   ├── TextTooLong, TextForbidden
    │   ├── CountryUnknown, CodeUnknown
    │   ├── MinimumDataMissing, SamePerson
    │   ├── PositionInvalid, PositionForeign   of a feed
    │   ├── RightsInvalid          `violations` lists every fault
    │   ├── PageTokenInvalid
    │   ├── RequestIdReused
    │   └── PurposeRequired
    ├── Unauthenticated            who asks is not known
    │   ├── CertificateRequired
    │   ├── ParticipantUnknown
    │   ├── CertificateRevoked
    │   └── TokenRefused           bring a fresh one
    ├── PermissionDenied           who asks may not
    │   ├── RoleMissing
    │   ├── NotOwnInstitution
    │   ├── NoDossier              only who holds a dossier on the person may do this
    │   ├── GrantMissing, GrantExpired   under this legal basis
    │   ├── DataGroupNotGranted
    │   ├── ActingForbidden        for another institution
    │   └── PersonProtected        refer to the register keeper
    ├── NotFound
    │   ├── DossierUnknown, PersonUnknown, EntryUnknown
    │   ├── FactUnknown, LinkUnknown
    │   └── RecordUnknown          no such record, or not for the caller
    ├── FailedPrecondition         the request is right, but not as things stand
    │   ├── InstitutionUnknown, CapacityUnknown, PhaseUnknown, ReferenceUnknown
    │   ├── PhaseOverlap, OutsidePeriod
    │   ├── ClaimDisagrees
    │   ├── NumberCancelled, NumberReplaced, NumberTaken, NumbersExhausted
    │   ├── NotReplaced, ReplacementForbidden, MoveForbidden
    │   ├── NationalData           corrected at the municipality, not here
    │   ├── FactSuperseded, IdentifierTaken
    │   ├── SearchExpired
    │   └── DirectoryRequired      the operator gave this registry no directory to ask
    ├── Aborted                    somebody else was first
    │   ├── EtagMismatch           read again
    │   └── ConcurrentChange       the client repeats by itself before it tells
    ├── OutOfRange
    │   ├── PositionBeyondEnd
    │   ├── PositionTooOld         no longer kept: begin again with a snapshot
    │   └── TreeSizeInvalid
    ├── ResourceExhausted
    │   ├── TooManyElements
    │   ├── TooManyCandidates      `field` is the criterion that is too weak
    │   ├── QuotaExhausted         likewise
    │   └── TooManyCalls           the client repeats after `retry_after_s` before it tells
    ├── DeadlineExceeded
    │   └── DeadlineOver           the server noticed first; nothing was changed
    ├── Unavailable                nobody answers; repeat with the same request_id
    │   ├── StoreUnavailable
    │   ├── RegisterUnavailable, DirectoryUnavailable
    │   └── NotSealedYet
    ├── Internal                   a fault of the registry; quote `incident_id`
    │   └── InternalFault
    ├── Unimplemented
    │   └── MethodUnknown
    └── CallCancelled              the server, or this program, gave the call up

A reason that this version does not know arrives as the class of its status; a status that it does not know,
as `KruispuntError`. No text and no metadata holds a value of a person.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar


class KruispuntError(Exception):
    """The registry refused, or could not be reached.

    Attributes:
        reason: name of the `ErrorReason`, such as "NUMBER_MALFORMED"; empty if the registry did not answer.
        message: one English sentence, without values.
        field: path of the request field, such as "period.begin"; empty for the call as a whole.
        metadata: further facts for programs.
        status: name of the gRPC status, such as "INVALID_ARGUMENT".
        retry_after_s: seconds after which a repetition may succeed; none if the registry did not say.
        incident_id: to quote to the operator; empty unless it is a fault of the registry.
        violations: each field that is wrong, with why; empty unless the registry told more than `field`.
    """

    STATUS: ClassVar[str] = ""
    REASON: ClassVar[str] = ""

    def __init__(
        self,
        message: str,
        *,
        reason: str = "",
        field: str = "",
        metadata: Mapping[str, str] | None = None,
        status: str = "",
        retry_after_s: float | None = None,
        incident_id: str = "",
        violations: Sequence[tuple[str, str]] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.reason = reason or self.REASON
        self.field = field
        self.metadata = dict(metadata or {})
        self.status = status or self.STATUS
        self.retry_after_s = retry_after_s
        self.incident_id = incident_id
        self.violations = tuple(violations)

    def __init_subclass__(cls) -> None:
        """Enter the class into the tables by which answers are mapped."""
        if cls.REASON:
            BY_REASON[cls.REASON] = cls
        else:
            BY_STATUS[cls.STATUS] = cls

    def __str__(self) -> str:
        where = f" ({self.field})" if self.field else ""
        return f"{self.reason or self.status}{where}: {self.message}"


BY_STATUS: dict[str, type[KruispuntError]] = {}
BY_REASON: dict[str, type[KruispuntError]] = {}


def class_of(reason: str, status: str) -> type[KruispuntError]:
    """Return the class for a reason; for one not known, that of the status; for neither, the base."""
    known = BY_REASON.get(reason)
    if known is not None and status in ("", known.STATUS):
        return known
    return BY_STATUS.get(status, KruispuntError)


class ProfileError(Exception):
    """A profile is absent or incomplete; the text says which, and where it was looked for."""


class InvalidArgument(KruispuntError):
    """The request is wrong; `field` says where."""

    STATUS = "INVALID_ARGUMENT"


class MessageMalformed(InvalidArgument):
    """The bytes are no message of the request type."""

    REASON = "MESSAGE_MALFORMED"


class FieldRequired(InvalidArgument):
    """A mandatory field is absent."""

    REASON = "FIELD_REQUIRED"


class FieldInvalid(InvalidArgument):
    """A field has a value outside its format or range."""

    REASON = "FIELD_INVALID"


class NumberMalformed(InvalidArgument):
    """A number is structurally no SSIN; `metadata["fault"]` says why."""

    REASON = "NUMBER_MALFORMED"


class DateInvalid(InvalidArgument):
    """A date does not exist, or is incomplete where it must be whole."""

    REASON = "DATE_INVALID"


class PeriodInverted(InvalidArgument):
    """A period does not begin before it ends."""

    REASON = "PERIOD_INVERTED"


class PageTokenInvalid(InvalidArgument):
    """The page token belongs to another query, or is forged."""

    REASON = "PAGE_TOKEN_INVALID"


class RequestIdReused(InvalidArgument):
    """The request_id was used before with another request."""

    REASON = "REQUEST_ID_REUSED"


class PurposeRequired(InvalidArgument):
    """The purpose is absent or malformed; `field` names the metadata key."""

    REASON = "PURPOSE_REQUIRED"


class TimeInFuture(InvalidArgument):
    """A point in time lies in the future where only the past can be known."""

    REASON = "TIME_IN_FUTURE"


class TextTooLong(InvalidArgument):
    """A text is longer than the field takes; `metadata["limit"]`."""

    REASON = "TEXT_TOO_LONG"


class TextForbidden(InvalidArgument):
    """A text is blank, or holds control characters or marks that change the direction of writing."""

    REASON = "TEXT_FORBIDDEN"


class CountryUnknown(InvalidArgument):
    """There is no such country, in ISO 3166-1 or among the NIS codes."""

    REASON = "COUNTRY_UNKNOWN"


class CodeUnknown(InvalidArgument):
    """There is no such code of civil state, municipality, or the like."""

    REASON = "CODE_UNKNOWN"


class MinimumDataMissing(InvalidArgument):
    """Less is said of the person than a registration takes."""

    REASON = "MINIMUM_DATA_MISSING"


class SamePerson(InvalidArgument):
    """Both numbers are, or lead to, the same."""

    REASON = "SAME_PERSON"


class PositionInvalid(InvalidArgument):
    """A position in a feed is forged or garbled."""

    REASON = "POSITION_INVALID"


class PositionForeign(InvalidArgument):
    """A position belongs to another feed, or to that of another registry."""

    REASON = "POSITION_FOREIGN"


class RightsInvalid(InvalidArgument):
    """Rights contradict each other or name what there is not; `violations` lists every fault."""

    REASON = "RIGHTS_INVALID"


class Unauthenticated(KruispuntError):
    """Who asks is not known."""

    STATUS = "UNAUTHENTICATED"


class CertificateRequired(Unauthenticated):
    """The connection has no client certificate with a URI name."""

    REASON = "CERTIFICATE_REQUIRED"


class ParticipantUnknown(Unauthenticated):
    """The certificate's name belongs to no active participant."""

    REASON = "PARTICIPANT_UNKNOWN"


class CertificateRevoked(Unauthenticated):
    """The certificate was revoked, although its name still stands."""

    REASON = "CERTIFICATE_REVOKED"


class TokenRefused(Unauthenticated):
    """A bearer token is missing, or not accepted with this certificate and purpose."""

    REASON = "TOKEN_REFUSED"


class PermissionDenied(KruispuntError):
    """Who asks may not."""

    STATUS = "PERMISSION_DENIED"


class RoleMissing(PermissionDenied):
    """The participant lacks the role; `metadata["role"]` names it."""

    REASON = "ROLE_MISSING"


class NotOwnInstitution(PermissionDenied):
    """Only the institution itself may touch its dossiers."""

    REASON = "NOT_OWN_INSTITUTION"


class NoDossier(PermissionDenied):
    """Only an institution that holds a dossier on the person may do this."""

    REASON = "NO_DOSSIER"


class GrantMissing(PermissionDenied):
    """No grant lets the participant call this method under this legal basis."""

    REASON = "GRANT_MISSING"


class GrantExpired(PermissionDenied):
    """The grant, or its legal basis, is not in force today; `metadata["grant"]`."""

    REASON = "GRANT_EXPIRED"


class DataGroupNotGranted(PermissionDenied):
    """The grant does not cover a data group; `metadata["data_group"]`."""

    REASON = "DATA_GROUP_NOT_GRANTED"


class ActingForbidden(PermissionDenied):
    """Only a service of the registry may act for an institution, and only for one that takes part."""

    REASON = "ACTING_FORBIDDEN"


class PersonProtected(PermissionDenied):
    """The person is protected, and only whose grant shows protected persons may do this: refer to the register keeper."""

    REASON = "PERSON_PROTECTED"


class NotFound(KruispuntError):
    """What was named is not there."""

    STATUS = "NOT_FOUND"


class DossierUnknown(NotFound):
    """The institution has no such dossier on this person."""

    REASON = "DOSSIER_UNKNOWN"


class PersonUnknown(NotFound):
    """The identity registers know no such number."""

    REASON = "PERSON_UNKNOWN"


class EntryUnknown(NotFound):
    """No such entry in the code tables."""

    REASON = "ENTRY_UNKNOWN"


class FactUnknown(NotFound):
    """The person has no such fact."""

    REASON = "FACT_UNKNOWN"


class LinkUnknown(NotFound):
    """The person has no such link to a foreign identifier."""

    REASON = "LINK_UNKNOWN"


class RecordUnknown(NotFound):
    """The log has no such record, or it is not for the caller to see."""

    REASON = "RECORD_UNKNOWN"


class FailedPrecondition(KruispuntError):
    """The request is right, but not as things stand."""

    STATUS = "FAILED_PRECONDITION"


class InstitutionUnknown(FailedPrecondition):
    """The institution does not exist at the begin of the period."""

    REASON = "INSTITUTION_UNKNOWN"


class CapacityUnknown(FailedPrecondition):
    """The capacity does not exist in that sector at the begin of the period."""

    REASON = "CAPACITY_UNKNOWN"


class PhaseUnknown(FailedPrecondition):
    """The phase does not exist in that capacity."""

    REASON = "PHASE_UNKNOWN"


class PhaseOverlap(FailedPrecondition):
    """A dossier in the same capacity but another phase stands in a part of the period."""

    REASON = "PHASE_OVERLAP"


class OutsidePeriod(FailedPrecondition):
    """A day given for the change lies outside the dossier's period."""

    REASON = "OUTSIDE_PERIOD"


class ClaimDisagrees(FailedPrecondition):
    """Name, birth date or sex sent along disagree with the register."""

    REASON = "CLAIM_DISAGREES"


class NumberCancelled(FailedPrecondition):
    """The number was cancelled and leads to no active one."""

    REASON = "NUMBER_CANCELLED"


class ReferenceUnknown(FailedPrecondition):
    """A code table entry refers to one that does not exist then."""

    REASON = "REFERENCE_UNKNOWN"


class NumberReplaced(FailedPrecondition):
    """The number was replaced where one that stands is needed."""

    REASON = "NUMBER_REPLACED"


class NationalData(FailedPrecondition):
    """The national register keeps this; an error in it is corrected at the municipality."""

    REASON = "NATIONAL_DATA"


class DirectoryRequired(FailedPrecondition):
    """Whether the institution holds a dossier cannot be checked: this registry runs without a directory."""

    REASON = "DIRECTORY_REQUIRED"


class IdentifierTaken(FailedPrecondition):
    """The foreign identifier is linked to another person in a part of the period."""

    REASON = "IDENTIFIER_TAKEN"


class NotReplaced(FailedPrecondition):
    """The number was not replaced, so that nothing can be undone."""

    REASON = "NOT_REPLACED"


class MoveForbidden(FailedPrecondition):
    """The person cannot move between these registers."""

    REASON = "MOVE_FORBIDDEN"


class NumbersExhausted(FailedPrecondition):
    """No bis number is left for this birth date."""

    REASON = "NUMBERS_EXHAUSTED"


class FactSuperseded(FailedPrecondition):
    """The fact was corrected or retracted already."""

    REASON = "FACT_SUPERSEDED"


class SearchExpired(FailedPrecondition):
    """The search is unknown, of another caller, or longer ago than 15 minutes."""

    REASON = "SEARCH_EXPIRED"


class ReplacementForbidden(FailedPrecondition):
    """A number of this register is never replaced by one of that."""

    REASON = "REPLACEMENT_FORBIDDEN"


class NumberTaken(FailedPrecondition):
    """The number belongs to a person who is registered already."""

    REASON = "NUMBER_TAKEN"


class Aborted(KruispuntError):
    """Somebody else was first."""

    STATUS = "ABORTED"


class EtagMismatch(Aborted):
    """It changed since it was read: read again."""

    REASON = "ETAG_MISMATCH"


class ConcurrentChange(Aborted):
    """Another change of the same person was going on, also at each repetition."""

    REASON = "CONCURRENT_CHANGE"


class OutOfRange(KruispuntError):
    """What is asked for lies outside what there is."""

    STATUS = "OUT_OF_RANGE"


class PositionBeyondEnd(OutOfRange):
    """A position lies beyond the end of the feed."""

    REASON = "POSITION_BEYOND_END"


class PositionTooOld(OutOfRange):
    """What follows the position is no longer kept; the way back is a snapshot."""

    REASON = "POSITION_TOO_OLD"


class TreeSizeInvalid(OutOfRange):
    """No head was signed for a tree of that size, or what is asked for lies beyond it."""

    REASON = "TREE_SIZE_INVALID"


class ResourceExhausted(KruispuntError):
    """Too much at once."""

    STATUS = "RESOURCE_EXHAUSTED"


class TooManyElements(ResourceExhausted):
    """More elements in one message than the method takes; `metadata["limit"]`."""

    REASON = "TOO_MANY_ELEMENTS"


class TooManyCalls(ResourceExhausted):
    """More calls of this kind at once than the server takes; `retry_after_s`."""

    REASON = "TOO_MANY_CALLS"


class TooManyCandidates(ResourceExhausted):
    """More persons are comparable than may be shown; `field` is the criterion that is too weak."""

    REASON = "TOO_MANY_CANDIDATES"


class QuotaExhausted(ResourceExhausted):
    """The participant, or the end user, asked more than its quota; `metadata["quota"]`, `retry_after_s`."""

    REASON = "QUOTA_EXHAUSTED"


class DeadlineExceeded(KruispuntError):
    """No answer came in time; whether a change was made is not known.

    `message` begins "never connected to" if the client never had an answer from there and has no connection.
    """

    STATUS = "DEADLINE_EXCEEDED"


class DeadlineOver(DeadlineExceeded):
    """The time was over before the work was done; nothing was changed."""

    REASON = "DEADLINE_OVER"


class Unavailable(KruispuntError):
    """Nobody answers; repeat with the same request_id."""

    STATUS = "UNAVAILABLE"


class StoreUnavailable(Unavailable):
    """The registry cannot reach its store or journal."""

    REASON = "STORE_UNAVAILABLE"


class RegisterUnavailable(Unavailable):
    """The national register cannot be asked now."""

    REASON = "REGISTER_UNAVAILABLE"


class DirectoryUnavailable(Unavailable):
    """The directory cannot be asked now."""

    REASON = "DIRECTORY_UNAVAILABLE"


class NotSealedYet(Unavailable):
    """The record is of the last moments and not sealed yet."""

    REASON = "NOT_SEALED_YET"


class Internal(KruispuntError):
    """A fault of the registry."""

    STATUS = "INTERNAL"


class InternalFault(Internal):
    """A fault of the registry; quote `incident_id` to the operator."""

    REASON = "INTERNAL_FAULT"


class Unimplemented(KruispuntError):
    """The server does not offer this."""

    STATUS = "UNIMPLEMENTED"


class MethodUnknown(Unimplemented):
    """The server does not know the method."""

    REASON = "METHOD_UNKNOWN"


class CallCancelled(KruispuntError):
    """The server, or this program, gave the call up."""

    STATUS = "CANCELLED"
