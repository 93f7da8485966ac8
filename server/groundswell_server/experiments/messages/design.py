"""Messages of designs, experiments and plans."""

from __future__ import annotations

from dataclasses import replace

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import given_in, shared_fields
from groundswell_server.experiments.design.design import Design, invalid
from groundswell_server.experiments.experiment_plan import Plan, PlanInputs
from groundswell_server.experiments.lifecycle import Experiment
from groundswell_server.experiments.messages.conditions import condition_in, fill_condition

_MAX_TARGETING_BYTES, _MAX_PAYLOAD_BYTES = 256 << 10, 16 << 10


def design_in(message: pb.ExperimentDesign) -> Design:
    """Returns the design of a message; absent fields have the defaults of `Design`."""
    for position, variant in enumerate(message.variants):
        if variant.payload.ByteSize() > _MAX_PAYLOAD_BYTES:
            raise invalid(f"variants[{position}].payload", "must be at most 16 KiB")
    if message.targeting.ByteSize() > _MAX_TARGETING_BYTES:
        raise invalid("targeting", "must be at most 256 KiB")
    design = given_in(Design, message, "design.", without=("targeting",))
    return replace(design, targeting=condition_in(message.targeting)) if message.HasField("targeting") else design


def experiment_message(experiment: Experiment) -> pb.Experiment:
    """Returns the message of an experiment."""
    design = experiment.design
    message = pb.Experiment(**shared_fields(pb.Experiment, experiment, without=("design",)))
    message.design.MergeFrom(pb.ExperimentDesign(**shared_fields(pb.ExperimentDesign, design, without=("targeting",))))
    if design.targeting is not None:
        fill_condition(message.design.targeting, design.targeting)
    return message


def plan_inputs_in(request: pb.PlanExperimentRequest) -> PlanInputs:
    """Returns the inputs of a plan; absent fields have the defaults of `PlanInputs`."""
    return given_in(PlanInputs, request)


def plan_message(plan: Plan) -> pb.PlanExperimentResponse:
    """Returns the message of a plan."""
    return pb.PlanExperimentResponse(**shared_fields(pb.PlanExperimentResponse, plan))
