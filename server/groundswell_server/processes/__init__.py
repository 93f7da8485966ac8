"""The processes of a deployment on one machine: servers, workers and their supervisor."""

from __future__ import annotations

from groundswell_server.processes.deployment import serve, work

__all__ = ["serve", "work"]
