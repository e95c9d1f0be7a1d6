"""Why personal data is touched: three entries of the call's metadata, all mandatory."""

import re
from collections.abc import Iterable

from kruispunt_server.call import Purpose
from kruispunt_server.errors import Reason, RegistryError

LEGAL_BASIS = "kruispunt-legal-basis"
END_USER = "kruispunt-end-user"
CASE = "kruispunt-case"

REFERENCE_SAYS = '1 to 64 of letters, digits, "/", "-" and "."'

_REFERENCE = re.compile(r"[A-Za-z0-9/.-]{1,64}").fullmatch
_PRINTABLE = re.compile(r"[!-~](?:[ -~]{0,62}[!-~])?").fullmatch


def is_reference(text: str) -> bool:
    """Return whether a text names a legal basis as far as its form goes; whether there is such a one is not asked."""
    return _REFERENCE(text) is not None


def read_purpose(metadata: Iterable[tuple[str, str | bytes]]) -> Purpose:
    """Return the purpose that a call states.

    Args:
        metadata: of the call, as received: pairs of key and value.

    Raises:
        RegistryError: one is absent, given twice or malformed; INVALID_ARGUMENT / PURPOSE_REQUIRED
            with the name of the first such entry as `field`.

    Source: architecture.md, "A call, from wire to answer", 3.
    """
    legal_basis = end_user = case = ""
    for key, value in metadata:
        if key == LEGAL_BASIS:
            legal_basis = _once(legal_basis, value, key)
        elif key == END_USER:
            end_user = _once(end_user, value, key)
        elif key == CASE:
            case = _once(case, value, key)
    if not _REFERENCE(legal_basis):
        raise _refused(LEGAL_BASIS, 'letters, digits, "/", "-" and "."')
    if not _PRINTABLE(end_user):
        raise _refused(END_USER, "printable ASCII characters")
    if not _PRINTABLE(case):
        raise _refused(CASE, "printable ASCII characters")
    return Purpose(legal_basis, end_user, case)


def _once(before: str, value: str | bytes, key: str) -> str:
    if before or not isinstance(value, str):
        raise _refused(key, "characters, given once")
    return value


def _refused(key: str, of_what: str) -> RegistryError:
    return RegistryError(
        Reason.PURPOSE_REQUIRED, f'the metadata "{key}" must be 1 to 64 {of_what}', field=key
    )
