# Written by `make generate` from kruispunt/_async; edit it there.
"""Lists that come in pages, fetched as they are read."""

from collections.abc import Callable, Generator
from typing import Generic, TypeVar

from kruispunt.pages import Page

T = TypeVar("T")


class Listing(Generic[T]):
    """A list of which no page is fetched before it is read.

    Iterating gives the items, `pages` the pages. Each iteration asks anew, from the beginning.
    """

    def __init__(self, fetch: Callable[[str], Page[T]], page_token: str = "") -> None:
        self._fetch = fetch
        self._page_token = page_token

    def pages(self) -> Generator[Page[T], None, None]:
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

    def __iter__(self) -> Generator[T, None, None]:
        for page in self.pages():
            for each in page.items:
                yield each
