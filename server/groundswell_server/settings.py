"""The settings: one frozen object, read once and passed down. No other module reads the environment.

Environment variables with the prefix `GROUNDSWELL_` override `groundswell.toml` in the working directory, which
overrides the defaults here. A value out of range stops the start with the name of the setting and its bounds.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from tomllib import TOMLDecodeError
from typing import Annotated, Any

from platformdirs import user_data_path
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)
from pydantic_settings import SettingsError as UnreadableSetting

PREFIX = "GROUNDSWELL_"
IN_DATABASE = "database"
"""The default place of models."""
FILE = Path("groundswell.toml")

_OF_THE_CLIENT = {"TARGET", "API_KEY", "CA", "CERTIFICATE", "PRIVATE_KEY"}
"""Variables of the SDK, on which the command line is built."""
_OF_KUBERNETES = re.compile(r"_SERVICE_(HOST|PORT)|_PORT_\d+_")
"""Variables that Kubernetes sets in containers beside a service called groundswell or groundswell-something."""
_WEB = r"^https?://[^\s?#]*[^\s?#/]$"
"""A URL without a slash at its end."""

Share = Annotated[float, Field(ge=0.0, le=1.0)]


def data_folder() -> Path:
    """Returns the user's data folder, in which the default database is."""
    return user_data_path("groundswell")


def default_database_url() -> SecretStr:
    """Returns the URL of an SQLite database in the user's data folder."""
    return SecretStr(f"sqlite:///{data_folder() / 'groundswell.db'}")


class SettingsError(Exception):
    """An invalid setting. The message names the setting and its bounds."""

    def __init__(self, message: str, names: Iterable[str] = ()) -> None:
        super().__init__(message)
        self.names = frozenset(names)
        """The Python names of the invalid settings, as far as they are known."""


