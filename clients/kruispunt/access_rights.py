"""Who may: how rights changed, why a call is let in or refused, and who may obtain a data group."""

import datetime as dt
import enum
from dataclasses import dataclass, field
from typing import Any


class ChangeOfRights(enum.Enum):
    """What happened to an entry; the values are those of the contract."""

    ADDED = 1
    CHANGED = 2
    REMOVED = 3


@dataclass(frozen=True, slots=True)
class RightsChange:
    """One difference.

    Attributes:
        kind: what happened.
        entry: which entry, such as "grant pensions-read".
        details: what is different, a line each; empty unless changed.
    """

    kind: ChangeOfRights
    entry: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AppliedRights:
    """What applying rights changed.

    Attributes:
        changes: differences; empty: the rights were like that already.
        etag: of the rights as they are now.
        message: the answer as it came over the wire.
    """

    changes: tuple[RightsChange, ...]
    etag: str
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class AccessCheck:
    """One rule, whether it lets the call through, and why, in one sentence."""

    rule: str
    passed: bool
    explanation: str


@dataclass(frozen=True, slots=True)
class AccessExplanation:
    """Whether a call would be let in.

    Attributes:
        allowed: whether it would.
        checks: the rules in their order, up to the first that refuses.
        grant: that decides; empty: none.
        data_groups: that come with it, by name.
        requires_dossier: only of persons on whom the institution has an open dossier.
        shows_protected: also of protected persons.
        message: the answer as it came over the wire.
    """

    allowed: bool
    checks: tuple[AccessCheck, ...]
    grant: str
    data_groups: tuple[str, ...]
    requires_dossier: bool
    shows_protected: bool
    message: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Grantee:
    """Who may obtain a data group.

    Attributes:
        participant: who.
        grant: by which grant.
        methods: by which methods.
        legal_basis: under which deliberation; "*": whichever.
        requires_dossier: only of persons on whom the institution has an open dossier.
        shows_protected: also of protected persons.
        end: the day after the last; none: for ever.
    """

    participant: str
    grant: str
    methods: tuple[str, ...]
    legal_basis: str
    requires_dossier: bool
    shows_protected: bool
    end: dt.date | None
    message: Any = field(default=None, repr=False, compare=False)
