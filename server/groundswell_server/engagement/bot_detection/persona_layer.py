"""Layer 1, persona: looks the actor up in the register of AI personas."""

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
"""Log-odds of a registered handle. It is wrong only if the handle changed hands after its registration."""


class PersonaRegister:
    """The handles of all AI personas, by platform. It is built once and immutable."""

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
        """Returns the platforms of each registered handle, by its position among `handles`."""
        known = self._platforms_of
        return {at: known[handle] for at, handle in enumerate(normalize_handles(handles)) if handle in known}


def persona_findings(
    batch: InteractionBatch, posts: Mapping[str, PostFacts], register: PersonaRegister
) -> LayerFindings:
    """Returns the findings for all actors; each distinct handle is looked up once."""
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
