"""Three grades of likeness, for people; no grade ever starts a write."""

import enum

# Odds of 1:1 and of 1:16 that it is the same person. Source: matching.md §3.4.
STRONG_FROM = 0.0
POSSIBLE_FROM = -4.0


class Grade(enum.IntEnum):
    """How likely a candidate is the person searched for."""

    WEAK = 1
    POSSIBLE = 2
    STRONG = 3


def grade_of(log2_odds: float) -> Grade:
    """Return the grade of a score.

    Args:
        log2_odds: binary logarithm of the odds that the two are one person.
    """
    if log2_odds >= STRONG_FROM:
        return Grade.STRONG
    return Grade.POSSIBLE if log2_odds >= POSSIBLE_FROM else Grade.WEAK
