"""A fact: one value of one data group, asserted by one institution, valid for a period, recorded at an instant.

Facts are assertions and stay as they were asserted: a later one covers an earlier one on its days (domain/picture.py
paints them), a correction takes one back. They stand under the number that they were asserted under, for ever; which
person that is, the chain of numbers says. So a replacement moves nothing, and undoing it loses nothing.
"""

import datetime as dt
import uuid
from dataclasses import dataclass, replace

from kruispunt.ssin import Ssin
from kruispunt_identity.domain.values import DataGroup, Evidence, Validity, Value
from kruispunt_server.call import InstitutionKey

NATIONAL_REGISTER = InstitutionKey(0, 0)
"""The source of what the national register says. Source: domain.md §4, sector 0."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What an institution says: a value, on which days it is true, and by what evidence."""

    group: DataGroup
    value: Value
    validity: Validity
    evidence: Evidence | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact as recorded.

    Attributes:
        fact_id: UUIDv7, never reused.
        registered_under: number under which it was asserted.
        group: data group.
        value: of the type that belongs to the group.
        validity: days on which it is true, as asserted.
        source: who asserted it.
        evidence: what the source saw.
        recorded_at: when; none for facts read from the national register.
        superseded_at: when it was corrected or retracted; none: it stands.
        superseded_by: the fact that corrected it.
    """

    fact_id: uuid.UUID
    registered_under: Ssin
    group: DataGroup
    value: Value
    validity: Validity
    source: InstitutionKey
    evidence: Evidence | None
    recorded_at: dt.datetime | None
    superseded_at: dt.datetime | None = None
    superseded_by: uuid.UUID | None = None

    @property
    def stands(self) -> bool:
        """Whether it was neither corrected nor retracted."""
        return self.superseded_at is None


def as_known(fact: Fact, instant: dt.datetime) -> Fact:
    """Return a fact as it was known at `instant`: what closed it later had not happened."""
    if fact.superseded_at is not None and fact.superseded_at > instant:
        return replace(fact, superseded_at=None, superseded_by=None)
    return fact
