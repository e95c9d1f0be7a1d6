"""The published retry policy, as the JSON that gRPC clients of every language take.

- Every method may be repeated: reads by nature, mutations because they carry a `request_id`.
- UNAVAILABLE: nobody answered, or the store cannot be reached. CANCELLED: a server that is stopping answers so
  to calls that still stood in its queue.
- `waitForReady`: while no server is there, a call waits within its deadline rather than fails.
- Five attempts, from 0.1 s doubling to 2 s with jitter, are what gRPC allows; the throttle keeps a crowd of
  clients from hammering a registry in trouble.
- Streams have no time limit here: the client sets one for each stretch of them.
"""

import json
from typing import Any, Final

DIRECTORY: Final = "kruispunt.directory.v1.DirectoryService"
DOSSIER: Final = "kruispunt.directory.v1.DossierService"
KNOWLEDGE: Final = "kruispunt.directory.v1.KnowledgeService"
IDENTITY: Final = "kruispunt.identity.v1.IdentityService"
REGISTRATION: Final = "kruispunt.identity.v1.RegistrationService"
NOTICE: Final = "kruispunt.directory.v1.NoticeService"
IDENTITY_FEED: Final = "kruispunt.identity.v1.IdentityFeedService"
AUDIT: Final = "kruispunt.audit.v1.AuditService"

RETRY_POLICY: Final[dict[str, Any]] = {
    "maxAttempts": 5,
    "initialBackoff": "0.1s",
    "maxBackoff": "2s",
    "backoffMultiplier": 2,
    "retryableStatusCodes": ["UNAVAILABLE", "CANCELLED"],
}

SERVICE_CONFIG: Final[dict[str, Any]] = {
    "methodConfig": [
        {
            "name": [
                {"service": DIRECTORY},
                {"service": DOSSIER},
                {"service": KNOWLEDGE},
                {"service": IDENTITY},
                {"service": REGISTRATION},
                {"service": AUDIT},
                {"service": IDENTITY_FEED},
                {"service": NOTICE},
            ],
            "waitForReady": True,
            "timeout": "30s",
            "retryPolicy": RETRY_POLICY,
        },
        {
            "name": [
                {"service": DIRECTORY, "method": "ResolveDossiers"},
                {"service": DIRECTORY, "method": "ExportDossiers"},
                {"service": DOSSIER, "method": "ImportDossiers"},
                {"service": IDENTITY, "method": "ExportPersons"},
                {"service": REGISTRATION, "method": "ImportPersons"},
                {"service": IDENTITY_FEED, "method": "WatchChanges"},
                {"service": NOTICE, "method": "WatchNotices"},
            ],
            "waitForReady": True,
            "retryPolicy": RETRY_POLICY,
        },
    ],
    "retryThrottling": {"maxTokens": 100, "tokenRatio": 0.5},
}

MAX_RECEIVE_BYTES: Final = 16 * 1024 * 1024
KEEPALIVE_MS: Final = (
    60_000  # the server allows one ping in 10 s; faster would end the connection in mid-call
)
KEEPALIVE_TIMEOUT_MS: Final = 20_000


def channel_options() -> list[tuple[str, Any]]:
    """Return the options of every channel to the registry."""
    return [
        ("grpc.service_config", json.dumps(_without_timeouts())),
        ("grpc.enable_retries", 1),
        ("grpc.per_rpc_retry_buffer_size", 4 * 1024 * 1024),
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_timeout_ms", KEEPALIVE_TIMEOUT_MS),
        ("grpc.keepalive_permit_without_calls", 0),
        ("grpc.max_receive_message_length", MAX_RECEIVE_BYTES),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 5_000),
        # Each channel its own connection: that is what a pool of them is for.
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.primary_user_agent", "kruispunt-python"),
    ]


def _without_timeouts() -> dict[str, Any]:
    """Return the published policy for a client that states a deadline with every call: gRPC would take the shorter."""
    methods = [
        {name: said for name, said in each.items() if name != "timeout"}
        for each in SERVICE_CONFIG["methodConfig"]
    ]
    return {**SERVICE_CONFIG, "methodConfig": methods}
