"""Adds a revoked certificate to the text of a rights file, and changes nothing else of it, comments included."""

from typing import Any, Final

import yaml

from kruispunt.rights_file import parse_rights

_REVOKED: Final = "revoked_certificates"


class AmendError(Exception):
    """The text is written in a way that is left to a person to change: says why."""


def with_revoked(text: str, participant_id: str, fingerprint: str) -> str:
    """Return a rights file with one more revoked certificate; the same text if it stands there already.

    Raises:
        RightsFileError: it is no rights file.
        AmendError: there is no such participant, or its entry is written in an unusual way.
    """
    wanted = parse_rights(text).message
    entry = next((one for one in wanted.participants if one.participant_id == participant_id), None)
    if entry is None:
        raise AmendError(f"the file has no participant {participant_id}")
    if fingerprint in entry.revoked_certificates:
        return text
    entry.revoked_certificates.append(fingerprint)
    amended = _amended(text, participant_id, fingerprint)
    found = parse_rights(amended).message
    for rights in (wanted, found):  # the order of digests means nothing
        for one in rights.participants:
            one.revoked_certificates[:] = sorted(one.revoked_certificates)
    if found != wanted:
        raise AmendError("the entry is written in an unusual way")
    return amended


def _amended(text: str, participant_id: str, fingerprint: str) -> str:
    entry = _value(_value(yaml.compose(text, yaml.SafeLoader), "participants"), participant_id)
    if entry.flow_style or not entry.value:
        raise AmendError("the entry is written in braces")
    listed = next((value for key, value in entry.value if key.value == _REVOKED), None)
    lines = text.splitlines(keepends=True)
    if listed is None:
        mark = entry.value[0][0].start_mark
        lines.insert(mark.line, f"{' ' * mark.column}{_REVOKED}: [{fingerprint}]\n")
    elif listed.flow_style or not listed.value:
        mark = listed.start_mark
        line = lines[mark.line]
        rest = f"{fingerprint}, " if listed.value else fingerprint
        lines[mark.line] = line[: mark.column + 1] + rest + line[mark.column + 1 :]
    else:
        mark = listed.start_mark  # of the first dash
        lines.insert(mark.line, f"{' ' * mark.column}- {fingerprint}\n")
    return "".join(lines)


def _value(node: Any, key: str) -> Any:
    return next(value for name, value in node.value if name.value == key)
