"""Names in the languages of the country: protobuf to domain and back."""

from kruispunt.common.v1 import values_pb2
from kruispunt_directory.domain.knowledge import Labels


def parse_labels(labels: values_pb2.Labels) -> Labels:
    """Read a name; its form is checked where entries are checked."""
    return Labels(labels.nl, labels.fr, labels.de, labels.en, tuple(labels.own_translations))


def labels_message(labels: Labels) -> values_pb2.Labels:
    """Build a name."""
    return values_pb2.Labels(
        nl=labels.nl, fr=labels.fr, de=labels.de, en=labels.en, own_translations=labels.own_translations
    )
