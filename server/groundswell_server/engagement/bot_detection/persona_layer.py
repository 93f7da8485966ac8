"""Layer 1: is the actor one of the AI personas of this deployment?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from groundswell_server.engagement.bot_detection.handles import normalize_handle, normalize_handles
from groundswell_server.engagement.bot_detection.interaction_batch import InteractionBatch, PostFacts
from groundswell_server.engagement.bot_detection.layer_findings import LayerFindings, Signals
from groundswell_server.engagement.bot_detection.reasons import Layer, Reason
from groundswell_storage.engagement.enums import Platform

_CERTAIN: Final = 9.0
"""Log-odds of a handle in the register: only a change of hands since it was registered could make it wrong."""


class PersonaRegister:
    """The handles of all AI personas, by platform. Built once, asked for every interaction; it never changes."""

    __slots__ = ("_platforms_of",)

    def __init__(self, handles: Iterable[tuple[Platform, str]] = ()) -> None:
        found: dict[str, set[Platform]] = {}
        for platform, handle in handles:
            if normalized := normalize_handle(handle):
                found.setdefault(normalized, set()).add(platform)
        self._platforms_of = {handle: frozenset(platforms) for handle, platforms in found.items()}

    def __len__(self) -> int:
        return len(self._platforms_of)

    def find(self, handles: Sequence[str]) -> dict[int, frozenset[Platform]]:
        """Which of many handles are those of personas: position to platforms."""
        known = self._platforms_of
        return {at: known[handle] for at, handle in enumerate(normalize_handles(handles)) if handle in known}


def persona_findings(
    batch: InteractionBatch, posts: Mapping[str, PostFacts], register: PersonaRegister
) -> LayerFindings:
    """Look every actor up. Handles repeat, so each distinct one is looked up once."""
    known = register.find(batch.actors.values)
    suspects = np.zeros(len(batch.actors.values), np.bool_)
    suspects[list(known)] = True
    rows = [
        row
        for row in np.flatnonzero(suspects[batch.actors.codes]).tolist()
        if (post := posts.get(batch.posts[row])) and post.platform in known[int(batch.actors.codes[row])]
    ]
    signal = Signals.uniform(Reason.REGISTERED_PERSONA, np.array(rows, np.int64), _CERTAIN, np.full(len(rows), np.nan))
    return LayerFindings(Layer.PERSONA, batch.actors.filled(), (signal,))
