"""A load of its own process: reads on many channels for some seconds; prints the calls answered per second."""

from __future__ import annotations

import asyncio
import sys
import time

import grpc.aio

from groundswell.v1 import engagement_pb2, engagement_pb2_grpc

CHANNELS = 8
"""The kernel spreads connections over the servers, so there have to be some."""
CONCURRENCY = 32
SECONDS = 4.0


async def load(target: str) -> float:
    """Calls answered per second."""
    # Channels with the same options would share one connection.
    channels = [grpc.aio.insecure_channel(target, [("grpc.use_local_subchannel_pool", 1)]) for _ in range(CHANNELS)]
    stubs = [engagement_pb2_grpc.EngagementServiceStub(channel) for channel in channels]
    end, answered = time.perf_counter() + SECONDS, 0

    async def caller(number: int) -> None:
        nonlocal answered
        while time.perf_counter() < end:
            await stubs[number % CHANNELS].ListPersonas(engagement_pb2.ListPersonasRequest())
            answered += 1

    await asyncio.gather(*(caller(number) for number in range(CONCURRENCY)))
    await asyncio.gather(*(channel.close() for channel in channels))
    return answered / SECONDS


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(load(sys.argv[1]))}\n")
