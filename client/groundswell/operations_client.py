"""Clients of google.longrunning.Operations, in the form of the generated clients of the contract's own services."""

from __future__ import annotations

from google.longrunning import operations_pb2
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from groundswell._service_client import AsyncServiceClient, Metadata, Method, PagedMethod, ServiceClient
from groundswell.message_builder import DurationLike
from groundswell.operations import (
    CANCEL_OPERATION,
    GET_OPERATION,
    WAIT_OPERATION,
    AsyncOperationHandle,
    OperationHandle,
)
from groundswell.pages import AsyncPager, Pager

LIST_OPERATIONS = PagedMethod(
    "/google.longrunning.Operations/ListOperations",
    operations_pb2.ListOperationsRequest,
    operations_pb2.ListOperationsResponse,
    item_type=operations_pb2.Operation,
    item_field="operations",
)
DELETE_OPERATION = Method(
    "/google.longrunning.Operations/DeleteOperation", operations_pb2.DeleteOperationRequest, Empty
)


class OperationsClient(ServiceClient):
    """Long-running operations of all services: reads, lists and cancels them."""

    def handle(self, name: str) -> OperationHandle[Message]:
        """Returns a handle for an operation that was started elsewhere. Errors: NOT_FOUND OPERATION_NOT_FOUND."""
        return OperationHandle(self._invoker, self.get_operation(name), None)

    def get_operation(
        self, name: str, *, timeout: float | None = None, metadata: Metadata | None = None
    ) -> operations_pb2.Operation:
        """Returns the operation. Errors: NOT_FOUND OPERATION_NOT_FOUND."""
        return self._unary(GET_OPERATION, None, {"name": name}, timeout, metadata)

    def wait_operation(
        self,
        name: str,
        *,
        wait: DurationLike | None = None,
        timeout: float | None = None,
        metadata: Metadata | None = None,
    ) -> operations_pb2.Operation:
        """Returns the operation once it is done, or after `wait`. Errors: NOT_FOUND OPERATION_NOT_FOUND."""
        return self._unary(WAIT_OPERATION, None, {"name": name, "timeout": wait}, timeout, metadata)

    def list_operations(
        self,
        *,
        name: str | None = None,
        filter: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
        timeout: float | None = None,
        metadata: Metadata | None = None,
    ) -> Pager[operations_pb2.Operation]:
        """Lists the operations of the workspace, newest first."""
        fields = {"name": name, "filter": filter, "page_size": page_size, "page_token": page_token}
        return self._page(LIST_OPERATIONS, None, fields, timeout, metadata)

    def cancel_operation(self, name: str, *, timeout: float | None = None, metadata: Metadata | None = None) -> None:
        """Asks the server to stop the work. Errors: NOT_FOUND OPERATION_NOT_FOUND."""
        self._unary(CANCEL_OPERATION, None, {"name": name}, timeout, metadata)

    def delete_operation(self, name: str, *, timeout: float | None = None, metadata: Metadata | None = None) -> None:
        """Deletes a finished operation. Errors: NOT_FOUND, FAILED_PRECONDITION OPERATION_NOT_DONE."""
        self._unary(DELETE_OPERATION, None, {"name": name}, timeout, metadata)


class AsyncOperationsClient(AsyncServiceClient):
    """Long-running operations of all services: reads, lists and cancels them. For asyncio."""

    async def handle(self, name: str) -> AsyncOperationHandle[Message]:
        """Returns a handle for an operation that was started elsewhere. Errors: NOT_FOUND OPERATION_NOT_FOUND."""
        return AsyncOperationHandle(self._invoker, await self.get_operation(name), None)

    async def get_operation(
        self, name: str, *, timeout: float | None = None, metadata: Metadata | None = None
    ) -> operations_pb2.Operation:
        """Returns the operation. Errors: NOT_FOUND OPERATION_NOT_FOUND."""
        return await self._unary(GET_OPERATION, None, {"name": name}, timeout, metadata)

    async def wait_operation(
        self,
        name: str,
        *,
        wait: DurationLike | None = None,
        timeout: float | None = None,
        metadata: Metadata | None = None,
    ) -> operations_pb2.Operation:
        """Returns the operation once it is done, or after `wait`. Errors: NOT_FOUND OPERATION_NOT_FOUND."""
        return await self._unary(WAIT_OPERATION, None, {"name": name, "timeout": wait}, timeout, metadata)

    def list_operations(
        self,
        *,
        name: str | None = None,
        filter: str | None = None,
        page_size: int | None = None,
        page_token: str | None = None,
        timeout: float | None = None,
        metadata: Metadata | None = None,
    ) -> AsyncPager[operations_pb2.Operation]:
        """Lists the operations of the workspace, newest first."""
        fields = {"name": name, "filter": filter, "page_size": page_size, "page_token": page_token}
        return self._page(LIST_OPERATIONS, None, fields, timeout, metadata)

    async def cancel_operation(
        self, name: str, *, timeout: float | None = None, metadata: Metadata | None = None
    ) -> None:
        """Asks the server to stop the work. Errors: NOT_FOUND OPERATION_NOT_FOUND."""
        await self._unary(CANCEL_OPERATION, None, {"name": name}, timeout, metadata)

    async def delete_operation(
        self, name: str, *, timeout: float | None = None, metadata: Metadata | None = None
    ) -> None:
        """Deletes a finished operation. Errors: NOT_FOUND, FAILED_PRECONDITION OPERATION_NOT_DONE."""
        await self._unary(DELETE_OPERATION, None, {"name": name}, timeout, metadata)