class Settings(BaseSettings):
    """Every setting with its default, its bounds and its meaning."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        toml_file=FILE,
        frozen=True,
        extra="forbid",
        env_ignore_empty=True,
        allow_inf_nan=False,
    )

    database_url: SecretStr = Field(
        default_factory=default_database_url,
        description="sqlite:///path, postgresql://user@host/name or cockroachdb://user@host/name",
    )
    database_pool_size: int = Field(4, ge=1, le=64, description="connections of one server process to PostgreSQL")
    database_queue: int = Field(10_000, ge=1, description="calls that may wait for the database before QUEUE_FULL")
    master_key: SecretStr | None = Field(
        None, description="base64 of 32 random bytes that encrypt secrets in the database; in a file when not set"
    )
    master_key_file: Path = Field(
        default_factory=lambda: data_folder() / "master.key",
        description="file of the master key, created at its first use",
    )
    jobs_url: SecretStr | None = Field(
        None, description="redis:// URL of the job queue; in the database (or a file beside SQLite) when not set"
    )

    host: str = Field("127.0.0.1", description="address to listen on; any except loopback requires TLS and keys")
    port: int = Field(50051, ge=0, le=65535, description="port to listen on; 0 takes a free one")
    metrics_port: int = Field(
        0, ge=0, le=65535, description="port of Prometheus metrics; server process i adds i; 0 for none"
    )
    require_keys: bool = Field(False, description="require API keys on loopback too")
    tls_certificate: Path | None = Field(None, description="PEM file of the server's certificate chain")
    tls_private_key: Path | None = Field(None, description="PEM file of its private key")
    tls_client_ca: Path | None = Field(
        None, description="PEM file of the CA that must have issued the certificates of clients"
    )
    peers: dict[str, str] = Field(
        default_factory=dict, description='addresses of services on other servers, {"learning": "host:port"} as JSON'
    )

    peer_ca: Path | None = Field(
        None, description="PEM file of the CA that issued the certificates of peers; enables TLS to them"
    )

    max_message_bytes: int = Field(16 * 2**20, ge=2**16, le=2**29, description="largest message accepted")
    rate_limit_per_second: float = Field(
        0.0, ge=0, description="calls a second per key, on all servers together; 0 for no limit"
    )
    rate_limit_burst: int = Field(100, ge=1, description="calls of a key at once after a pause")
    streams_per_key: int = Field(100, ge=1, description="open streams per key and server process")
    default_deadline_seconds: float = Field(60.0, gt=0, description="deadline in seconds of calls without one")
    grace_seconds: float = Field(10.0, ge=0, description="seconds for calls in flight when the server ends")
    log_calls: bool = Field(False, description="log a line for each call")
    log_format: Annotated[str, Field(pattern="^(json|console)$")] = Field("console", description="json or console")
    log_level: Annotated[str, Field(pattern="^(debug|info|warning|error)$")] = Field("info", description="log level")

    success_threshold_pct: float = Field(
        5.0, gt=0, le=100, description="engagement rate that counts as success and approves a context"
    )
    conditional_rate_pct: float = Field(
        2.0, gt=0, le=100, description="engagement rate that approves a context conditionally"
    )
    rejection_age_hours: float = Field(
        24.0, ge=0, le=8760, description="age in hours before which no context is rejected"
    )
    genuine_ratio: Share = Field(0.7, description="share of genuine engagement that approval requires")
    bot_threshold: Share = Field(0.5, description="probability from which an interaction counts as a bot's")

    instagram_url: str = Field("https://graph.facebook.com", pattern=_WEB, description="base URL of Instagram's API")
    facebook_url: str = Field("https://graph.facebook.com", pattern=_WEB, description="base URL of Facebook's API")
    twitter_url: str = Field("https://api.x.com", pattern=_WEB, description="base URL of X's API")
    tiktok_url: str = Field("https://open.tiktokapis.com", pattern=_WEB, description="base URL of TikTok's API")
    graph_calls_per_hour: int = Field(
        200, ge=40, le=10_000_000, description="calls an hour that Instagram and Facebook allow a workspace together"
    )
    twitter_calls_per_15_minutes: int = Field(
        300, ge=40, le=10_000_000, description="calls per 15 minutes that X allows a workspace"
    )
    tiktok_calls_per_minute: int = Field(
        600, ge=40, le=10_000_000, description="calls a minute that TikTok allows a workspace"
    )
    sync_hours: int = Field(
        24,
        ge=0,
        le=8760,
        description="age in hours up to which posts are synced every hour; 0 for syncs on request only",
    )
    token_key_days: int = Field(
        90, ge=1, le=3650, description="age in days at which the key that encrypts platform tokens is replaced"
    )

    ml_model_path: str = Field(
        IN_DATABASE,
        pattern=r"^(database|[a-z][a-z0-9+.]*://.*)$",
        description="place of models: database, or the fsspec URL of a store that all servers can reach",
    )
    training_backend: Annotated[str, Field(pattern="^(local|dask)$")] = Field(
        "local",
        description="place where forests are trained: local, or dask for the cluster of GROUNDSWELL_DASK_SCHEDULER",
    )
    dask_scheduler: str = Field(
        "",
        pattern=r"^([a-z]+://\S+)?$",
        validate_default=True,
        description="address of the Dask scheduler, tcp://host:8786",
    )
    ml_min_training_samples: int = Field(50, ge=20, le=1_000_000, description="least number of posts to train a model")
    ml_lookback_days: int = Field(90, ge=1, le=3650, description="days of posts that training uses")
    ml_target_age_days: float = Field(
        7.0, gt=0, le=365, description="age in days at which the rate of a post is the target of models"
    )
    retrain_every_days: int = Field(7, ge=1, le=365, description="days between two checks of a training schedule")
    retrain_min_new_samples: int = Field(
        100, ge=1, le=1_000_000, description="new outcomes after which a schedule trains a new version"
    )
    retrain_drift_threshold: float = Field(
        0.15, ge=0.1, le=1.0, description="score of significant drift from which a schedule trains a new version"
    )
    prediction_retention_days: int = Field(
        365, ge=8, le=3650, description="days for which predictions are kept for comparison with their outcomes"
    )
    training_workers: int = Field(1, ge=0, le=64, description="worker processes that `serve` starts; 0 for none")
    job_lease_seconds: float = Field(
        20.0, ge=1, description="seconds without renewal after which a worker has lost its job"
    )
    job_max_attempts: int = Field(3, ge=1, le=100, description="attempts after which a job has failed")
    event_retention_days: int = Field(7, ge=1, le=3650, description="days for which streams can resume from an event")
    experiment_event_retention_days: Annotated[int, Field(ge=0, le=36_500)] = Field(
        400,
        description="days for which ids of experiment events are kept, at least 30, so that no event counts twice; "
        "older events are refused; 0 for no limit",
    )

    @field_validator("experiment_event_retention_days")
    @classmethod
    def _ids_are_kept_for_a_while(cls, days: int) -> int:
        from groundswell_storage.experiments.event_ids import MIN_RETENTION

        if 0 < days < MIN_RETENTION.days:
            raise ValueError(f"must be 0 or at least {MIN_RETENTION.days}, got {days}")
        return days

    @field_validator("dask_scheduler")
    @classmethod
    def _dask_has_a_scheduler(cls, address: str, others: ValidationInfo) -> str:
        if not address and others.data.get("training_backend") == "dask":
            raise ValueError("must be set when GROUNDSWELL_TRAINING_BACKEND is dask")
        return address

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Returns the sources in order of precedence: arguments, environment, file."""
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


