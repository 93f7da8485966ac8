"""The topics of the event log: areas, servers and workers hear of each other by these alone.

Each says what the subject of its events is and what their payload holds; ids are those of the workspace's rows, numbers
of enums those of the contract.
"""

from __future__ import annotations

from typing import Final

KEY_CHANGED: Final = "key.changed"
"""An API key was made, rotated or revoked. Subject: its id. Payload: change."""
OPERATION_CHANGED: Final = "operation.changed"
"""An operation was created, went on or ended. Subject: its id. Payload: state, progress_pct, kind."""

PERSONA_CHANGED: Final = "persona.changed"
"""A persona was made, changed or hidden. Subject: its id."""
CONTEXT_CHANGED: Final = "context.changed"
"""A context was opened, changed, ended or judged. Subject: its id. Payload: persona_id, "" for none; post_id where
metrics of a post changed it."""
POST_CHANGED: Final = "post.changed"
"""A post was recorded, changed or got other figures. Subject: its id. Payload: persona_id, platform, context_id, "" for
none."""
POST_DELETED: Final = "post.deleted"
"""A post is gone. Subject and payload as of POST_CHANGED."""
INTERACTIONS_JUDGED: Final = "interactions.judged"
"""Interactions were recorded. Subject: the post. Payload: persona_id, and how many are genuine, bots, personas."""
VIRALITY_ALERT: Final = "alert.virality"
"""A post spreads. Subject: the post. Payload: the alert (`engagement/virality/events.py`)."""
CONNECTION_CHANGED: Final = "connection.changed"
"""A platform was connected or disconnected, or its token was refused. Subject: the connection. Payload: persona_id,
platform."""
ENGAGEMENT_SETTINGS_CHANGED: Final = "engagement_settings.changed"
"""Settings of a workspace changed. Subject: the workspace. Payload: pii_filter."""

MODEL_CHANGED: Final = "model.changed"
"""Another version of a model is live. Subject: its id. Payload: model_type, version."""
ONLINE_LEARNED: Final = "online.learned"
"""A twin has learnt. Subject: the model type. Payload: its figures."""
DRIFT_CHECKED: Final = "drift.checked"
"""A live version was checked. Subject: the report. Payload: model_type, status, drift_score."""

EXPERIMENT_CHANGED: Final = "experiment.changed"
"""An experiment was made, changed, or went on in its life. Subject: its id. Payload: key, state."""
EXPERIMENT_COUNTED: Final = "experiment.counted"
"""Something was counted for an experiment: watchers look again. Subject: its key. Payload: key."""
EXPERIMENT_LEARNED: Final = "experiment.learned"
"""A bandit chooses with other probabilities now. Subject: the experiment's number. Payload: key, batch."""
ROLLOUT_CHANGED: Final = "rollout.changed"
"""A rollout was begun or went on in its life. Subject: its id. Payload: key, state."""
