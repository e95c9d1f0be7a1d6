# Written by `make generate` from kruispunt/_async; edit it there.
"""The client of identity."""

from kruispunt._sync.auditing import AuditMethods
from kruispunt._sync.client import Client
from kruispunt._sync.numbering import NumberingMethods
from kruispunt._sync.person_feed import PersonFeedMethods
from kruispunt._sync.person_reading import PersonReadingMethods
from kruispunt._sync.person_streams import PersonStreamMethods
from kruispunt._sync.person_writing import PersonWritingMethods
from kruispunt._sync.rights import RightsMethods
from kruispunt.errors import ProfileError
from kruispunt.profiles import Profile


class IdentityClient(
    PersonReadingMethods,
    PersonWritingMethods,
    NumberingMethods,
    PersonStreamMethods,
    PersonFeedMethods,
    AuditMethods,
    RightsMethods,
    Client,
):
    """Asks who a person is, registers whom no register has, and keeps the numbers in order.

    Safe to share between threads. Every call has a deadline, states the purpose, and is repeated by the
    published policy (`kruispunt._service_config`); a change keeps its `request_id` over the repetitions.

        with IdentityClient.from_profile("institution-17-1") as identity:
            found = identity.search_persons("Janssens", PartialDate(1975), given_names=["Bea"])
            for candidate in found.candidates:
                print(candidate.ssin, candidate.grade.name)

    Args:
        endpoint: `host:port` of the identity server.
        certificates: who the caller is; none: plaintext, on loopback only.
        purpose: why; goes with every call.
        timeout_s: for each call, repetitions included; of a stream, for each answer.
        channels: connections in the pool; more than one spread the load over several workers.
        token: bearer token, or what returns one; see `Client`.

    Raises:
        ValueError: no certificates, and not on loopback.
        DeadlineExceeded: of any call, also when there was never a connection; the message says so then.
        ProfileError: of `from_profile`, also if the profile names no `identity_endpoint`.
    """

    @classmethod
    def _endpoint_in(cls, profile: Profile) -> str:
        if not profile.identity_endpoint:
            raise ProfileError(f"profile {profile.name} has no identity_endpoint")
        return profile.identity_endpoint
