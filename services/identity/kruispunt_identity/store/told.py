"""What the feed tells of a change besides its kind and number: which groups and days it is about; never what is said."""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from kruispunt_identity.domain.fact import Fact
from kruispunt_identity.domain.values import DataGroup
from kruispunt_server.call import InstitutionKey


def told_of_facts(
    touched: Sequence[Fact], source: InstitutionKey | None, standing: Iterable[Fact]
) -> dict[str, Any]:
    """Return what is told when facts were told, corrected or taken back.

    Args:
        touched: those facts.
        source: the institution that did it; none: the registry.
        standing: all facts of the person afterwards.
    """
    groups = sorted({int(fact.group) for fact in touched})
    told = {
        "groups": groups,
        **told_of_days(
            [fact.validity.begin for fact in touched], [fact.validity.end for fact in touched], source
        ),
    }
    if DataGroup.DECEASE in groups:
        told["deceased"] = deceased(standing)
    return told


def told_of_days(
    begins: Iterable[dt.date | None], ends: Iterable[dt.date | None], source: InstitutionKey | None
) -> dict[str, Any]:
    """Return the span over which something changed, and who changed it; what is open or unknown is left out."""
    first, last = list(begins), list(ends)
    told: dict[str, Any] = {}
    if None not in first:
        told["from"] = min(day for day in first if day is not None).isoformat()
    if None not in last:
        told["until"] = max(day for day in last if day is not None).isoformat()
    if source is not None:
        told["source"] = str(source)
    return told


def told_of_number(effective_on: dt.date, source: InstitutionKey | None, **more: Any) -> dict[str, Any]:
    """Return what is told when a number was replaced, split off, cancelled or moved."""
    told: dict[str, Any] = {"effective_on": effective_on.isoformat(), **more}
    if source is not None:
        told["source"] = str(source)
    return told


def deceased(facts: Iterable[Fact]) -> bool:
    """Whether a decease stands among facts."""
    return any(fact.stands and fact.group is DataGroup.DECEASE for fact in facts)
