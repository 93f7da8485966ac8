"""Handles of long-running operations: progress, cancellation and result."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Generic, TypeVar, cast

from google.longrunning import operations_pb2
from google.longrunning.operations_pb2 import Operation
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError, Message

from groundswell._invoker import AsyncInvoker, Invoker
from groundswell._methods import Method
from groundswell._operation_wait import GRACE, REPORT_EVERY, Progress, Report, Wait, reporter, wait_request
from groundswell._status_conversion import from_status
from groundswell.errors import DataLoss, GroundswellError, Unimplemented

Result = TypeVar("Result", bound=Message)

GET_OPERATION = Method(
    "/google.longrunning.Operations/GetOperation", operations_pb2.GetOperationRequest, operations_pb2.Operation
)
WAIT_OPERATION = Method(
    "/google.longrunning.Operations/WaitOperation", operations_pb2.WaitOperationRequest, operations_pb2.Operation
)
CANCEL_OPERATION = Method(
    "/google.longrunning.Operations/CancelOperation", operations_pb2.CancelOperationRequest, Empty
)


class _OperationState(Generic[Result]):
    """The last known state of an operation, shared by both kinds of handle. Does no I/O."""

    def __init__(self, operation: Operation, result_type: type[Result] | None) -> None:
        self._operation = operation
        self._result_type = result_type

    @property
    def name(self) -> str:
        """Name of the operation; `client.operations.handle(name)` returns a handle for it, also in another process."""
        return self._operation.name

    @property
    def operation(self) -> Operation:
        """The operation as last received."""
        return self._operation

    @property
    def progress(self) -> Progress:
        """Progress as last received; `done`, `refresh` and `result` ask the server."""
        from groundswell.v1.common_pb2 import OperationProgress

        progress = OperationProgress()
        try:
            has_progress = self._operation.metadata.Unpack(progress)
        except DecodeError:
            has_progress = False
        if not has_progress:
            return Progress(100.0 if self._operation.done else 0.0, "")
        return Progress(progress.progress_pct, progress.message)

    def __repr__(self) -> str:
        state = "done" if self._operation.done else "{:.0f}% {}".format(*self.progress).rstrip()
        return f"<{type(self).__name__} {self.name}: {state}>"

    def _outcome(self) -> Result:
        """Returns the result of a finished operation. Raises the typed error that ended it."""
        if self._operation.HasField("error"):
            raise from_status(self._operation.error)
        packed = self._operation.response
        try:
            kind = self._result_type or cast("type[Result]", _known_type(packed.TypeName()))
            result = kind()
            if packed.Unpack(result):
                return result
        except (DecodeError, KeyError) as error:
            raise DataLoss(f"{self.name} has a damaged result: {error}") from error
        raise DataLoss(f"{self.name} resulted in {packed.TypeName() or 'nothing'}, not {kind.DESCRIPTOR.full_name}")


class OperationHandle(_OperationState[Result]):
    """A long-running operation and its result, for threads.

    >>> from groundswell import Client
    >>> with Client() as client:
    ...     handle = client.learning.train_model(model_type="ENGAGEMENT_PREDICTOR")
    ...     handle.result(timeout=60, progress=lambda pct, message: print(f"{pct:.0f}% {message}")).version
    100% trained
    3
    """

    def __init__(self, invoker: Invoker, operation: Operation, result_type: type[Result] | None) -> None:
        """Without a `result_type`, the operation itself names the type of its result."""
        super().__init__(operation, result_type)
        self._invoker = invoker

    def refresh(self) -> Operation:
        """Asks the server for the operation and returns it."""
        request = operations_pb2.GetOperationRequest(name=self.name)
        self._operation = self._invoker.unary(GET_OPERATION, request, None, None)
        return self._operation

    def done(self) -> bool:
        """True when the operation has ended, with a result or an error. Asks the server unless that is known."""
        return self._operation.done or self.refresh().done

    def cancel(self) -> None:
        """Asks the server to stop the work; `result` then raises Cancelled. Has no effect on a finished operation."""
        request = operations_pb2.CancelOperationRequest(name=self.name)
        self._invoker.unary(CANCEL_OPERATION, request, None, None)

    def result(self, timeout: float | None = None, progress: Report | bool = False) -> Result:
        """Waits for the end of the operation and returns its result.

        Args:
            timeout: Seconds to wait; no limit when None.
            progress: True writes the progress to stderr; a function is called with percent and message.

        Raises the typed error that ended the operation, and DeadlineExceeded after `timeout`; the work then continues.
        """
        wait = Wait(timeout, reporter(progress))
        while not self._operation.done:
            wait.report(self.progress)
            seconds = wait.next_seconds(self.name, time.monotonic())
            try:
                self._operation = self._wait_on_server(seconds)
                wait.answered()
            except GroundswellError as error:
                time.sleep(wait.seconds_after(error, time.monotonic()))
        wait.report(self.progress)
        wait.end()
        return self._outcome()

    def _wait_on_server(self, seconds: float) -> Operation:
        with suppress(Unimplemented):
            return self._invoker.unary(WAIT_OPERATION, wait_request(self.name, seconds), seconds + GRACE, None)
        time.sleep(min(seconds, REPORT_EVERY))
        return self.refresh()


class AsyncOperationHandle(_OperationState[Result]):
    """A long-running operation and its result, for asyncio."""

    def __init__(self, invoker: AsyncInvoker, operation: Operation, result_type: type[Result] | None) -> None:
        """Without a `result_type`, the operation itself names the type of its result."""
        super().__init__(operation, result_type)
        self._invoker = invoker

    async def refresh(self) -> Operation:
        """Asks the server for the operation and returns it."""
        request = operations_pb2.GetOperationRequest(name=self.name)
        self._operation = await self._invoker.unary(GET_OPERATION, request, None, None)
        return self._operation

    async def done(self) -> bool:
        """True when the operation has ended, with a result or an error. Asks the server unless that is known."""
        return self._operation.done or (await self.refresh()).done

    async def cancel(self) -> None:
        """Asks the server to stop the work; `result` then raises Cancelled. Has no effect on a finished operation."""
        request = operations_pb2.CancelOperationRequest(name=self.name)
        await self._invoker.unary(CANCEL_OPERATION, request, None, None)

    async def result(self, timeout: float | None = None, progress: Report | bool = False) -> Result:
        """Waits for the end of the operation and returns its result, as `OperationHandle.result`."""
        wait = Wait(timeout, reporter(progress))
        while not self._operation.done:
            wait.report(self.progress)
            seconds = wait.next_seconds(self.name, time.monotonic())
            try:
                self._operation = await self._wait_on_server(seconds)
                wait.answered()
            except GroundswellError as error:
                await asyncio.sleep(wait.seconds_after(error, time.monotonic()))
        wait.report(self.progress)
        wait.end()
        return self._outcome()

    async def _wait_on_server(self, seconds: float) -> Operation:
        with suppress(Unimplemented):
            return await self._invoker.unary(WAIT_OPERATION, wait_request(self.name, seconds), seconds + GRACE, None)
        await asyncio.sleep(min(seconds, REPORT_EVERY))
        return await self.refresh()


def _known_type(name: str) -> type[Message]:
    """Returns the class of a message by its full name. Raises KeyError for an unknown one."""
    from google.protobuf import descriptor_pool, message_factory

    return message_factory.GetMessageClass(descriptor_pool.Default().FindMessageTypeByName(name))
