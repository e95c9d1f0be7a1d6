"""One call: who asks, why, until when, and whose data was looked at.

The boundary makes it, the servicer and the store read it, the journal keeps what it gathered.
"""

import datetime as dt
import enum
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id

if TYPE_CHECKING:
    from kruispunt_server.standbys.wishes import Wish


class Role(enum.StrEnum):
    """What a participant may be."""

    SUPPLIER = "supplier"
    CONSUMER = "consumer"
    REGISTRAR = "registrar"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    DATA_PROTECTION_OFFICER = "data-protection-officer"
    INTERNAL_SERVICE = "internal-service"


@dataclass(frozen=True, slots=True, order=True)
class InstitutionKey:
    """Names one institution.

    Attributes:
        sector: 0 to 999.
        institution: number within the sector, 0 to 999.
    """

    sector: int
    institution: int

    def __str__(self) -> str:
        return f"{self.sector}/{self.institution}"


@dataclass(frozen=True, slots=True)
class Participant:
    """Who may connect.

    Attributes:
        participant_id: 1 to 64 of a-z, 0-9 and "-".
        roles: what it may be.
        institution: for which institution it acts; none for the registry's own services.
    """

    participant_id: str
    roles: frozenset[Role]
    institution: InstitutionKey | None

    def own_institution(self) -> InstitutionKey:
        """Return the participant's institution.

        Raises:
            RegistryError: it has none; PERMISSION_DENIED / NOT_OWN_INSTITUTION to the caller.
        """
        if self.institution is None:
            raise RegistryError(Reason.NOT_OWN_INSTITUTION, "the participant acts for no institution")
        return self.institution


OPERATOR: Final = "operator"
"""Who the change log says it was: no participant, but somebody at the database."""


@dataclass(frozen=True, slots=True)
class Purpose:
    """Why personal data is touched; from the call's metadata, all three mandatory.

    Attributes:
        legal_basis: the deliberation, 1 to 64 of letters, digits, "/", "-" and ".".
        end_user: the person or program at the institution, 1 to 64 printable ASCII characters.
        case: the file at the institution it is for, 1 to 64 printable ASCII characters.
    """

    legal_basis: str
    end_user: str
    case: str


@dataclass(frozen=True, slots=True)
class Right:
    """What one call may, by the grant that lets it in.

    Attributes:
        grant_id: the grant.
        data_groups: what may be shown and told.
        requires_dossier: only of persons on whom the participant's institution has an open dossier.
        shows_protected: also of protected persons.
    """

    grant_id: str
    data_groups: frozenset[str]
    requires_dossier: bool = False
    shows_protected: bool = False


MISSES = frozenset(
    {
        "none",
        "no_own_dossier",
        Reason.PERSON_UNKNOWN.label,
        Reason.NO_DOSSIER.label,
        Reason.CLAIM_DISAGREES.label,
    }
)
"""Results of looks that found nobody, or nobody that the participant may know, or that were a wrong guess."""

NO_RIGHT = Right("", frozenset())
"""Of a call that touches no personal data."""


@dataclass(frozen=True, slots=True)
class Look:
    """Whose data was looked at, for the access log.

    Attributes:
        look_id: names the access record.
        person: the number that was looked up, as stored; the log keeps a keyed pseudonym of it only.
        data_groups: which kinds of data the answer holds, comma separated. Example: "dossier".
        result: what came of it: "found", "none", a verdict or the reason of a refusal.
        protected: whether the person is protected (address secrecy); none: nobody has asked yet.
    """

    look_id: uuid.UUID
    person: int = field(repr=False)
    data_groups: str
    result: str
    protected: bool | None = None


@dataclass(slots=True)
class Call:
    """One call being served.

    Attributes:
        method: full name, such as `kruispunt.directory.v1.DirectoryService/ListDossiers`.
        participant: who asks.
        purpose: why; present on every method that touches personal data.
        now: when the call came in, UTC.
        deadline: `time.monotonic()` at which the caller has given up.
        looks: what the answer about to leave shows, not yet journalled.
        right: what it may; nothing on methods that touch no personal data.
        misses: looks of `MISSES` that were not counted yet.
        via: the service of the registry that makes the call for `participant`; empty: it makes it itself.
        wish: how fresh its reads must be, where a standby may answer them; none: they are made at the primary.
        token_end: until when its bearer token is good, in Unix seconds; none: it brought none.
        certificate: SHA-256 of the caller's certificate, where rights are changed; empty: not asked, or plaintext.
    """

    method: str
    participant: Participant
    purpose: Purpose | None
    now: dt.datetime
    deadline: float
    looks: list[Look] = field(default_factory=list)
    right: Right = NO_RIGHT
    via: str = ""
    token_end: float | None = None
    certificate: str = ""
    misses: int = 0
    wish: "Wish | None" = None

    def look(self, person: int, data_groups: str, result: str, *, protected: bool | None = None) -> uuid.UUID:
        """Note that the answer shows data of `person`; the boundary journals it before the answer leaves.

        Args:
            person: whose.
            data_groups: which.
            result: what came of it.
            protected: whether the person is protected; none: the journal asks.

        Returns:
            The identifier of the access record.
        """
        look_id = new_id()
        if result in MISSES:
            self.misses += 1
        self.looks.append(Look(look_id, person, data_groups, result, protected))
        return look_id
