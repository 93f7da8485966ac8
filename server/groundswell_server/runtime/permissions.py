"""Who may make which call: the one table. A call without a row stops the start, and a test."""

from __future__ import annotations

from dataclasses import dataclass

from groundswell_server.runtime.call import Principal
from groundswell_storage.errors import PermissionDenied

READER = frozenset({"reader", "writer", "agent", "operator", "admin"})
WRITER = frozenset({"writer", "operator", "admin"})
CREATOR = WRITER | {"agent"}
"""Writers, and agents: contexts are opened by those who do the work."""
OPERATOR = frozenset({"operator", "admin"})
ANYBODY = READER | {"anonymous"}


@dataclass(frozen=True, slots=True)
class Access:
    """What a call asks of its caller."""

    roles: frozenset[str]
    """Roles that may make it."""
    scope: str = ""
    """Scope that a key limited by scopes must have; empty when none is asked for."""


def _of(package: str, area: str, reads: str, writes: str, creates: str = "") -> dict[str, Access]:
    rows = {f"/{package}/{name}": Access(READER, f"{area}.read") for name in reads.split()}
    rows |= {f"/{package}/{name}": Access(WRITER, f"{area}.write") for name in writes.split()}
    rows |= {f"/{package}/{name}": Access(CREATOR, f"{area}.write") for name in creates.split()}
    return rows


ACCESS: dict[str, Access] = {
    **_of(
        "groundswell.v1.EngagementService",
        "engagement",
        reads="GetPersona ListPersonas GetContext ListContexts GetPost ListPosts ListInteractions AnalyzePost "
        "AnalyzeAudience GetTimeline WatchEngagement ListPlatforms",
        writes="CreatePersona UpdatePersona DeletePersona SubmitFeedback CreatePost UpdatePost DeletePost "
        "RecordMetrics RecordInteractions ImportPosts ConnectPlatform DisconnectPlatform SyncPosts",
        creates="StartContext UpdateContext FinishContext",
    ),
    # What is personal is the operators' to decide on.
    "/groundswell.v1.EngagementService/GetEngagementSettings": Access(OPERATOR, "engagement.read"),
    "/groundswell.v1.EngagementService/UpdateEngagementSettings": Access(OPERATOR, "engagement.write"),
    **_of(
        "groundswell.v1.LearningService",
        "learning",
        reads="ListModels GetModel GetFeatureImportance GetModelPerformance PredictEngagement PredictSuccess "
        "PredictConversion ScoreContent BatchScoreContent OptimizeContent PredictTiming ListDriftReports ClassifyText "
        "ClassifyProfiles AnalyzePatterns RecommendPatterns FindSuccessfulPatterns FindFailurePatterns "
        "GetEffectiveHashtags SummarizePerformance SuggestImprovements WatchModel",
        writes="TrainModel PromoteModel RollBackModel DeleteModel CheckDrift ScheduleTraining CancelTrainingSchedule "
        "AddTrainingExamples DeleteTrainingExamples",
    ),
    **_of(
        "groundswell.v1.ExperimentsService",
        "experiments",
        reads="GetExperiment ListExperiments EvaluateVariant AnalyzeExperiment WatchExperiment PlanExperiment "
        "GetRollout ListRollouts",
        writes="CreateExperiment UpdateExperiment StartExperiment PauseExperiment ResumeExperiment CompleteExperiment "
        "ArchiveExperiment CreateRollout AdvanceRollout PauseRollout ResumeRollout RollBackRollout",
        creates="AssignVariant BatchAssignVariants RecordEvents StreamEvents EvaluateRollout",
    ),
    **_of(
        "google.longrunning.Operations",
        "operations",
        reads="ListOperations GetOperation WaitOperation",
        writes="DeleteOperation CancelOperation",
    ),
    "/grpc.health.v1.Health/Check": Access(ANYBODY),
    "/grpc.health.v1.Health/Watch": Access(ANYBODY),
    "/grpc.health.v1.Health/List": Access(ANYBODY),
    # The contract is public; where calls are made from and to is not.
    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo": Access(ANYBODY),
    "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo": Access(ANYBODY),
    **{
        f"/grpc.channelz.v1.Channelz/{name}": Access(OPERATOR, "server.read")
        for name in [
            "GetTopChannels",
            "GetServers",
            "GetServer",
            "GetServerSockets",
            "GetChannel",
            "GetSubchannel",
            "GetSocket",
        ]
    },
}


def authorize(principal: Principal, path: str, access: Access) -> None:
    """Raises PermissionDenied unless the role and the scopes of the caller allow the call."""
    if principal.role not in access.roles:
        raise PermissionDenied(
            f"role {principal.role} may not call {path}; it takes one of {', '.join(sorted(access.roles))}",
            reason="PERMISSION_DENIED",
            metadata={"method": path, "role": principal.role, "needs": ",".join(sorted(access.roles))},
        )
    if principal.scopes and access.scope and access.scope not in principal.scopes:
        raise PermissionDenied(
            f"the key lacks the scope {access.scope} that {path} needs",
            reason="PERMISSION_DENIED",
            metadata={"method": path, "role": principal.role, "needs": access.scope},
        )
