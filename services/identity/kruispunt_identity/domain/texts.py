"""Texts as they are registered: one spelling for what looks the same, and nothing that hides or misleads.

A name is compared, printed and read aloud; a mark that turns the direction of writing around, or that nobody sees,
makes two names of one, or shows another than is kept.
"""

import re
import unicodedata
from typing import Final

from kruispunt_server.errors import Reason, RegistryError

# Letters and symbols that print as nothing: grapheme joiner, Hangul fillers, the empty Braille pattern.
_INVISIBLE: Final = re.compile("[\u034f\u115f\u1160\u2800\u3164\uffa0]")
_SPACES: Final = {ord(space): " " for space in "\u00a0\u1680\u202f\u205f\u3000"} | dict.fromkeys(
    range(0x2000, 0x200B), " "
)


def clean_text(text: str, field: str, most: int) -> str:
    """Return a mandatory text as it is registered: composed (NFC), spaces trimmed and never two in a row.

    Args:
        text: as it came in.
        field: its path.
        most: characters at most, as registered.

    Raises:
        RegistryError: empty, INVALID_ARGUMENT / FIELD_REQUIRED; longer, INVALID_ARGUMENT / TEXT_TOO_LONG with
            `limit` in the metadata; blank, or with control characters, marks of direction, characters of no width,
            private or unassigned ones, INVALID_ARGUMENT / TEXT_FORBIDDEN.
    """
    if not text:
        raise RegistryError(Reason.FIELD_REQUIRED, "a text is required", field=field)
    # Composing and trimming shorten; but not what is so long that looking at it would be work.
    if len(text) > 4 * most:
        raise _too_long(field, most)
    if not (text.isascii() and text.isprintable()):
        # Printable excludes control, format, private, unassigned and surrogate characters, and all line ends.
        text = unicodedata.normalize("NFC", text.translate(_SPACES))
        if not text.isprintable() or _INVISIBLE.search(text) is not None:
            raise RegistryError(
                Reason.TEXT_FORBIDDEN, "the text holds characters that no text may hold", field=field
            )
    if text[0] == " " or text[-1] == " " or "  " in text:
        text = " ".join(text.split())
        if not text:
            raise RegistryError(Reason.TEXT_FORBIDDEN, "the text is blank", field=field)
    if len(text) > most:
        raise _too_long(field, most)
    return text


def clean_optional_text(text: str, field: str, most: int) -> str:
    """Return a text that may be empty, otherwise as `clean_text`; a blank one is refused, not taken for empty."""
    return clean_text(text, field, most) if text else ""


def _too_long(field: str, most: int) -> RegistryError:
    return RegistryError(
        Reason.TEXT_TOO_LONG, "the text is too long", field=field, metadata={"limit": str(most)}
    )
