"""The default settings, as the domain of Engagement takes them."""

from __future__ import annotations

from groundswell_server.engagement import configuration
from groundswell_server.settings import load

FILTER = configuration.filter_settings(load())
THRESHOLDS = configuration.thresholds(load())
TARGET_AGE = configuration.target_age(load())
