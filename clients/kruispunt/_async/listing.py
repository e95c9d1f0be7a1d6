"""Lists that come in pages, fetched as they are read."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, TypeVar

from kruispunt.pages import Page

T = TypeVar("T")


class AsyncListing(Generic[T]):
    """A list of which no page is fetched before it is read.

    Iterating gives the items, `pages` the pages. Each iteration asks anew, from the beginning.
    """

    def __init__(self, fetch: Callable[[str], Awaitable[Page[T]]], page_token: str = "") -> None:
        self._fetch = fetch
        self._page_token = page_token

    async def pages(self) -> AsyncGenerator[Page[T], None]:
        """Yield page after page; each is asked for when the loop comes to it.

        Raises:
            KruispuntError: as the method that made the list; at the page where it happens.
        """
        token = self._page_token
        while True:
            page = await self._fetch(token)
            yield page
            token = page.next_page_token
            if not token:
                return

    async def first(self) -> Page[T]:
        """Fetch the first page only."""
        return await self._fetch(self._page_token)

    async def __aiter__(self) -> AsyncGenerator[T, None]:
        async for page in self.pages():
            for each in page.items:
                yield each
