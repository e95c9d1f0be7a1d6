"""What each method of the directory asks of its callers. Deny by default: a method without a row does not start."""

from kruispunt_server.call import Role
from kruispunt_server.edge import MethodClass, Policy

_SUPPLIER = frozenset({Role.SUPPLIER})
_CONSUMER = frozenset({Role.CONSUMER})
_ASKING = frozenset({Role.SUPPLIER, Role.CONSUMER, Role.INTERNAL_SERVICE})
_ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})

# Streams hold a thread each: as many at once in one process.
_STREAMS = 4
# Half of them are for one participant, and identity is one: each of its 8 threads and 4 exports asks here for all
# institutions, whenever a grant asks for dossiers on several persons.
_RESOLVING = 24
_IMPORTS = 2

DOSSIER_SERVICE = {
    "RegisterDossier": Policy(roles=_SUPPLIER, personal=True, data_group="dossier", kind=MethodClass.WRITES),
    "UpdateDossier": Policy(roles=_SUPPLIER, personal=True, data_group="dossier", kind=MethodClass.WRITES),
    "CloseDossier": Policy(roles=_SUPPLIER, personal=True, data_group="dossier", kind=MethodClass.WRITES),
    "RemoveDossiers": Policy(roles=_SUPPLIER, personal=True, data_group="dossier", kind=MethodClass.WRITES),
    # May carry a declaration of completeness only.
    "ReconfirmDossiers": Policy(
        roles=_SUPPLIER, personal=True, look_required=False, data_group="dossier", kind=MethodClass.WRITES
    ),
    "ImportDossiers": Policy(
        roles=_SUPPLIER, personal=True, max_streams=_IMPORTS, data_group="dossier", kind=MethodClass.BULK
    ),
}

DIRECTORY_SERVICE = {
    "ListDossiers": Policy(roles=_ASKING, personal=True, data_group="dossier", standby=True),
    "ResolveDossiers": Policy(
        roles=_ASKING,
        personal=True,
        max_streams=_RESOLVING,
        data_group="dossier",
        kind=MethodClass.BULK,
        standby=True,
    ),
    "GetRoute": Policy(roles=_CONSUMER, personal=True, data_group="route", standby=True),
    # Every number asked may be malformed.
    "CheckAccess": Policy(
        roles=_CONSUMER, personal=True, look_required=False, data_group="route", standby=True
    ),
    # Says what institutions told, nothing about a person.
    "GetCoverage": Policy(standby=True),
    # May be empty.
    "ListStaleDossiers": Policy(
        roles=_SUPPLIER, personal=True, look_required=False, data_group="dossier", standby=True
    ),
    "ExportDossiers": Policy(
        roles=_SUPPLIER, personal=True, max_streams=_STREAMS, data_group="dossier", kind=MethodClass.BULK
    ),
}

# Nothing in it concerns a person.
KNOWLEDGE_SERVICE = {
    "ListSectors": Policy(),
    "ListInstitutions": Policy(),
    "ListCapacities": Policy(),
    "ListDataSets": Policy(),
    "ListAvailabilities": Policy(),
    "ListAuthorisations": Policy(),
    "ListDeliberations": Policy(),
    "WriteEntries": Policy(roles=_ADMINISTRATOR, kind=MethodClass.WRITES),
}

_EXPLAINING = frozenset({Role.SUPPLIER, Role.REGISTRAR, Role.INTERNAL_SERVICE})
_INSTITUTIONS = frozenset({Role.SUPPLIER, Role.CONSUMER})

# Watches hold no thread.
_WATCHES = 6000  # of one participant half as many

NOTICE_SERVICE = {
    "WatchNotices": Policy(
        roles=_INSTITUTIONS,
        personal=True,
        max_streams=_WATCHES,
        look_required=False,
        watch=True,
        data_group="notice",
        kind=MethodClass.BULK,
    ),
    # Numbers of notices and counts: nothing about a person.
    "AcknowledgeNotices": Policy(roles=_INSTITUTIONS, kind=MethodClass.WRITES),
    "GetNoticeDigest": Policy(roles=_INSTITUTIONS),
    "ExplainImpact": Policy(roles=_EXPLAINING, personal=True, data_group="dossier"),
}
