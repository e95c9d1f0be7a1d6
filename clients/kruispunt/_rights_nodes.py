"""The nodes of a YAML file of rights, read into the message that the registry takes."""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import yaml
from google.type.date_pb2 import Date

from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.common.v1.values_pb2 import InstitutionRef
from kruispunt.quota_text import SECONDS_OF, read_quota
from kruispunt.quoting import quoted

_INSTITUTION: Final = re.compile(r"([0-9]{1,3})/([0-9]{1,3})").fullmatch
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
ROLES: Final = {name[5:].lower().replace("_", "-"): number for name, number in pb.Role.items() if number}
"""The file's words for roles."""


class NodeReader:
    """Reads the nodes; what is wrong is added to `faults`, and its place to `malformed`.

    In its place goes what the registry refuses: whoever judges the rest does not take it for left out.
    """

    def __init__(self) -> None:
        self.faults: list[tuple[int, str]] = []
        self.lines: dict[str, int] = {}
        self.malformed: set[str] = set()

    def rights(self, root: yaml.Node | None) -> pb.Rights:
        """Return what a document declares."""
        message = pb.Rights()
        if root is None:
            self.faults.append((0, "the file is empty"))
            return message
        kinds: dict[str, tuple[Any, str, _Fields]] = {
            "participants": (message.participants, "participant_id", self._participant()),
            "legal_bases": (message.legal_bases, "legal_basis", self._legal_basis()),
            "grants": (message.grants, "grant_id", self._grant()),
        }
        for name, line, node in self._pairs(root, ""):
            if name not in kinds:
                self._fault(line, f"{quoted(name)} is none of {', '.join(kinds)}")
                continue
            self.lines[name] = line
            entries, key, fields = kinds[name]
            for at, (identifier, entry_line, entry) in enumerate(self._pairs(node, name)):
                path = f"{name}[{at}]"
                self.lines[path] = entry_line
                made = entries.add(**{key: identifier})
                self._fill(made, entry, fields, path)
        return message

    def _participant(self) -> "_Fields":
        return {
            "institution": (self._institution, "institution"),
            "roles": (self._roles, "roles"),
            "uris": (self._texts, "uris"),
            "from": (self._day, "begin"),
            "until": (self._day, "end"),
            "revoked_certificates": (self._texts, "revoked_certificates"),
            "quotas": (self._quotas, "quotas"),
        }

    def _legal_basis(self) -> "_Fields":
        return {
            "title": (self._text, "title"),
            "data_groups": (self._texts, "data_groups"),
            "from": (self._day, "begin"),
            "until": (self._day, "end"),
        }

    def _grant(self) -> "_Fields":
        return {
            "participants": (self._texts, "participants"),
            "methods": (self._texts, "methods"),
            "legal_basis": (self._text, "legal_basis"),
            "data_groups": (self._texts, "data_groups"),
            "requires_dossier": (self._truth, "requires_dossier"),
            "shows_protected": (self._truth, "shows_protected"),
            "from": (self._day, "begin"),
            "until": (self._day, "end"),
            "quota": (self._quota, "quota"),
        }

    def _fill(self, message: Any, node: yaml.Node, fields: "_Fields", path: str) -> None:
        for name, line, value in self._pairs(node, path):
            if name not in fields:
                self._fault(line, f"{quoted(name)} is none of {', '.join(fields)}")
                continue
            read, field = fields[name]
            self.lines[f"{path}.{field}"] = line
            read(message, field, value, f"{path}.{field}")

    def _pairs(self, node: yaml.Node, path: str) -> Iterator[tuple[str, int, yaml.Node]]:
        """Yield keys, their lines and what they stand for; a key given twice is a fault."""
        if not isinstance(node, yaml.MappingNode):
            if not (isinstance(node, yaml.ScalarNode) and not node.value):
                self._fault(line_of(node), f"entries of the form `name: …` belong here{_instead(node)}", path)
            return
        seen: set[str] = set()
        for key, value in node.value:
            line = line_of(key)
            if not isinstance(key, yaml.ScalarNode):
                self._fault(line, "a name is a plain text")
            elif key.value in seen:
                self._fault(line, f"{quoted(key.value)} is given twice")
            else:
                seen.add(key.value)
                yield key.value, line, value

    def _text(self, message: Any, field: str, node: yaml.Node, path: str) -> None:
        setattr(message, field, self._scalar(node, path) or "")

    def _texts(self, message: Any, field: str, node: yaml.Node, path: str) -> None:
        for place, each in enumerate(self._list(node, path)):
            self.lines[f"{path}[{place}]"] = line_of(each)
            getattr(message, field).append(self._scalar(each, f"{path}[{place}]") or "")

    def _roles(self, message: Any, field: str, node: yaml.Node, path: str) -> None:
        for place, each in enumerate(self._list(node, path)):
            where = f"{path}[{place}]"
            self.lines[where] = line_of(each)
            said = self._scalar(each, where)
            role = ROLES.get(said or "")
            if said is not None and role is None:
                self._fault(line_of(each), f"there is no role {quoted(said)}", where)
            getattr(message, field).append(role or pb.ROLE_UNSPECIFIED)

    def _institution(self, message: Any, field: str, node: yaml.Node, path: str) -> None:
        said = self._scalar(node, path)
        found = _INSTITUTION(said or "")
        if said is not None and found is None:
            self._fault(
                line_of(node), f"an institution is sector/number, such as 5/1, not {quoted(said)}", path
            )
        sector, institution = (int(found[1]), int(found[2])) if found else (-1, -1)
        getattr(message, field).MergeFrom(InstitutionRef(sector=sector, institution=institution))
        getattr(message, field).SetInParent()

    def _day(self, message: Any, field: str, node: yaml.Node, path: str) -> None:
        said = self._scalar(node, path)
        getattr(message, field).SetInParent()  # without a day it is refused
        try:
            day = dt.date.fromisoformat(said if said and _DAY(said) else "")
        except ValueError:
            if said is not None:
                self._fault(line_of(node), f"a date is written 2026-01-31, not {quoted(said)}", path)
            return
        getattr(message, field).CopyFrom(Date(year=day.year, month=day.month, day=day.day))

    def _truth(self, message: Any, field: str, node: yaml.Node, path: str) -> None:
        said = self._scalar(node, path)
        if said not in ("true", "false", None):
            self._fault(line_of(node), f"it is true or false, not {quoted(said)}")
        setattr(message, field, said == "true")

    def _quota(self, message: Any, field: str, node: yaml.Node, path: str) -> None:
        said = self._scalar(node, path)
        getattr(message, field).SetInParent()  # of no calls it is refused
        found = read_quota(said or "")
        if found is None:
            if said is not None:
                units = ", ".join(SECONDS_OF)
                self._fault(
                    line_of(node), f"a quota is written 100/s, not {quoted(said)}; units are {units}", path
                )
            return
        target = getattr(message, field)
        target.calls, target.per_seconds = min(found[0], (1 << 31) - 1), found[1]

    def _quotas(self, message: Any, field: str, node: yaml.Node, path: str) -> None:
        names = [each.name for each in pb.Quotas.DESCRIPTOR.fields]
        self._fill(getattr(message, field), node, {name: (self._quota, name) for name in names}, path)

    def _list(self, node: yaml.Node, path: str) -> list[yaml.Node]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self._fault(line_of(node), f"a list belongs here, such as [one, two]{_instead(node)}", path)
        return []

    def _scalar(self, node: yaml.Node, path: str) -> str | None:
        """Return a single value; none, after saying so, if it is none."""
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self._fault(line_of(node), "a single value belongs here", path)
        return None

    def _fault(self, line: int, sentence: str, path: str = "") -> None:
        self.faults.append((line, sentence))
        if path:
            self.malformed.add(path)


_Fields = dict[str, tuple[Callable[[Any, str, yaml.Node, str], None], str]]


def _instead(node: yaml.Node) -> str:
    return f", not {quoted(str(node.value))}" if isinstance(node, yaml.ScalarNode) else ""


def line_of(part: yaml.Node | yaml.Event) -> int:
    """Return the line that a part of a file begins on, from 1; 0 if it is not known."""
    mark = part.start_mark
    return mark.line + 1 if mark is not None else 0
