"""How two states of the rights differ, entry by entry, in words that an operator and the change log keep."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kruispunt_server.access.rights import Grant, LegalBasis, Quota, Registration, Rights, Validity

Facts = Mapping[str, str]


class Difference(enum.IntEnum):
    """What happened to an entry; the numbers of the contract."""

    ADDED = 1
    CHANGED = 2
    REMOVED = 3


@dataclass(frozen=True, slots=True)
class RightsChange:
    """One difference.

    Attributes:
        kind: what happened.
        entry: which entry, such as "grant pensions-read".
        before: what it said; empty if it is new.
        after: what it says; empty if it is gone.
    """

    kind: Difference
    entry: str
    before: Facts
    after: Facts

    def details(self) -> list[str]:
        """Return what is different, a line each; empty unless the entry changed."""
        if self.kind is not Difference.CHANGED:
            return []
        names = [*self.before, *(name for name in self.after if name not in self.before)]
        return [
            f"{name}: {self.before.get(name, '')} -> {self.after.get(name, '')}"
            for name in names
            if self.before.get(name, "") != self.after.get(name, "")
        ]


def differences(before: Rights, after: Rights) -> list[RightsChange]:
    """Return what is different, participants first, then legal bases, then grants."""
    found = []
    for old, new in zip(_entries(before), _entries(after), strict=True):
        for entry in sorted(old.keys() | new.keys()):
            was, is_now = old.get(entry), new.get(entry)
            if was == is_now:
                continue
            kind = (
                Difference.ADDED
                if was is None
                else Difference.REMOVED
                if is_now is None
                else Difference.CHANGED
            )
            found.append(RightsChange(kind, entry, was or {}, is_now or {}))
    return found


def _entries(rights: Rights) -> Iterator[dict[str, Facts]]:
    yield {f"participant {one.participant.participant_id}": _participant(one) for one in rights.registrations}
    yield {f"legal basis {one.legal_basis}": _legal_basis(one) for one in rights.legal_bases}
    yield {f"grant {one.grant_id}": _grant(one) for one in rights.grants}


def _participant(one: Registration) -> Facts:
    participant = one.participant
    return _said(
        roles=", ".join(sorted(participant.roles)),
        institution=str(participant.institution or ""),
        uris=", ".join(one.uris),
        **_days(one.validity),
        revoked_certificates=", ".join(one.revoked_certificates),
        **{f"quota {kind.value}": _quota(quota) for kind, quota in sorted(one.quotas.items())},
    )


def _legal_basis(one: LegalBasis) -> Facts:
    return _said(title=one.title, data_groups=", ".join(one.data_groups), **_days(one.validity))


def _grant(one: Grant) -> Facts:
    return _said(
        participants=", ".join(one.participants),
        methods=", ".join(one.methods),
        legal_basis=one.legal_basis,
        data_groups=", ".join(one.data_groups),
        requires_dossier="yes" if one.requires_dossier else "",
        shows_protected="yes" if one.shows_protected else "",
        **_days(one.validity),
        quota=_quota(one.quota) if one.quota else "",
    )


def _days(validity: Validity) -> dict[str, str]:
    return {
        "begin": validity.begin.isoformat() if validity.begin else "",
        "end": validity.end.isoformat() if validity.end else "",
    }


def _quota(quota: Quota) -> str:
    return f"{quota.calls} in {quota.per_seconds} s"


def _said(**facts: str) -> Facts:
    return {name: fact for name, fact in facts.items() if fact}
