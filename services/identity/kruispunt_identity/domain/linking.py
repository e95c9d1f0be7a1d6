"""Rules of links between persons and foreign identifiers: what is said already, what an end may be.

Source: domain.md §3: only the validity may change; anything else is a new link.
"""

import datetime as dt
import uuid
from collections.abc import Iterable
from dataclasses import replace

from kruispunt_identity.domain.identifier import ForeignIdentifier, IdentifierKey
from kruispunt_identity.domain.values import Validity
from kruispunt_server.errors import Reason, RegistryError


def overlap(one: Validity, other: Validity) -> bool:
    """Whether two periods share a day."""
    first = one.begin is None or other.end is None or one.begin < other.end
    return first and (other.begin is None or one.end is None or other.begin < one.end)


def linked_already(
    links: Iterable[ForeignIdentifier], key: IdentifierKey, validity: Validity
) -> ForeignIdentifier | None:
    """Return the link, among those of a person, that holds an identifier on all days of a period."""
    for link in links:
        if _compared(link.key) == _compared(key) and _covers(link.validity, validity):
            return link
    return None


def ended(
    links: Iterable[ForeignIdentifier], link_id: uuid.UUID, etag: str, end: dt.date, now: dt.datetime
) -> tuple[ForeignIdentifier, ForeignIdentifier]:
    """Return a link, among those of a person, before and after it gets an end; the same twice if it has it.

    Raises:
        RegistryError: no such link, NOT_FOUND / LINK_UNKNOWN; another etag, ABORTED / ETAG_MISMATCH; an end not after
            the begin, or after the end that stands, FAILED_PRECONDITION / OUTSIDE_PERIOD.
    """
    before = next((link for link in links if link.link_id == link_id), None)
    if before is None:
        raise RegistryError(Reason.LINK_UNKNOWN, "the person has no such link", field="link_id")
    if etag and etag != before.etag:
        raise RegistryError(Reason.ETAG_MISMATCH, "the link was changed since it was read", field="etag")
    standing = before.validity
    if end == standing.end:
        return before, before
    if (standing.begin is not None and end <= standing.begin) or (
        standing.end is not None and end > standing.end
    ):
        raise RegistryError(Reason.OUTSIDE_PERIOD, "the end lies outside the link's period", field="end")
    after = replace(
        before, validity=Validity(standing.begin, end), version=before.version + 1, recorded_at=now
    )
    return before, after


def _compared(key: IdentifierKey) -> tuple[str, int, str]:
    return key.country, int(key.scheme), key.folded


def _covers(wide: Validity, narrow: Validity) -> bool:
    begins = wide.begin is None or (narrow.begin is not None and wide.begin <= narrow.begin)
    ends = wide.end is None or (narrow.end is not None and narrow.end <= wide.end)
    return begins and ends
