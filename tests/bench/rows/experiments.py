"""Assigning variants."""

from __future__ import annotations

import itertools
from collections.abc import Awaitable, Sequence
from typing import Any

import grpc.aio

from groundswell.v1 import experiments_pb2 as pb
from groundswell.v1 import experiments_pb2_grpc
from tests.bench import requests
from tests.bench.measure import Subject, compare
from tests.bench.stage import Stage
from tests.bench.table import Row, in_echoes


async def assign_variant(stage: Stage) -> Sequence[Row]:
    """AssignVariant of a unit that is exposed already, and of new ones."""
    async with requests.stubs(stage) as (_, _, echoed), grpc.aio.insecure_channel(stage.suite.target) as channel:
        stub: Any = experiments_pb2_grpc.ExperimentsServiceStub(channel)
        design = pb.ExperimentDesign(metrics=[pb.Metric(name="conversion_rate")], variants=[pb.Variant(key="new")])
        await stub.CreateExperiment(pb.CreateExperimentRequest(key="bench", design=design))
        await stub.StartExperiment(pb.StartExperimentRequest(experiment_key="bench"))
        known = pb.AssignVariantRequest(experiment_key="bench", unit="ana")
        units = (f"reader-{number}" for number in itertools.count())
        pid = stage.suite.process.pid

        def assign_new() -> Awaitable[object]:
            new: Awaitable[object] = stub.AssignVariant(
                pb.AssignVariantRequest(experiment_key="bench", unit=next(units))
            )
            return new

        subjects = [
            (Subject("a unit already exposed", lambda: stub.AssignVariant(known), pid), 1.3),
            (Subject("a new unit, its exposure's commit included", assign_new, pid), 1.45),
        ]
        return [in_echoes(f"AssignVariant, {s.name}", await compare(s, echoed), limit) for s, limit in subjects]
