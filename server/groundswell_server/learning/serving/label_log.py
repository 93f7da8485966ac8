"""Records predictions for texts, accounts and conversions, by a write-behind buffer, until labels for them arrive.

Subjects are stored by their keys (`features.subject_keys`), as in labelled examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from groundswell_server.learning.enums import BOT, CONVERTED
from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.profile_facts import ProfileFacts
from groundswell_server.learning.features.subject_keys import context_subject, profile_subject, text_subject
from groundswell_server.learning.serving.prediction_log import stored_features
from groundswell_server.models.predictions import Prediction
from groundswell_server.models.serving.prediction_buffer import Key, PredictionBuffer
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.learning import labelled_predictions
from groundswell_storage.learning.labelled_predictions import ServedLabels
from groundswell_storage.scope import Scope


class LabelLog:
    """The predictions of one server; used on its event loop."""

    def __init__(self, executor: DatabaseExecutor) -> None:
        self._buffer: PredictionBuffer[ServedLabels] = PredictionBuffer(executor, _store)

    def record_texts(
        self,
        workspace: str,
        model_id: str,
        texts: Sequence[str],
        probabilities: Iterable[Mapping[str, float]],
        served: datetime,
    ) -> None:
        """Records the label probabilities that a version predicted for texts."""
        for text, predicted in zip(texts, probabilities, strict=True):
            self._record(workspace, model_id, text_subject(text), predicted, served)

    def record_profiles(
        self,
        workspace: str,
        model_id: str,
        profiles: Sequence[ProfileFacts],
        classes: Iterable[Prediction],
        served: datetime,
    ) -> None:
        """Records the probabilities that a version predicted for accounts."""
        for profile, found in zip(profiles, classes, strict=True):
            predicted = {BOT: found.value}
            self._record(workspace, model_id, profile_subject(profile.to_json()), predicted, served)

    def record_conversion(
        self, workspace: str, model_id: str, context_id: str, facts: PostFacts, found: Prediction, served: datetime
    ) -> None:
        """Records the prediction of a version for a context; predictions for other drafts never get a label."""
        if context_id:
            predicted = {CONVERTED: found.value}
            self._record(workspace, model_id, context_subject(context_id), predicted, served, context_id, facts)

    async def flush(self) -> None:
        """Writes the buffer, and returns when all entries are durable or given up."""
        await self._buffer.flush()

    def _record(
        self,
        workspace: str,
        model_id: str,
        subject: str,
        predicted: Mapping[str, float],
        served: datetime,
        context_id: str = "",
        facts: PostFacts | None = None,
    ) -> None:
        features = None if facts is None else stored_features(facts)
        entry = ServedLabels(model_id, subject, context_id, predicted, features, served)
        self._buffer.put(Key(workspace, subject, model_id), tuple(predicted.items()), entry)


def _store(scope: Scope, noted: Sequence[tuple[Key, ServedLabels]]) -> None:
    labelled_predictions.store(scope, [served for _, served in noted])
