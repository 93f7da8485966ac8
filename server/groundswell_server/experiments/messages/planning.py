"""Plans, and what they are asked for, between protobuf and the domain."""

from __future__ import annotations

from groundswell.v1 import experiments_pb2 as pb
from groundswell_server.experiments.enums import MetricKind
from groundswell_server.experiments.experiment_plan import Plan, PlanInputs


def plan_inputs_in(request: pb.PlanExperimentRequest) -> PlanInputs:
    """What a plan is asked."""
    return PlanInputs(
        kind=MetricKind(request.kind),
        baseline=request.baseline,
        standard_deviation=request.standard_deviation,
        lift=request.lift,
        power=request.power if request.HasField("power") else 0.8,
        confidence_level=request.confidence_level if request.HasField("confidence_level") else 0.95,
        variant_count=request.variant_count or 2,
        units_per_day=request.units_per_day,
        coverage=request.coverage if request.HasField("coverage") else 1.0,
        covariate_correlation=request.covariate_correlation,
    )


def plan_message(plan: Plan) -> pb.PlanExperimentResponse:
    """A plan as a message."""
    message = pb.PlanExperimentResponse(
        units_per_variant=plan.units_per_variant,
        total_units=plan.total_units,
        sequential_units_per_variant=plan.sequential_units_per_variant,
        detectable_lift=plan.detectable_lift,
        power_curve=[pb.PowerPoint(lift=lift, power=power) for lift, power in plan.power_curve],
    )
    if plan.duration is not None:
        message.duration.FromTimedelta(plan.duration)
    return message
