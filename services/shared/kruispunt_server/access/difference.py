"""How two states of the rights differ, entry by entry, in the words of the file; and what that does.

Whether a difference widens is said on the side of caution: what cannot be ruled out counts as widening.
"""

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kruispunt.quota_text import read_quota, write_quota
from kruispunt_server.access.catalogue import groups_of, methods_of
from kruispunt_server.access.rights import Grant, LegalBasis, Quota, Registration, Rights, Validity
from kruispunt_server.call import Role
from kruispunt_server.edge import MethodClass

Fact = str | list[str]
Facts = Mapping[str, Fact]
"""What an entry says, by key of the file: values as they are written there; what is left out is left out."""

Usual = Mapping[MethodClass, Quota]
"""Quotas of whoever's entry says nothing."""


class Difference(enum.IntEnum):
    """What happened to an entry; the numbers of the contract."""

    ADDED = 1
    CHANGED = 2
    REMOVED = 3


class Effect(enum.IntEnum):
    """What a difference does to what can be obtained; the numbers of the contract."""

    WIDENS = 1
    NARROWS = 2
    NEUTRAL = 3


@dataclass(frozen=True, slots=True)
class Detail:
    """What is different under one key.

    Attributes:
        key: of the file, such as "data_groups" or "quotas.reads".
        before: what it said; of a list: what is no longer in it; empty: nothing.
        after: what it says; of a list: what was added; empty: nothing.
        effect: what that does.
    """

    key: str
    before: str
    after: str
    effect: Effect

    def __str__(self) -> str:
        """Return it as a line."""
        return f"{self.key}: {self.before or '(left out)'} -> {self.after or '(left out)'}"


@dataclass(frozen=True, slots=True)
class RightsChange:
    """One difference.

    Attributes:
        kind: what happened.
        entry: which entry, such as "grants.pensions-read".
        before: what it said; empty if it is new.
        after: what it says; empty if it is gone.
    """

    kind: Difference
    entry: str
    before: Facts
    after: Facts

    def details(self, usual: Usual | None = None) -> list[Detail]:
        """Return what is different; of an entry that is new or gone, everything that it says or said.

        Args:
            usual: what counts for quotas that an entry leaves out; none: nothing bounds them.
        """
        effect_of = _Effects(self.entry, self.before, self.after, usual or {}).of
        if self.kind is Difference.ADDED:
            return [Detail(key, "", _written(fact), Effect.WIDENS) for key, fact in self.after.items()]
        if self.kind is Difference.REMOVED:
            # A digest counts whosever certificate it is of: with the entry it is let in again.
            return [
                Detail(key, _written(fact), "", _effect(wider=key == "revoked_certificates"))
                for key, fact in self.before.items()
            ]
        keys = [*self.before, *(key for key in self.after if key not in self.before)]
        return [
            Detail(key, before, after, effect_of(key, before, after))
            for key in keys
            for before, after in _parts(self.before.get(key), self.after.get(key))
        ]


def effect_of(kind: Difference, details: list[Detail]) -> Effect:
    """Return what a difference as a whole does."""
    if kind is Difference.ADDED:
        return Effect.WIDENS
    return min((each.effect for each in details), default=Effect.NEUTRAL)


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


class _Effects:
    """Knows what each difference of one entry does."""

    def __init__(self, entry: str, before: Facts, after: Facts, usual: Usual) -> None:
        self._of_grant = entry.startswith("grants.")
        self._before = before
        self._after = after
        self._usual = usual

    def of(self, key: str, before: str, after: str) -> Effect:
        """Return what a difference under a key does; of a list one of `before` and `after` is empty."""
        other_order = before and after and key in ("participants", "roles", "uris")
        if key == "title" or other_order:
            return Effect.NEUTRAL
        if key in ("from", "until"):
            return _effect(wider=_reaches_further(key, before, after))
        if key in ("data_groups", "methods"):
            return self._meant(key, gone=before)
        if key.startswith("quota"):
            return _effect(wider=self._lets_through_more(key))
        if key in ("requires_dossier", "revoked_certificates"):
            return _effect(wider=not after)
        # Of lists what was added; shows_protected; legal_basis, which is another then; and the institution: without
        # one a participant is a part of the registry, of which no bearer token is asked.
        return _effect(wider=bool(after) or key == "institution")

    def _meant(self, key: str, gone: str) -> Effect:
        """Compare what names stand for: `all` for groups, `Service/*` for methods."""
        stands_for: Callable[[list[str]], frozenset[str]] = (
            _groups_meant if key == "data_groups" else _methods_meant
        )
        was, is_now = (stands_for(_listed(facts.get(key, []))) for facts in (self._before, self._after))
        lost, won = was - is_now, is_now - was
        if gone:
            return Effect.NARROWS if lost else Effect.NEUTRAL
        return Effect.WIDENS if won else Effect.NEUTRAL

    def _lets_through_more(self, key: str) -> bool:
        was, is_now = (self._quota(key, facts) for facts in (self._before, self._after))
        if is_now is None or was is None:
            return is_now is None
        # More at once, or more in the mean.
        return is_now[0] > was[0] or is_now[0] * was[1] > was[0] * is_now[1]

    def _quota(self, key: str, facts: Facts) -> tuple[int, int] | None:
        """Return the quota that counts; none: nothing is bounded."""
        said = facts.get(key)
        if said is not None:
            return read_quota(_written(said))
        if self._of_grant or Role.INTERNAL_SERVICE in _listed(facts.get("roles", [])):
            return None
        usual = self._usual.get(MethodClass(key.removeprefix("quotas.")))
        return None if usual is None else (usual.calls, usual.per_seconds)


