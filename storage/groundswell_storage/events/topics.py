"""The topics of the event log, through which areas, servers and workers learn of changes.

Each comment names the subject of the events and their payload. Ids are those of the workspace's rows; numbers of enums
are those of the contract.
"""

from __future__ import annotations

from typing import Final

KEY_CHANGED: Final = "key.changed"
"""An API key was created, rotated or revoked. Subject: its id. Payload: change."""
OPERATION_CHANGED: Final = "operation.changed"
"""An operation was created, made progress or ended. Subject: its id. Payload: state, progress_pct, kind."""

PERSONA_CHANGED: Final = "persona.changed"
"""A persona was created, changed or deleted. Subject: its id."""
CONTEXT_CHANGED: Final = "context.changed"
"""A context was started, changed, finished or rated. Subject: its id. Payload: persona_id, "" for none; post_id where
metrics of a post changed it."""
POST_CHANGED: Final = "post.changed"
"""A post was created, changed or got other metrics. Subject: its id. Payload: persona_id, platform, context_id, "" for
none."""
POST_DELETED: Final = "post.deleted"
"""A post was deleted. Subject and payload are those of POST_CHANGED."""
INTERACTIONS_JUDGED: Final = "interactions.judged"
"""Interactions were recorded. Subject: the post. Payload: persona_id, and the numbers of genuine, bots, personas."""
VIRALITY_ALERT: Final = "alert.virality"
"""A post spreads. Subject: the post. Payload: the alert (`engagement/virality/alert_events.py`)."""
CONNECTION_CHANGED: Final = "connection.changed"
"""A platform was connected or disconnected, or its token was refused. Subject: the connection. Payload: persona_id,
platform."""
ENGAGEMENT_SETTINGS_CHANGED: Final = "engagement_settings.changed"
"""Settings of a workspace changed. Subject: the workspace. Payload: pii_filter."""

MODEL_CHANGED: Final = "model.changed"
"""Another version of a model is live. Subject: its id. Payload: model_type, version."""
ONLINE_LEARNED: Final = "online.learned"
"""An online model has learned. Subject: the model type. Payload: its metrics."""
DRIFT_CHECKED: Final = "drift.checked"
"""A live version was checked for drift. Subject: the report. Payload: model_type, status, drift_score."""

EXPERIMENT_CHANGED: Final = "experiment.changed"
"""An experiment was created, changed, or reached another state. Subject: its id. Payload: key, state."""
EXPERIMENT_COUNTED: Final = "experiment.counted"
"""An experiment's counts changed, so that watchers analyze it again. Subject: its key. Payload: key."""
EXPERIMENT_LEARNED: Final = "experiment.learned"
"""A bandit has new allocation probabilities. Subject: the experiment's number. Payload: key, batch."""
ROLLOUT_CHANGED: Final = "rollout.changed"
"""A rollout was created or reached another state. Subject: its id. Payload: key, state."""