@dataclass(frozen=True, slots=True)
class Explained:
    """One setting as `groundswell settings` shows it."""

    name: str
    """The environment variable that sets it."""
    value: str
    """Its value; secrets are hidden."""
    source: str
    """argument, environment, file or default."""
    meaning: str


def load(**overrides: Any) -> Settings:
    """Reads the settings. Raises SettingsError naming each invalid one with its bounds."""
    given = {name: value for name, value in overrides.items() if value is not None}
    _refuse_unknown(os.environ)
    try:
        return Settings(**given)
    except ValidationError as error:
        problems = error.errors()
        names = [str(problem["loc"][0]) for problem in problems if problem["loc"]]
        raise SettingsError("; ".join(_complaint(problem) for problem in problems), names) from error
    except TOMLDecodeError as error:
        raise SettingsError(f"{FILE} is not valid TOML: {error}") from error
    except UnreadableSetting as error:
        raise SettingsError(_unreadable(error)) from error


def explain(settings: Settings, **overrides: Any) -> Iterator[Explained]:
    """Yields every setting with its value and the source of that value."""
    environment = EnvSettingsSource(Settings)()
    file = TomlConfigSettingsSource(Settings)()
    for name, field in Settings.model_fields.items():
        if overrides.get(name) is not None:
            source = "argument"
        elif name in environment:
            source = "environment"
        else:
            source = "file" if name in file else "default"
        value = getattr(settings, name)
        yield Explained(PREFIX + name.upper(), _shown(value), source, field.description or "")


def _refuse_unknown(environment: Mapping[str, str]) -> None:
    """Raises SettingsError for an unknown variable: a misspelt setting would be ignored silently."""
    known = {name.upper() for name in Settings.model_fields} | _OF_THE_CLIENT
    for variable, value in environment.items():
        name = variable.upper().removeprefix(PREFIX)
        if variable.upper() == name or name in known:
            continue
        if _OF_KUBERNETES.search(name) or value.startswith(("tcp://", "udp://")):
            continue
        nearest = get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise SettingsError(f"{variable} is not a setting; the nearest one is {PREFIX}{nearest}")


def _shown(value: object) -> str:
    """Returns a value as it would be set, with secrets hidden."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, bool | Mapping):
        return json.dumps(value)
    if not isinstance(value, SecretStr):
        return "" if value is None else str(value)
    from groundswell_storage.engines.urls import (
        HIDDEN,
        hide_password,
    )  # not at import: `--help` does not need the data layer

    secret = value.get_secret_value()
    return hide_password(secret) if "://" in secret else HIDDEN


def _unreadable(error: UnreadableSetting) -> str:
    """Returns a message that names the setting with invalid JSON; pydantic quotes the field alone."""
    found = re.search(r'field "(\w+)"', str(error))
    name = found[1] if found else "settings"
    field = Settings.model_fields.get(name)
    meaning = f" ({field.description})" if field and field.description else ""
    return f"{PREFIX}{name.upper()}: must be JSON{meaning}"


def _complaint(problem: Any) -> str:
    name = str(problem["loc"][0]) if problem["loc"] else "settings"
    field = Settings.model_fields.get(name)
    meaning = f" ({field.description})" if field and field.description else ""
    return f"{PREFIX}{name.upper()}: {problem['msg']}{meaning}"
