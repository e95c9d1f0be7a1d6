"""How what rights name is written: participants and grants, and the names in certificates."""

import re
from typing import Final

IDENTIFIER: Final = re.compile(r"[a-z0-9-]{1,64}").fullmatch
URI: Final = re.compile(r"(?=.{1,255}\Z)[a-z][a-z0-9+.-]*://[!-~]{1,240}").fullmatch

IDENTIFIER_SAYS: Final = '1 to 64 of a-z, 0-9 and "-"'
URI_SAYS: Final = "scheme://…, printable ASCII, at most 255 characters"
