"""The yardstick: a bare unary call of grpc.aio on uvloop, with no interceptor, no validation, no database."""

from __future__ import annotations

import sys

import grpc
import grpc.aio
import uvloop
from google.protobuf.wrappers_pb2 import StringValue

PATH = "/bench.Echo/Echo"


async def echo(request: StringValue, context: object) -> StringValue:
    """Gives back what came."""
    return request


async def serve() -> None:
    """Serves on a free port, which it prints, until it is killed."""
    server = grpc.aio.server()
    handler = grpc.unary_unary_rpc_method_handler(
        echo, request_deserializer=StringValue.FromString, response_serializer=StringValue.SerializeToString
    )
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("bench.Echo", {"Echo": handler}),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()


if __name__ == "__main__":
    uvloop.run(serve())
