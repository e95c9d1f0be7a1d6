"""Why a call would be let in or refused, rule by rule; and who may obtain a data group."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kruispunt_server.access.catalogue import groups_of, methods_of, told_by
from kruispunt_server.access.rights import ANY, Grant, RightsIndex
from kruispunt_server.call import NO_RIGHT, Participant, Right
from kruispunt_server.edge import MethodClass, Policy
from kruispunt_server.errors import RegistryError
from kruispunt_server.purpose import REFERENCE_SAYS, is_reference
from kruispunt_server.quotas.standing import Standing


@dataclass(frozen=True, slots=True)
class Check:
    """One rule and what it says."""

    rule: str
    passed: bool
    explanation: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """The rules in their order, up to the first that refuses; what the call may if none does, and how it is counted."""

    checks: tuple[Check, ...]
    right: Right = NO_RIGHT
    quotas: tuple[Standing, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether every rule lets the call through."""
        return all(check.passed for check in self.checks)


@dataclass(frozen=True, slots=True)
class Question:
    """Who would call which method, as its policy says, under which legal basis, on which day."""

    participant_id: str
    method: str
    policy: Policy
    legal_basis: str
    day: dt.date


Standings = Callable[[str, str, MethodClass], list[Standing]]
"""Says by which quotas a call is counted, from participant, grant and kind."""


def explain(index: RightsIndex, question: Question, standings: Standings | None = None) -> Explanation:
    """Ask the rules in the order in which a call meets them.

    Args:
        index: the rights.
        question: who would call what.
        standings: quotas as they stand at this moment; none: another moment is meant, or nothing is counted.
    """
    checks: list[Check] = []
    right = NO_RIGHT
    for check, found in _checks(index, question):
        checks.append(check)
        right = found
        if not check.passed:
            return Explanation(tuple(checks))
    if standings is None:
        return Explanation(tuple(checks), right)
    quotas = tuple(standings(question.participant_id, right.grant_id, question.policy.kind))
    empty = [each.name for each in quotas if each.left == 0]
    says = f"used up at this moment: {', '.join(empty)}" if empty else "none is used up"
    checks.append(Check("quota", not empty, says))
    return Explanation(tuple(checks), NO_RIGHT if empty else right, quotas)


def _checks(index: RightsIndex, question: Question) -> Iterator[tuple[Check, Right]]:
    policy = question.policy
    registration = index.registrations.get(question.participant_id)
    known = registration is not None and registration.validity.holds(question.day)
    yield (
        Check("participant", known, "it is active" if known else "there is none that is active on that day"),
        NO_RIGHT,
    )
    assert registration is not None, "or the rule before refused"
    fits = _may_call(policy, registration.participant)
    wanted = ", ".join(sorted(policy.roles)) or "none"
    yield Check("role", fits, f"the method asks for any one of these roles: {wanted}"), NO_RIGHT
    if policy.asks_purpose:
        stated = is_reference(question.legal_basis)
        says = "it names a legal basis" if stated else f"the call has to name a legal basis: {REFERENCE_SAYS}"
        yield Check("purpose", stated, says), NO_RIGHT
    if not policy.personal:
        yield Check("grant", True, "the method touches no personal data and needs none"), NO_RIGHT
        return
    try:
        right = index.right_of(question.participant_id, question.method, question.legal_basis, question.day)
    except RegistryError as refusal:
        yield Check("grant", False, refusal.message), NO_RIGHT
        return
    yield Check("grant", True, f'grant "{right.grant_id}" lets it in'), right
    if policy.data_group:
        covered = policy.data_group in right.data_groups
        says = "covers" if covered else "does not cover"
        yield Check("data group", covered, f'the grant {says} the data group "{policy.data_group}"'), right


def _may_call(policy: Policy, participant: Participant) -> bool:
    return not policy.roles or not policy.roles.isdisjoint(participant.roles)


@dataclass(frozen=True, slots=True)
class Grantee:
    """Who may obtain a data group, by which grant and methods, until when."""

    participant_id: str
    grant: Grant
    methods: tuple[str, ...]
    end: dt.date | None


def grantees_of(
    index: RightsIndex, data_group: str, day: dt.date, policies: Mapping[str, Policy]
) -> list[Grantee]:
    """Return who may obtain a data group on a day by the methods of some policies, by participant and grant."""
    found = []
    for grant in index.rights.grants:
        basis = index.legal_bases.get(grant.legal_basis)
        in_force = grant.validity.holds(day) and (basis is None or basis.validity.holds(day))
        covered = data_group in groups_of(grant.data_groups) and (
            grant.legal_basis == ANY or (basis is not None and data_group in groups_of(basis.data_groups))
        )
        if not (in_force and covered):
            continue
        methods = tuple(
            method
            for pattern in grant.methods
            for method in methods_of(pattern)
            if data_group in told_by(method)
        )
        ends = [end for end in (grant.validity.end, basis.validity.end if basis else None) if end is not None]
        for name in grant.participants:
            registration = index.registrations[name]
            callable_ = tuple(
                method
                for method in methods
                if method in policies and _may_call(policies[method], registration.participant)
            )
            if callable_ and registration.validity.holds(day):
                found.append(Grantee(name, grant, callable_, min(ends, default=None)))
    return sorted(found, key=lambda one: (one.participant_id, one.grant.grant_id))
