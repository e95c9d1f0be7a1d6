"""Which user of the operating system runs a command at the database.

It is a name of somebody: it belongs into the journal, beside the end users of participants, and not into the event log.
"""

import os
import pwd
from pathlib import Path
from typing import Final

_LOGIN: Final = Path("/proc/self/loginuid")
_NOBODY: Final = (1 << 32) - 1
_LONGEST: Final = 64


def operating_user() -> str:
    """Return who logged in, also under sudo where the kernel remembers it, or else as whom the process runs.

    Returns:
        1 to 64 printable ASCII characters: the name, or "uid 1000" for one that has none of that form.
    """
    number = _logged_in()
    if number is None:
        number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = ""
    fits = 0 < len(name) <= _LONGEST and name.isascii() and name.isprintable() and " " not in name
    return name if fits else f"uid {number}"


def _logged_in() -> int | None:
    """Return the user that the audit of the kernel knows of this session; none: it knows none."""
    try:
        number = int(_LOGIN.read_text("ascii"))
    except (OSError, ValueError):
        return None
    return None if number == _NOBODY else number
