"""Structured logs on stderr without secrets, those of libraries included, in one format."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence
from typing import Any

import structlog
from structlog.typing import Processor

from groundswell_storage.engines.urls import HIDDEN, hide_password

# Besides passwords in URLs, these secrets could appear in a message: API keys, and tokens of platforms.
_KEY = re.compile(r"(gsk_[A-Za-z0-9]+_)[A-Za-z0-9_-]+")
_TOKEN = re.compile(r"(access_token=|Bearer )[^&\s\"']+")


def configure(*, format: str, level: str) -> None:
    """Configures the logs of this process: `format` json or console, `level` debug, info, warning or error."""
    number = logging.getLevelNamesMapping()[level.upper()]
    rendered: list[Processor] = [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _scrub,
        structlog.processors.JSONRenderer()
        if format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
    ]
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *rendered],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=number, handlers=[_handler(rendered)])
    logging.captureWarnings(True)
    # They log addresses and headers in full, with the tokens of platforms.
    for library in ("httpx", "httpcore"):
        logging.getLogger(library).setLevel(logging.WARNING)
    # It logs a line for each migration; the server logs one for all.
    logging.getLogger("peewee.migrations").setLevel(logging.DEBUG if number <= logging.DEBUG else logging.WARNING)


def _handler(rendered: Sequence[Processor]) -> logging.Handler:
    """Returns the handler for records of libraries, which use Python's own logging."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.add_logger_name,
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *rendered,
            ]
        )
    )
    return handler


def scrub(text: str) -> str:
    """Returns the text with its secrets hidden."""
    return _TOKEN.sub(rf"\1{HIDDEN}", _KEY.sub(rf"\1{HIDDEN}", hide_password(text)))


def _scrub(logger: Any, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    return {key: scrub(value) if isinstance(value, str) else value for key, value in event.items()}
