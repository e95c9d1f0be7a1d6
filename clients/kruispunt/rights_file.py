"""The file in which an administrator declares who may connect and who may obtain what, as YAML.

    participants:
      pension-office:
        institution: 5/1                  # left out: a part of the registry itself
        roles: [supplier, consumer]
        uris: [spiffe://registry.example/participant/pension-office]
        from: 2026-01-01                  # optional, with until: half open
        quotas: {reads: 200/s, searches: 60/min, writes: 50/s, bulk: 10/min}
    legal_bases:
      18/042:
        title: Pensions look up the persons that they pay
        data_groups: [name, birth, gender, dossier, route]   # or [all]
    grants:
      pensions-read:
        participants: [pension-office]
        methods: [IdentityService/GetPerson, DirectoryService/*]
        legal_basis: 18/042
        data_groups: [all]                # all that the legal basis covers
        requires_dossier: true

Every scalar counts as the text that is written: `no` is no boolean. Anchors, aliases and tags are refused, so that a
short file cannot become a huge one. Needs PyYAML: `pip install 'kruispunt[cli]'`.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import yaml
from google.type.date_pb2 import Date

from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.quota_text import SECONDS_OF, read_quota

_MOST_BYTES: Final = 16 << 20
_DEEPEST: Final = 8
_INSTITUTION: Final = re.compile(r"([0-9]{1,3})/([0-9]{1,3})").fullmatch
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}").fullmatch
_ROLES: Final = {name[5:].lower().replace("_", "-"): number for name, number in pb.Role.items() if number}
_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# The file's words for fields of the contract.
_WORDS: Final = {"begin": "from", "end": "until"}


class RightsFileError(Exception):
    """The file cannot be used.

    Attributes:
        faults: all of them, each a line of the file (0: the file as a whole) and a sentence.
    """

    def __init__(self, faults: list[tuple[int, str]]) -> None:
        super().__init__(
            "\n".join(f"line {line}: {sentence}" if line else sentence for line, sentence in faults)
        )
        self.faults = faults


class RightsFile:
    """What a file declares.

    Attributes:
        message: the rights, as the registry takes them.
    """

    def __init__(self, message: pb.Rights, lines: dict[str, int]) -> None:
        self.message = message
        self._lines = lines

    def line_of(self, path: str) -> int:
        """Return the line that a field of the rights stands on, such as "grants[2].methods[0]"; 0 if nowhere."""
        path = path.removeprefix("rights.")
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return 0

    def faults(self, violations: tuple[tuple[str, str], ...]) -> list[tuple[int, str]]:
        """Return what the registry refuses, by line: each field and sentence as line and sentence."""
        return [(self.line_of(path), f"{_spoken(path)}: {sentence}") for path, sentence in violations]


def read_rights(path: Path) -> RightsFile:
    """Return what a file declares; whether it makes sense, the registry says.

    Raises:
        RightsFileError: not readable, no YAML, or not of this form: all faults at once.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RightsFileError([(0, f"the file is larger than {_MOST_BYTES >> 20} MiB")])
        text = path.read_text("utf-8")
    except OSError as error:
        raise RightsFileError([(0, error.strerror or type(error).__name__)]) from None
    except UnicodeDecodeError:
        raise RightsFileError([(0, "the file is not UTF-8")]) from None
    return parse_rights(text)


