"""LinkForeignIdentifier and EndForeignIdentifierLink: by which numbers others know a person."""

from typing import TYPE_CHECKING, Any

from kruispunt.identity.v1 import registration_service_pb2 as pb
from kruispunt_identity.domain.identifier import ForeignIdentifier, described
from kruispunt_identity.domain.linking import ended, linked_already
from kruispunt_identity.domain.person import Person
from kruispunt_identity.messages.changes import parse_id
from kruispunt_identity.messages.persons import identifier_message, resolved_message
from kruispunt_identity.messages.values import parse_identifier_key, parse_validity
from kruispunt_identity.servicer.telling import Telling
from kruispunt_identity.store.persons import PersonStore
from kruispunt_identity.store.told import told_of_days
from kruispunt_server.call import Call, InstitutionKey
from kruispunt_server.change import Change
from kruispunt_server.clock import brussels_day
from kruispunt_server.errors import Reason, RegistryError
from kruispunt_server.ids import new_id
from kruispunt_server.wire import parse_day, parse_ssin, parse_write_key

if TYPE_CHECKING:  # the stub runs this over stores without SQLAlchemy
    from kruispunt_identity.store.identifiers import IdentifierStore
    from kruispunt_identity.store.link_states import LinkStates

_LINKED, _ENDED = "person.identifier_linked", "person.identifier_ended"
_GROUP = "foreign_identifier"


class LinkingServicer:
    """One method per rpc: parse, call the domain, build. What each does stands in the contract."""

    def __init__(
        self, persons: PersonStore, identifiers: "IdentifierStore", links: "LinkStates", telling: Telling
    ) -> None:
        self._persons = persons
        self._identifiers = identifiers
        self._links = links
        self._telling = telling

    def LinkForeignIdentifier(
        self, request: pb.LinkForeignIdentifierRequest, call: Call
    ) -> pb.LinkForeignIdentifierResponse:
        """Link a foreign identifier."""
        asked = parse_ssin(request.ssin, "ssin")
        source = call.participant.own_institution()
        write_key = parse_write_key(request)
        if not request.HasField("key"):
            raise RegistryError(Reason.FIELD_REQUIRED, "an identifier is required", field="key")
        key = parse_identifier_key(request.key, "key")
        validity = parse_validity(request, "validity", "", brussels_day(call.now))

        def work(transaction: Any, person: Person) -> pb.LinkForeignIdentifierResponse:
            numbers = person.lineage.numbers
            others = self._identifiers.holders(transaction, key, validity) - set(numbers)
            standing = linked_already(self._said(transaction, person), key, validity)
            if others and standing is None:
                raise RegistryError(
                    Reason.IDENTIFIER_TAKEN,
                    "the identifier is linked to another person in a part of the period",
                    field="key",
                )
            link = standing or ForeignIdentifier(new_id(), asked, key, validity, source, 1, person.now)
            if standing is None:
                self._identifiers.link(transaction, link)
                change = Change(int(person.ssin), _LINKED, None, described(link), told=_told(link, source))
                self._persons.touch(transaction, call, person, write_key.request_id, change)
            return pb.LinkForeignIdentifierResponse(
                foreign_identifier=identifier_message(link),
                already_linked=standing is not None,
                resolution=resolved_message(person.resolved(asked), call.right),
            )

        return self._telling.run(call, write_key, asked, _GROUP, pb.LinkForeignIdentifierResponse, work)

    def EndForeignIdentifierLink(
        self, request: pb.EndForeignIdentifierLinkRequest, call: Call
    ) -> pb.EndForeignIdentifierLinkResponse:
        """End a link."""
        asked = parse_ssin(request.ssin, "ssin")
        source = call.participant.own_institution()
        key = parse_write_key(request)
        link_id = parse_id(request.link_id, "link_id")
        end = parse_day(request.end, "end")

        def work(transaction: Any, person: Person) -> pb.EndForeignIdentifierLinkResponse:
            links = self._said(transaction, person)
            before, after = ended(links, link_id, request.etag, end, person.now)
            if after != before:
                self._identifiers.change(transaction, before, after)
                change = Change(
                    int(person.ssin), _ENDED, described(before), described(after), told=_told(before, source)
                )
                self._persons.touch(transaction, call, person, key.request_id, change)
            return pb.EndForeignIdentifierLinkResponse(
                foreign_identifier=identifier_message(after),
                resolution=resolved_message(person.resolved(asked), call.right),
            )

        return self._telling.run(call, key, asked, _GROUP, pb.EndForeignIdentifierLinkResponse, work)

    def _said(self, transaction: Any, person: Person) -> list[ForeignIdentifier]:
        """Return the links of a person; of one who is not shown, those that the caller linked."""
        links = self._links.of(transaction, person.lineage.numbers)
        return [link for link in links if person.shown_to in (None, link.source)]


def _told(link: ForeignIdentifier, source: InstitutionKey) -> dict[str, Any]:
    return told_of_days([link.validity.begin], [link.validity.end], source)
