"""How a sentence names a value of a file of rights: in quotation marks, on one line, never long."""

from typing import Final

_MOST: Final = 60


def quoted(text: str) -> str:
    """Return a text in quotation marks: at most 60 characters of it, and what is not printable as an escape."""
    shown = "".join(map(_shown, text[:_MOST]))
    return f'"{shown}"' if len(text) <= _MOST else f'"{shown}…" ({len(text)} characters)'


def _shown(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    return character if character.isprintable() else character.encode("unicode_escape").decode("ascii")
