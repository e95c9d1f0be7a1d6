"""What a client keeps of tokens: the latest of a database, and nothing that is none."""

import pytest

from kruispunt import DirectoryClient, Purpose
from kruispunt._consistency import TokenMemory, later_of, token_in

PURPOSE = Purpose(legal_basis="18/042", end_user="clerk-7", case="2026/1")
EARLY = "1-00000000000000aa-00000001-00000000000000ff"
LATE = "1-00000000000000aa-00000001-0000000000000100"
PROMOTED = "1-00000000000000aa-00000002-0000000000000001"
ELSEWHERE = "1-00000000000000bb-00000001-0000000000000001"


@pytest.mark.parametrize(
    ("held", "got", "kept"),
    [
        ("", "", ""),
        ("", EARLY, EARLY),
        (EARLY, "", EARLY),
        (EARLY, LATE, LATE),
        (LATE, EARLY, LATE),
        (LATE, PROMOTED, PROMOTED),
        (PROMOTED, LATE, PROMOTED),
        (LATE, ELSEWHERE, ELSEWHERE),
        (ELSEWHERE, EARLY, EARLY),
    ],
)
def test_the_later_token_of_a_database_is_kept(held: str, got: str, kept: str) -> None:
    """Whichever came first; of two databases the one that came last counts."""
    assert kept == later_of(held, got)


def test_the_token_is_found_among_other_metadata() -> None:
    """Which may be bytes; where there is none, there is none."""
    assert LATE == token_in([("a-bin", b"1"), ("kruispunt-consistency-token", LATE)])
    assert "" == token_in([("a", "b")])


def test_what_goes_with_a_call_follows_the_wish() -> None:
    """The token only where it is for something."""
    memory = TokenMemory()
    assert (("kruispunt-consistency", "read-your-writes"),) == memory.metadata("read-your-writes")
    memory.keep(LATE)
    memory.keep(EARLY)

    assert (
        ("kruispunt-consistency", "read-your-writes"),
        ("kruispunt-consistency-token", LATE),
    ) == memory.metadata("read-your-writes")
    assert (("kruispunt-consistency", "eventual"),) == memory.metadata("eventual")
    assert (("kruispunt-consistency", "latest"),) == memory.metadata("latest")


def test_what_is_no_token_or_word_is_refused_before_anything_is_sent() -> None:
    """By the client itself, whether it is made with it or given it later."""
    with pytest.raises(ValueError, match="no consistency token"):
        DirectoryClient("127.0.0.1:1", certificates=None, purpose=PURPOSE, consistency_token="0")
    with pytest.raises(ValueError, match="eventual, read-your-writes, latest"):
        DirectoryClient("127.0.0.1:1", certificates=None, purpose=PURPOSE, consistency="lastest")  # type: ignore[arg-type]
    with DirectoryClient(
        "127.0.0.1:1", certificates=None, purpose=PURPOSE, consistency_token=EARLY
    ) as client:
        client.with_purpose(PURPOSE).note_consistency_token(LATE)
        with pytest.raises(ValueError, match="no consistency token"):
            client.note_consistency_token(LATE + "\n")

        assert LATE == client.consistency_token
