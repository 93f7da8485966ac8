"""What the settings say unless told otherwise, as Engagement takes it."""

from __future__ import annotations

from groundswell_server.engagement import configuration
from groundswell_server.settings import load

FILTER = configuration.filter_settings(load())
THRESHOLDS = configuration.thresholds(load())
TARGET_AGE = configuration.target_age(load())
