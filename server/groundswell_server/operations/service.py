"""The servicer of google.longrunning.Operations."""

from __future__ import annotations

from functools import partial

from google.longrunning import operations_pb2
from google.protobuf import empty_pb2

from groundswell_server.operations import messages
from groundswell_server.operations.operation_filter import parse_filter
from groundswell_server.operations.operation_waiter import wait_for_end, wait_seconds
from groundswell_server.operations.prometheus import JobGauges
from groundswell_server.runtime.call import Call
from groundswell_server.runtime.methods import rpc
from groundswell_server.services.dependencies import Dependencies
from groundswell_storage.jobs import operations
from groundswell_storage.scope import Scope


class Servicer:
    """The progress and the result of long-running work, and its cancellation."""

    def __init__(self, dependencies: Dependencies) -> None:
        self._feed = dependencies.feed
        self._default_deadline_seconds = dependencies.settings.default_deadline_seconds
        self.collector = JobGauges(dependencies.database)

    @rpc
    def GetOperation(self, request: operations_pb2.GetOperationRequest, scope: Scope) -> operations_pb2.Operation:
        return messages.to_proto(operations.get(scope, messages.operation_id(request.name)))

    @rpc
    def ListOperations(
        self, request: operations_pb2.ListOperationsRequest, scope: Scope
    ) -> operations_pb2.ListOperationsResponse:
        messages.check_list(request)
        kind, states = parse_filter(request.filter)
        page = operations.list_operations(
            scope, kind=kind, states=states, page_size=request.page_size, page_token=request.page_token
        )
        return messages.to_list(page)

    @rpc
    def DeleteOperation(self, request: operations_pb2.DeleteOperationRequest, scope: Scope) -> empty_pb2.Empty:
        operations.delete(scope, messages.operation_id(request.name))
        return empty_pb2.Empty()

    @rpc
    def CancelOperation(self, request: operations_pb2.CancelOperationRequest, scope: Scope) -> empty_pb2.Empty:
        operations.request_cancel(scope, messages.operation_id(request.name))
        return empty_pb2.Empty()

    @rpc(waits=True)
    async def WaitOperation(self, request: operations_pb2.WaitOperationRequest, call: Call) -> operations_pb2.Operation:
        id = messages.operation_id(request.name)
        timeout = messages.timeout_seconds(request.timeout) if request.HasField("timeout") else None
        deadline = call.context.time_remaining() or self._default_deadline_seconds
        read = partial(call.read, operations.get, id)
        seconds = wait_seconds(timeout, deadline_seconds=deadline)
        return messages.to_proto(await wait_for_end(self._feed, read, workspace=call.workspace, seconds=seconds))
