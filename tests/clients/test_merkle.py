"""Trees of RFC 6962 against the published vectors, and against the definition in the RFC."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kruispunt import merkle

# The leaves and roots that certificate-transparency implementations publish as their test data.
LEAVES = [
    bytes.fromhex(leaf)
    for leaf in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [
    # position, size, path
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [
    # first size, second size, path
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]


def test_no_leaves_have_the_root_of_nothing() -> None:
    """SHA-256 of the empty string."""
    assert "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" == merkle.EMPTY_ROOT.hex()
    assert merkle.EMPTY_ROOT == merkle.root_of([])


def test_roots_are_those_published() -> None:
    """Of each beginning of the published leaves."""
    hashes = [merkle.leaf_hash(leaf) for leaf in LEAVES]

    assert ROOTS == [merkle.root_of(hashes[:size]).hex() for size in range(1, 9)]


@pytest.mark.parametrize(("position", "size", "path"), INCLUSION)
def test_published_inclusion_paths_hold(position: int, size: int, path: list[str]) -> None:
    """And no longer when a byte of the leaf, the position, the size or the path is another."""
    leaf, root = merkle.leaf_hash(LEAVES[position]), bytes.fromhex(ROOTS[size - 1])
    proof = [bytes.fromhex(each) for each in path]

    assert merkle.is_included(leaf, position, size, proof, root)
    wrong = [
        (merkle.leaf_hash(b"other"), position, size, proof),
        (leaf, position + 1, size, proof),
        (leaf, position, size + 8, proof),
        (leaf, position, size, [*proof, root]),
        (leaf, position, size, [bytes(32)] * len(proof) if proof else [bytes(32)]),
    ]
    assert [False] * 5 == [merkle.is_included(*each, root) for each in wrong]


@pytest.mark.parametrize(("first", "second", "path"), CONSISTENCY)
def test_published_consistency_paths_hold(first: int, second: int, path: list[str]) -> None:
    """And no longer when either root is another, or the path is longer."""
    old, new = bytes.fromhex(ROOTS[first - 1]), bytes.fromhex(ROOTS[second - 1])
    proof = [bytes.fromhex(each) for each in path]

    assert merkle.is_consistent(first, old, second, new, proof)
    assert not merkle.is_consistent(first, bytes(32), second, new, proof)
    assert not merkle.is_consistent(first, old, second, bytes(32), proof)
    assert not merkle.is_consistent(first, old, second, new, [*proof, bytes(32)])
    assert not merkle.is_consistent(0, old, second, new, proof)


def defined(leaves: list[bytes]) -> bytes:
    """Return the root as the RFC defines it: by halves."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    half = 1
    while half * 2 < len(leaves):
        half *= 2
    return hashlib.sha256(b"\x01" + defined(leaves[:half]) + defined(leaves[half:])).digest()


@given(st.lists(st.binary(max_size=3), max_size=80))
def test_a_growing_range_has_the_root_of_the_definition(leaves: list[bytes]) -> None:
    """After every leaf, and also when it is taken up again from its hashes."""
    tree = merkle.CompactRange()
    for count, leaf in enumerate(leaves, 1):
        tree = merkle.CompactRange(tree.size, tree.hashes)
        tree.append(merkle.leaf_hash(leaf))
        assert defined(leaves[:count]) == tree.root()


def test_a_range_whose_hashes_do_not_fit_is_refused() -> None:
    """Three leaves are two perfect subtrees."""
    with pytest.raises(ValueError, match="each bit"):
        merkle.CompactRange(3, [bytes(32)])