def parse_rights(text: str) -> RightsFile:
    """Return what a text declares; errors as of `read_rights`."""
    try:
        _refuse_tricks(text)
        root = yaml.compose(text, _LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or "this is no YAML"
        raise RightsFileError([(mark.line + 1 if mark else 0, str(problem))]) from None
    reader = _Reader()
    message = reader.rights(root)
    if reader.faults:
        raise RightsFileError(sorted(reader.faults))
    return RightsFile(message, reader.lines)


def _refuse_tricks(text: str) -> None:
    """Refuse what a file of rights has no use for: references, tags, several documents, great depth."""
    depth = documents = 0
    for event in yaml.parse(text, _LOADER):
        line = _line(event)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise RightsFileError([(line, "anchors and aliases are not taken")])
        if getattr(event, "tag", None) not in (None, "!"):
            raise RightsFileError([(line, "tags are not taken")])
        documents += isinstance(event, yaml.DocumentStartEvent)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if documents > 1 or depth > _DEEPEST:
            raise RightsFileError([(line, "one document, not deeper than participants, entry, field, list")])


class _Reader:
    """Reads the nodes; what is wrong is added to `faults`, and left out."""

    def __init__(self) -> None:
        self.faults: list[tuple[int, str]] = []
        self.lines: dict[str, int] = {}

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
        for name, line, node in self._pairs(root):
            if name not in kinds:
                self._fault(line, f'"{name}" is none of {", ".join(kinds)}')
                continue
            self.lines[name] = line
            entries, key, fields = kinds[name]
            for at, (identifier, entry_line, entry) in enumerate(self._pairs(node)):
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
        for name, line, value in self._pairs(node):
            if name not in fields:
                self._fault(line, f'"{name}" is none of {", ".join(fields)}')
                continue
            read, field = fields[name]
            self.lines[f"{path}.{field}"] = line
            read(message, field, value, f"{path}.{field}")

    def _pairs(self, node: yaml.Node) -> Iterator[tuple[str, int, yaml.Node]]:
        """Yield keys, their lines and what they stand for; a key given twice is a fault."""
        if not isinstance(node, yaml.MappingNode):
            if not (isinstance(node, yaml.ScalarNode) and not node.value):
                self._fault(_line(node), "entries of the form `name: …` belong here")
            return
        seen: set[str] = set()
        for key, value in node.value:
            line = _line(key)
            if not isinstance(key, yaml.ScalarNode):
                self._fault(line, "a name is a plain text")
            elif key.value in seen:
                self._fault(line, f'"{key.value}" is given twice')
            else:
                seen.add(key.value)
                yield key.value, line, value

    def _text(self, message: Any, field: str, node: yaml.Node, _path: str) -> None:
        setattr(message, field, self._scalar(node))

    def _texts(self, message: Any, field: str, node: yaml.Node, path: str) -> None:
        for place, each in enumerate(self._list(node)):
            self.lines[f"{path}[{place}]"] = _line(each)
            getattr(message, field).append(self._scalar(each))

    def _roles(self, message: Any, field: str, node: yaml.Node, path: str) -> None:
        for place, each in enumerate(self._list(node)):
            self.lines[f"{path}[{place}]"] = _line(each)
            role = _ROLES.get(self._scalar(each))
            if role is None:
                self._fault(_line(each), "there is no such role")
            else:
                getattr(message, field).append(role)

    def _institution(self, message: Any, field: str, node: yaml.Node, _path: str) -> None:
        found = _INSTITUTION(self._scalar(node))
        if found is None:
            self._fault(_line(node), "an institution is sector/number, such as 5/1")
            return
        target = getattr(message, field)
        target.sector, target.institution = int(found[1]), int(found[2])
        target.SetInParent()

    def _day(self, message: Any, field: str, node: yaml.Node, _path: str) -> None:
        said = self._scalar(node)
        try:
            day = dt.date.fromisoformat(said if _DAY(said) else "")
        except ValueError:
            self._fault(_line(node), "a date is written 2026-01-31")
            return
        getattr(message, field).CopyFrom(Date(year=day.year, month=day.month, day=day.day))

    def _truth(self, message: Any, field: str, node: yaml.Node, _path: str) -> None:
        said = self._scalar(node)
        if said not in ("true", "false"):
            self._fault(_line(node), "it is true or false")
        setattr(message, field, said == "true")

    def _quota(self, message: Any, field: str, node: yaml.Node, _path: str) -> None:
        found = read_quota(self._scalar(node))
        if found is None:
            self._fault(_line(node), f"a quota is written 100/s; units are {', '.join(SECONDS_OF)}")
            return
        target = getattr(message, field)
        target.calls, target.per_seconds = min(found[0], (1 << 31) - 1), found[1]

    def _quotas(self, message: Any, field: str, node: yaml.Node, path: str) -> None:
        names = [each.name for each in pb.Quotas.DESCRIPTOR.fields]
        self._fill(getattr(message, field), node, {name: (self._quota, name) for name in names}, path)

    def _list(self, node: yaml.Node) -> list[yaml.Node]:
        if isinstance(node, yaml.SequenceNode):
            return list(node.value)
        self._fault(_line(node), "a list belongs here, such as [one, two]")
        return []

    def _scalar(self, node: yaml.Node) -> str:
        if isinstance(node, yaml.ScalarNode):
            return str(node.value)
        self._fault(_line(node), "a single value belongs here")
        return ""

    def _fault(self, line: int, sentence: str) -> None:
        self.faults.append((line, sentence))


_Fields = dict[str, tuple[Callable[[Any, str, yaml.Node, str], None], str]]


def _spoken(path: str) -> str:
    """Return the last name in a path in the words of the file."""
    name = re.sub(r"\[\d+\]", "", path).rpartition(".")[2]
    return _WORDS.get(name, name)


def _line(part: yaml.Node | yaml.Event) -> int:
    mark = part.start_mark
    return mark.line + 1 if mark is not None else 0
