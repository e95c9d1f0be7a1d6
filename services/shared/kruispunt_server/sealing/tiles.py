"""The tree of a log, 256 hashes to a row.

A tile of level 0 holds hashes of leaves; each hash of level n + 1 is the root over one full tile of level n. Appending
writes the last tile of a level, a proof reads about two tiles of each level: three levels suffice for 16 million
records, four for four thousand million. Only the last tile of a level ever changes, and it only grows.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kruispunt.merkle import CompactRange, node_hash, root_of, split_of
from kruispunt_server.database import Database
from kruispunt_server.tables import SharedTables

WIDTH: Final = 256
_BITS: Final = 8
_HASH: Final = 32

Fetch = Callable[[int, int], bytes]
"""Gives the hashes of a tile by level and number, one after the other."""


class TileStore:
    """Reads and writes tiles; every method takes the running transaction."""

    def __init__(self, database: Database, tables: SharedTables) -> None:
        table = tables.seals.tree_tile
        insert: Any = postgresql.insert if database.dialect == "postgresql" else sqlite.insert
        put = insert(table)
        self._put = put.on_conflict_do_update(
            index_elements=["log", "level", "tile_no"], set_={"hashes": put.excluded.hashes}
        )
        # Index: primary key.
        self._get = sa.select(table.c.hashes).where(
            table.c.log == sa.bindparam("of_log"),
            table.c.level == sa.bindparam("of_level"),
            table.c.tile_no == sa.bindparam("of_tile"),
        )

    def fetch(self, connection: sa.Connection, log: str) -> Fetch:
        """Return what reads tiles of a log, each once."""
        read: dict[tuple[int, int], bytes] = {}

        def get(level: int, tile_no: int) -> bytes:
            place = (level, tile_no)
            if place not in read:
                named = {"of_log": log, "of_level": level, "of_tile": tile_no}
                read[place] = bytes(connection.scalar(self._get, named) or b"")
            return read[place]

        return get

    def append(self, connection: sa.Connection, log: str, size: int, leaves: Sequence[bytes]) -> bytes:
        """Append hashes of leaves to a tree of `size` leaves, and return its new root."""
        fetch = self.fetch(connection, log)
        tiles = appended(fetch, size, leaves)
        if tiles:
            rows = [
                {"log": log, "level": level, "tile_no": tile_no, "hashes": hashes}
                for (level, tile_no), hashes in sorted(tiles.items())
            ]
            connection.execute(self._put, rows)

        def fresh(level: int, tile_no: int) -> bytes:
            return tiles.get((level, tile_no)) or fetch(level, tile_no)

        return frontier(fresh, size + len(leaves)).root()


def appended(fetch: Fetch, size: int, leaves: Sequence[bytes]) -> dict[tuple[int, int], bytes]:
    """Return the tiles that change when hashes of leaves are appended to a tree of `size`, by level and number."""
    tiles: dict[tuple[int, int], bytes] = {}
    level, before, hashes = 0, size, list(leaves)
    while hashes:
        tile_no, filled = divmod(before, WIDTH)
        row = (fetch(level, tile_no)[: filled * _HASH] if filled else b"") + b"".join(hashes)
        above = []
        for at in range(0, len(row), WIDTH * _HASH):
            tile = row[at : at + WIDTH * _HASH]
            tiles[level, tile_no] = tile
            tile_no += 1
            if len(tile) == WIDTH * _HASH:
                above.append(root_of(_hashes(tile)))
        level, before, hashes = level + 1, before >> _BITS, above
    return tiles


def frontier(fetch: Fetch, size: int) -> CompactRange:
    """Return the perfect subtrees that a tree of `size` consists of."""
    heights = [height for height in reversed(range(size.bit_length())) if size >> height & 1]
    return CompactRange(size, [subtree(fetch, height, (size >> height) - 1) for height in heights])


def subtree(fetch: Fetch, height: int, index: int) -> bytes:
    """Return the root of the perfect subtree over leaves from `index` << `height` on, as many as 1 << `height`."""
    level, rest = divmod(height, _BITS)
    first = index << rest
    tile_no, at = divmod(first, WIDTH)
    tile = fetch(level, tile_no)[at * _HASH : (at + (1 << rest)) * _HASH]
    if len(tile) != _HASH << rest:
        raise LookupError("a tile of the tree is not there, or is too short")
    return root_of(_hashes(tile))


def root(fetch: Fetch, size: int) -> bytes:
    """Return the root of the tree as it was with `size` leaves."""
    return frontier(fetch, size).root()


def inclusion_path(fetch: Fetch, position: int, size: int) -> list[bytes]:
    """Return the hashes of RFC 6962, section 2.1.1, from the leaf upwards; 0 <= position < size."""
    path: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + split_of(end - begin)
        if position < middle:
            path.append(_over(fetch, middle, end))
            end = middle
        else:
            path.append(_over(fetch, begin, middle))
            begin = middle
    return path[::-1]


def consistency_path(fetch: Fetch, first: int, second: int) -> list[bytes]:
    """Return the hashes of RFC 6962, section 2.1.2; 0 < first <= second."""
    path: list[bytes] = []
    begin, end, known = 0, second, True
    while first != end:
        middle = begin + split_of(end - begin)
        if first <= middle:
            path.append(_over(fetch, middle, end))
            end = middle
        else:
            path.append(_over(fetch, begin, middle))
            begin, known = middle, False
    if not known:
        path.append(_over(fetch, begin, end))
    return path[::-1]


def _over(fetch: Fetch, begin: int, end: int) -> bytes:
    """Return the root over leaves from `begin` to before `end`, where `begin` is a multiple of a power of two >= the span."""
    hashes = []
    size = end - begin
    for height in reversed(range(size.bit_length())):
        if size >> height & 1:
            hashes.append(subtree(fetch, height, begin >> height))
            begin += 1 << height
    over = hashes[-1]
    for left in reversed(hashes[:-1]):
        over = node_hash(left, over)
    return over


def _hashes(tile: bytes) -> Iterable[bytes]:
    return (tile[at : at + _HASH] for at in range(0, len(tile), _HASH))
