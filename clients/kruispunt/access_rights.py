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


class RightsEffect(enum.Enum):
    """What a difference does to what can be obtained; the values are those of the contract."""

    WIDENS = 1
    NARROWS = 2
    NEUTRAL = 3


@dataclass(frozen=True, slots=True)
class RightsDetail:
    """What is different under one key of an entry; keys and values are written as in the file of rights.

    Attributes:
        key: such as "data_groups" or "quotas.reads".
        before: what it said; of a list: what is no longer in it; empty: nothing.
        after: what it says; of a list: what was added to it; empty: nothing.
        effect: what that does.
    """

    key: str
    before: str
    after: str
    effect: RightsEffect


@dataclass(frozen=True, slots=True)
class RightsChange:
    """One difference.

    Attributes:
        kind: what happened.
        entry: which entry, by part of the file and name, such as "grants.pensions-read".
        differences: what is different; of an entry that is new or gone, all that it says or said.
        effect: it widens if any part of it does.
    """

    kind: ChangeOfRights
    entry: str
    differences: tuple[RightsDetail, ...] = ()
    effect: RightsEffect = RightsEffect.NEUTRAL


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
class RecordedRightsChange:
    """A change of rights as the change log keeps it.

    Attributes:
        change: what changed.
        record_time: when, UTC.
        participant: who made it; "operator": somebody at the database itself.
        via: the service that made the call for the participant; empty: it made it itself.
        method: by which method, or command of the operator.
        end_user: of the call; of an operator: the user of the operating system; empty: not known.
        legal_basis: that the call stated; empty: none.
        case: that the call stated; empty: none.
        change_id: names the record; for `get_receipt`.
        commit_id: the same for all that was changed at once.
        position: in the sealed log; none: not sealed yet.
        message: as it came over the wire.
    """

    change: RightsChange
    record_time: dt.datetime
    participant: str
    via: str
    method: str
    end_user: str
    legal_basis: str
    case: str
    change_id: str
    commit_id: str
    position: int | None
    message: Any = field(default=None, repr=False, compare=False)


class QuotaSource(enum.Enum):
    """Where a quota comes from; the values are those of the contract."""

    PARTICIPANT = 1
    GRANT = 2
    SERVER = 3


@dataclass(frozen=True, slots=True)
class AppliedQuota:
    """A quota as calls meet it.

    Attributes:
        name: as in the refusal: "reads", "searches", "writes", "bulk", "grant" or "end_user".
        quota: as in the file of rights, such as "200/s".
        source: where it comes from.
        left: calls that would be let through at once now; none: it depends on the end user.
        nearest: of those that count for a call, the one that would be used up first.
        grant: that it belongs to; empty: none.
    """

    name: str
    quota: str
    source: QuotaSource
    left: int | None
    nearest: bool = False
    grant: str = ""


@dataclass(frozen=True, slots=True)
class OwnRights:
    """What the rights say of the caller.

    Attributes:
        rights: the message `kruispunt.access.v1.Rights`: its entry, its grants, their legal bases.
        quotas: that its calls are counted by.
        message: the answer as it came over the wire.
    """

    rights: Any
    quotas: tuple[AppliedQuota, ...]
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
        quotas: that the call would be counted by; empty: it would not get that far, or another day is meant.
        message: the answer as it came over the wire.
    """

    allowed: bool
    checks: tuple[AccessCheck, ...]
    grant: str
    data_groups: tuple[str, ...]
    requires_dossier: bool
    shows_protected: bool
    quotas: tuple[AppliedQuota, ...] = ()
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
