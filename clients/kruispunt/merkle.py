"""Trees of RFC 6962: what institutions need to check a receipt, a signed head or a digest by themselves.

Hashes are 32 bytes of SHA-256. A leaf is hashed behind a zero byte, a node behind a one, so that neither can pass for
the other. Nothing here asks a server.

Source: RFC 6962, section 2.1.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

EMPTY_ROOT: Final = hashlib.sha256(b"").digest()
"""Root of a tree without leaves."""

_sha256 = hashlib.sha256


def leaf_hash(record: bytes) -> bytes:
    """Return the hash of a leaf."""
    return _sha256(b"\x00" + record).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node over two hashes."""
    return _sha256(b"\x01" + left + right).digest()


class CompactRange:
    """The hashes of the perfect subtrees that a growing tree consists of: its root in a few dozen hashes.

    Args:
        size: leaves so far.
        hashes: of the perfect subtrees, the largest first: one for each bit of `size` that is set.

    Raises:
        ValueError: the number of hashes does not fit the size.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        if size < 0 or len(hashes) != size.bit_count():
            raise ValueError("a range has a hash for each bit of its size")
        self.size = size
        self._hashes = list(hashes)

    @property
    def hashes(self) -> list[bytes]:
        """The hashes, the largest subtree first."""
        return list(self._hashes)

    def append(self, leaf: bytes) -> None:
        """Add the hash of a leaf."""
        size, hashes = self.size, self._hashes
        while size & 1:
            leaf = _sha256(b"\x01" + hashes.pop() + leaf).digest()
            size >>= 1
        hashes.append(leaf)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree as it is."""
        if not self._hashes:
            return EMPTY_ROOT
        root = self._hashes[-1]
        for left in reversed(self._hashes[:-1]):
            root = node_hash(left, root)
        return root


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Return the root over hashes of leaves, in their order."""
    tree = CompactRange()
    for leaf in leaves:
        tree.append(leaf)
    return tree.root()


def split_of(size: int) -> int:
    """Return the largest power of two below `size`, which is 2 or more: how many leaves the left subtree has."""
    return 1 << (size - 1).bit_length() - 1


def root_from_inclusion(leaf: bytes, position: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that follows from a leaf and its inclusion path.

    Args:
        leaf: its hash.
        position: of the leaf, from 0 on.
        size: leaves of the tree.
        path: hashes of RFC 6962, section 2.1.1, from the leaf upwards.

    Raises:
        ValueError: position, size and path do not fit each other.
    """
    if not 0 <= position < size:
        raise ValueError("the position lies outside the tree")
    index, last, root = position, size - 1, leaf
    for sibling in path:
        if last == 0:
            raise ValueError("the path is too long")
        if index & 1 or index == last:
            root = node_hash(sibling, root)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            root = node_hash(root, sibling)
        index, last = index >> 1, last >> 1
    if last:
        raise ValueError("the path is too short")
    return root


def is_included(leaf: bytes, position: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Return whether a leaf is at a position in the tree with this root; a path that does not fit says no."""
    try:
        return root_from_inclusion(leaf, position, size, path) == root
    except ValueError:
        return False


def is_consistent(
    first_size: int, first_root: bytes, second_size: int, second_root: bytes, path: Sequence[bytes]
) -> bool:
    """Return whether a tree is the beginning of a larger one.

    Args:
        first_size: leaves of the smaller tree, 1 or more.
        first_root: its root.
        second_size: leaves of the larger tree.
        second_root: its root.
        path: hashes of RFC 6962, section 2.1.2.
    """
    if not 0 < first_size <= second_size:
        return False
    if first_size == second_size:
        return not path and first_root == second_root
    hashes = list(path)
    if first_size & (first_size - 1) == 0:
        hashes.insert(0, first_root)
    if not hashes:
        return False
    index, last = first_size - 1, second_size - 1
    while index & 1:
        index, last = index >> 1, last >> 1
    first = second = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if index & 1 or index == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while index and not index & 1:
                index, last = index >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        index, last = index >> 1, last >> 1
    return last == 0 and first == first_root and second == second_root
