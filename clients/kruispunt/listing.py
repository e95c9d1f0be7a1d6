"""Lists that come in pages, fetched as they are read."""

from collections.abc import Callable, Iterator
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


class Listing(Generic[T]):
    """A list of which no page is fetched before it is read.

    Iterating gives the items, `pages` the pages. Each iteration asks anew, from the beginning.
    """

    def __init__(self, fetch: Callable[[str], Page[T]], page_token: str = "") -> None:
        self._fetch = fetch
        self._page_token = page_token

    def pages(self) -> Iterator[Page[T]]:
        """Yield page after page; each is asked for when the loop comes to it.

        Raises:
            KruispuntError: as the method that made the list; at the page where it happens.
        """
        token = self._page_token
        while True:
            page = self._fetch(token)
            yield page
            token = page.next_page_token
            if not token:
                return

    def first(self) -> Page[T]:
        """Fetch the first page only."""
        return self._fetch(self._page_token)

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            yield from page.items
