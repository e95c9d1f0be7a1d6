"""What each method of identity asks of its callers. Deny by default: a method without a row does not start."""

from kruispunt_server.call import Role
from kruispunt_server.edge import MethodClass, Policy

_ASKING = frozenset({Role.SUPPLIER, Role.CONSUMER, Role.REGISTRAR, Role.INTERNAL_SERVICE})
_TELLING = frozenset({Role.SUPPLIER, Role.REGISTRAR})
_REGISTRAR = frozenset({Role.REGISTRAR})
_FOLLOWING = frozenset({Role.REGISTRAR, Role.INTERNAL_SERVICE})
_EXPORTING = frozenset({Role.REGISTRAR, Role.INTERNAL_SERVICE})

# Watches hold none.
_WATCHES = 6000  # of one participant half as many
# Streams hold a thread each: as many at once in one process.
_STREAMS = 4

IDENTITY_SERVICE = {
    "GetPerson": Policy(roles=_ASKING, personal=True, standby=True),
    # Every number asked may be malformed.
    "BatchGetPersons": Policy(
        roles=_ASKING, personal=True, look_required=False, kind=MethodClass.BULK, standby=True
    ),
    "ResolveNumbers": Policy(
        roles=_ASKING,
        personal=True,
        look_required=False,
        data_group="number",
        kind=MethodClass.BULK,
        standby=True,
    ),
    # May find nobody; the search itself is kept in any case.
    "SearchPersons": Policy(
        roles=_ASKING, personal=True, look_required=False, kind=MethodClass.SEARCHES, standby=True
    ),
    "ListPersonVersions": Policy(roles=_ASKING, personal=True, standby=True),
    "FindPersonsByForeignIdentifier": Policy(
        roles=_ASKING,
        personal=True,
        look_required=False,
        data_group="foreign_identifier",
        kind=MethodClass.SEARCHES,
        standby=True,
    ),
    # May be empty.
    "ListSuspectedDuplicates": Policy(
        roles=_REGISTRAR, personal=True, look_required=False, data_group="number"
    ),
    "ExportPersons": Policy(
        roles=_EXPORTING, personal=True, max_streams=_STREAMS, kind=MethodClass.BULK, standby=True
    ),
}

REGISTRATION_SERVICE = {
    # A rehearsal without candidates shows nobody: its number was never given out.
    "RegisterPerson": Policy(roles=_TELLING, personal=True, look_required=False, kind=MethodClass.WRITES),
    "UpdatePerson": Policy(roles=_TELLING, personal=True, kind=MethodClass.WRITES),
    "RetractFact": Policy(roles=_TELLING, personal=True, kind=MethodClass.WRITES),
    "PreviewReplacement": Policy(roles=_TELLING, personal=True, data_group="number"),
    "ReplaceNumber": Policy(roles=_TELLING, personal=True, data_group="number", kind=MethodClass.WRITES),
    "SplitNumber": Policy(roles=_REGISTRAR, personal=True, data_group="number", kind=MethodClass.WRITES),
    "CancelNumber": Policy(roles=_REGISTRAR, personal=True, data_group="number", kind=MethodClass.WRITES),
    "MoveToRegister": Policy(roles=_REGISTRAR, personal=True, data_group="number", kind=MethodClass.WRITES),
    "SetProtection": Policy(roles=_REGISTRAR, personal=True, data_group="number", kind=MethodClass.WRITES),
    "RecordDistinct": Policy(roles=_TELLING, personal=True, data_group="number", kind=MethodClass.WRITES),
    "LinkForeignIdentifier": Policy(
        roles=_TELLING, personal=True, data_group="foreign_identifier", kind=MethodClass.WRITES
    ),
    "EndForeignIdentifierLink": Policy(
        roles=_TELLING, personal=True, data_group="foreign_identifier", kind=MethodClass.WRITES
    ),
    # Every row may be refused.
    "ImportPersons": Policy(roles=_REGISTRAR, personal=True, max_streams=_STREAMS, kind=MethodClass.BULK),
}

FEED_SERVICE = {
    "WatchChanges": Policy(
        roles=_FOLLOWING,
        personal=True,
        max_streams=_WATCHES,
        look_required=False,
        watch=True,
        data_group="change",
        kind=MethodClass.BULK,
    ),
    # Counts and a root: nothing about a person.
    "GetDigest": Policy(roles=_FOLLOWING),
}
