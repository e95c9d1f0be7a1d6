"""Server reflection, v1 and v1alpha: what the server offers, for tools such as `buf curl`.

grpcio-reflection brings v1alpha only; v1 has the same shape on the wire, so the servicer is the same one.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool
from grpc_reflection.v1alpha import reflection, reflection_pb2

from kruispunt_server import raw

V1 = "grpc.reflection.v1.ServerReflection"
V1ALPHA = reflection.SERVICE_NAME
_FILE = "grpc/reflection/v1/reflection.proto"
# Tools ask all they want to know at once; whoever keeps a stream open longer keeps others waiting.
_LONGEST_S = 60.0


def reflection_handlers(
    services: Iterable[str], pool: ThreadPoolExecutor, *, idle_s: float = 5.0
) -> list[grpc.GenericRpcHandler]:
    """Return the handlers of both versions.

    Args:
        services: full names that are told, beside those of reflection itself.
        pool: where its streams run: they hold a thread for as long as the caller keeps them open.
        idle_s: after which a stream ends that nothing is asked on.
    """
    _describe_v1()
    servicer = reflection.ReflectionServicer([*services, V1, V1ALPHA])
    method = raw.bidirectional(
        servicer.ServerReflectionInfo,
        reflection_pb2.ServerReflectionRequest.FromString,
        pool,
        longest_s=_LONGEST_S,
        idle_s=idle_s,
    )
    return [
        grpc.method_handlers_generic_handler(name, {"ServerReflectionInfo": method}) for name in (V1, V1ALPHA)
    ]


def _describe_v1() -> None:
    """Add the descriptor of v1 to the pool, made from that of v1alpha."""
    pool = descriptor_pool.Default()
    try:
        pool.FindFileByName(_FILE)
    except KeyError:
        old, new = "grpc.reflection.v1alpha", "grpc.reflection.v1"
        file = descriptor_pb2.FileDescriptorProto()
        reflection_pb2.DESCRIPTOR.CopyToProto(file)
        file.name, file.package = _FILE, new
        for message in file.message_type:
            for field in message.field:
                if field.type_name:
                    field.type_name = field.type_name.replace(old, new)
        for method in file.service[0].method:
            method.input_type = method.input_type.replace(old, new)
            method.output_type = method.output_type.replace(old, new)
        pool.AddSerializedFile(file.SerializeToString())
