"""One page of a list."""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from kruispunt.facts import DataGroup
from kruispunt.persons import ResolvedNumber
from kruispunt.values import Resolution

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: in the order of the list.
        next_page_token: names the page after; empty on the last.
        complete: whether nothing that was asked for lies on a further page.
        resolution: what the number turned out to be; only in lists of the directory on one person.
        message: the answer as it came over the wire.
        number: where the number leads; only in lists of identity on one person.
        withheld: data groups that the caller may not see; only there too.
    """

    items: tuple[T, ...]
    next_page_token: str
    complete: bool
    resolution: Resolution | None = None
    message: Any = field(default=None, repr=False, compare=False)
    number: ResolvedNumber | None = None
    withheld: tuple[DataGroup, ...] = ()
