"""Lists that come in pages: `Listing` of the clients for threads, `AsyncListing` of those for tasks."""

from kruispunt._async.listing import AsyncListing
from kruispunt._sync.listing import Listing
from kruispunt.pages import Page

__all__ = ["AsyncListing", "Listing", "Page"]
