"""What is asked of patterns: whose posts and contexts, of which time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from groundswell_storage.engagement.pattern_rows import Span


@dataclass(frozen=True, slots=True)
class Question:
    """Whose posts and contexts, and of which time."""

    as_of: datetime
    """The end; rates at the target age that were fetched later are not read."""
    lookback: timedelta
    target_age: timedelta
    """Age at which rates are compared."""
    persona_id: str = ""
    """Empty for all of the workspace."""
    platform: int = 0
    """This and the next are the contract's numbers; 0 for any."""
    content_type: int = 0
    phase: str = ""
    """Of contexts; empty for any."""

    @property
    def days(self) -> int:
        """Days looked back."""
        return self.lookback.days

    def span(self, periods: int = 1) -> Span:
        """The rows that it is about, of as many periods as told."""
        return Span(
            self.as_of - periods * self.lookback,
            self.as_of,
            self.persona_id,
            self.platform,
            self.content_type,
            self.phase,
        )
