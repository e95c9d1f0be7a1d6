"""What each method of identity asks of its callers. Deny by default: a method without a row does not start."""

from kruispunt_server.call import Role
from kruispunt_server.edge import Policy

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
    "GetPerson": Policy(roles=_ASKING, personal=True),
    # Every number asked may be malformed.
    "BatchGetPersons": Policy(roles=_ASKING, personal=True, look_required=False),
    "ResolveNumbers": Policy(roles=_ASKING, personal=True, look_required=False),
    # May find nobody; the search itself is kept in any case.
    "SearchPersons": Policy(roles=_ASKING, personal=True, look_required=False),
    "ListPersonVersions": Policy(roles=_ASKING, personal=True),
    "FindPersonsByForeignIdentifier": Policy(roles=_ASKING, personal=True, look_required=False),
    # May be empty.
    "ListSuspectedDuplicates": Policy(roles=_REGISTRAR, personal=True, look_required=False),
    "ExportPersons": Policy(roles=_EXPORTING, personal=True, max_streams=_STREAMS),
}

REGISTRATION_SERVICE = {
    # A rehearsal without candidates shows nobody: its number was never given out.
    "RegisterPerson": Policy(roles=_TELLING, personal=True, look_required=False),
    "UpdatePerson": Policy(roles=_TELLING, personal=True),
    "RetractFact": Policy(roles=_TELLING, personal=True),
    "PreviewReplacement": Policy(roles=_TELLING, personal=True),
    "ReplaceNumber": Policy(roles=_TELLING, personal=True),
    "SplitNumber": Policy(roles=_REGISTRAR, personal=True),
    "CancelNumber": Policy(roles=_REGISTRAR, personal=True),
    "MoveToRegister": Policy(roles=_REGISTRAR, personal=True),
    "RecordDistinct": Policy(roles=_TELLING, personal=True),
    "LinkForeignIdentifier": Policy(roles=_TELLING, personal=True),
    "EndForeignIdentifierLink": Policy(roles=_TELLING, personal=True),
    # Every row may be refused.
    "ImportPersons": Policy(roles=_REGISTRAR, personal=True, max_streams=_STREAMS),
}

FEED_SERVICE = {
    "WatchChanges": Policy(
        roles=_FOLLOWING, personal=True, max_streams=_WATCHES, look_required=False, watch=True
    ),
    # Counts and a root: nothing about a person.
    "GetDigest": Policy(roles=_FOLLOWING),
}