def _effect(*, wider: bool) -> Effect:
    return Effect.WIDENS if wider else Effect.NARROWS


def _reaches_further(key: str, before: str, after: str) -> bool:
    """Return whether an end of days moved outwards; days are written such that their texts are in order."""
    if not before or not after:
        return not after
    return after < before if key == "from" else after > before


def _groups_meant(names: list[str]) -> frozenset[str]:
    return groups_of(tuple(names))


def _methods_meant(names: list[str]) -> frozenset[str]:
    return frozenset(method for pattern in names for method in methods_of(pattern))


def _parts(before: Fact | None, after: Fact | None) -> Iterator[tuple[str, str]]:
    """Yield what a key said and says; of a list first what was added, then what is gone."""
    if before == after:
        return
    if not isinstance(before, list) and not isinstance(after, list):
        yield before or "", after or ""
        return
    was, is_now = _listed(before or []), _listed(after or [])
    added, gone = (
        [one for one in ones if one not in others] for ones, others in ((is_now, was), (was, is_now))
    )
    if added:
        yield "", _written(added)
    if gone:
        yield _written(gone), ""
    if not added and not gone:  # the order
        yield _written(was), _written(is_now)


def _listed(fact: Fact) -> list[str]:
    return fact if isinstance(fact, list) else [fact]


def _written(fact: Fact) -> str:
    return ", ".join(fact) if isinstance(fact, list) else fact


def _entries(rights: Rights) -> Iterator[dict[str, Facts]]:
    yield {
        f"participants.{one.participant.participant_id}": _participant(one) for one in rights.registrations
    }
    yield {f"legal_bases.{one.legal_basis}": _legal_basis(one) for one in rights.legal_bases}
    yield {f"grants.{one.grant_id}": _grant(one) for one in rights.grants}


def _participant(one: Registration) -> Facts:
    participant = one.participant
    return _said(
        {
            "institution": str(participant.institution or ""),
            "roles": sorted(participant.roles),
            "uris": list(one.uris),
            **_days(one.validity),
            "revoked_certificates": list(one.revoked_certificates),
            **{f"quotas.{kind.value}": _quota(quota) for kind, quota in sorted(one.quotas.items())},
        }
    )


def _legal_basis(one: LegalBasis) -> Facts:
    return _said({"title": one.title, "data_groups": list(one.data_groups), **_days(one.validity)})


def _grant(one: Grant) -> Facts:
    return _said(
        {
            "participants": list(one.participants),
            "methods": list(one.methods),
            "legal_basis": one.legal_basis,
            "data_groups": list(one.data_groups),
            "requires_dossier": "true" if one.requires_dossier else "",
            "shows_protected": "true" if one.shows_protected else "",
            **_days(one.validity),
            "quota": _quota(one.quota) if one.quota else "",
        }
    )


def _days(validity: Validity) -> dict[str, Fact]:
    return {
        "from": validity.begin.isoformat() if validity.begin else "",
        "until": validity.end.isoformat() if validity.end else "",
    }


def _quota(quota: Quota) -> str:
    return write_quota(quota.calls, quota.per_seconds)


def _said(facts: dict[str, Fact]) -> Facts:
    return {key: fact for key, fact in facts.items() if fact}
