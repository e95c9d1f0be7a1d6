"""Rights as the text of a file, such that reading it gives the same rights again. Needs PyYAML, as `rights_file`."""

import datetime as dt
from typing import Any, Final

import yaml

from kruispunt._rights_nodes import ROLES
from kruispunt.access.v1 import participant_service_pb2 as pb
from kruispunt.quota_text import write_quota

_ROLE_NAMES: Final = {number: name for name, number in ROLES.items()}
_WIDTH: Final = 100


def rights_text(rights: pb.Rights) -> str:
    """Return rights as YAML: the parts that there are, entries in the order given, what is absent left out."""
    parts = {
        "participants": {one.participant_id: _participant(one) for one in rights.participants},
        "legal_bases": {one.legal_basis: _legal_basis(one) for one in rights.legal_bases},
        "grants": {one.grant_id: _grant(one) for one in rights.grants},
    }
    return yaml_text({name: entries for name, entries in parts.items() if entries})


def yaml_text(document: Any) -> str:
    """Return a value as YAML, lists and mappings of single values on one line."""
    return yaml.dump(
        document, Dumper=_Dumper, default_flow_style=None, sort_keys=False, allow_unicode=True, width=_WIDTH
    )


class _Dumper(yaml.SafeDumper):
    """Refers to nothing: readers of rights take no anchors."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _participant(one: pb.Participant) -> dict[str, Any]:
    quotas = {field.name: quota for field, quota in one.quotas.ListFields()}
    return _said(
        institution=f"{one.institution.sector}/{one.institution.institution}"
        if one.HasField("institution")
        else "",
        roles=[_ROLE_NAMES[role] for role in one.roles],
        uris=list(one.uris),
        **_days(one),
        revoked_certificates=list(one.revoked_certificates),
        quotas={name: _quota(quota) for name, quota in quotas.items()},
    )


def _legal_basis(one: pb.LegalBasis) -> dict[str, Any]:
    return _said(title=one.title, data_groups=list(one.data_groups), **_days(one))


def _grant(one: pb.Grant) -> dict[str, Any]:
    return _said(
        participants=list(one.participants),
        methods=list(one.methods),
        legal_basis=one.legal_basis,
        data_groups=list(one.data_groups),
        requires_dossier=one.requires_dossier,
        shows_protected=one.shows_protected,
        **_days(one),
        quota=_quota(one.quota) if one.HasField("quota") else "",
    )


def _days(one: Any) -> dict[str, Any]:
    return {word: _day(one, field) for word, field in (("from", "begin"), ("until", "end"))}


def _day(one: Any, field: str) -> dt.date | None:
    day = getattr(one, field)
    return dt.date(day.year, day.month, day.day) if one.HasField(field) else None


def _quota(quota: pb.Quota) -> str:
    return write_quota(quota.calls, quota.per_seconds)


def _said(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}
