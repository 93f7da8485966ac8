"""Keeping what live versions said of texts, accounts and conversions, behind the answers, for the labels that come in.

Subjects are kept as digests alone; `labelling.subjects` names them, as it does for labelled examples.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from groundswell_server.learning.features.post_facts import PostFacts
from groundswell_server.learning.features.profile_facts import ProfileFacts
from groundswell_server.learning.features.subject_keys import context_subject, profile_subject, text_subject
from groundswell_server.learning.labels.classification import TextClass
from groundswell_server.learning.serving.prediction_log import kept_features
from groundswell_server.models import registry
from groundswell_server.models.predictions import Prediction
from groundswell_server.models.serving.write_behind import Key, WriteBehind
from groundswell_storage.executor import DatabaseExecutor
from groundswell_storage.learning import labelled_predictions
from groundswell_storage.learning.labelled_predictions import ServedLabels
from groundswell_storage.scope import Scope


class LabelledLog:
    """One for a server; used on its event loop."""

    def __init__(self, executor: DatabaseExecutor) -> None:
        self._behind: WriteBehind[ServedLabels] = WriteBehind(executor, _keep)

    def note_texts(
        self, workspace: str, model_id: str, texts: Sequence[str], classes: Iterable[TextClass], served: datetime
    ) -> None:
        """Notes what a version said of texts."""
        for text, found in zip(texts, classes, strict=True):
            self._note(workspace, model_id, text_subject(text), dict(found.probabilities), served)

    def note_profiles(
        self,
        workspace: str,
        model_id: str,
        profiles: Sequence[ProfileFacts],
        classes: Iterable[Prediction],
        served: datetime,
    ) -> None:
        """Notes what a version said of accounts."""
        for profile, found in zip(profiles, classes, strict=True):
            said = {registry.BOT: found.value}
            self._note(workspace, model_id, profile_subject(profile.to_json()), said, served)

    def note_conversion(
        self, workspace: str, model_id: str, context_id: str, facts: PostFacts, found: Prediction, served: datetime
    ) -> None:
        """Notes what a version said of a context; what is said of a draft alone has no label to wait for."""
        if context_id:
            said = {registry.CONVERTED: found.value}
            self._note(workspace, model_id, context_subject(context_id), said, served, context_id, facts)

    async def flush(self) -> None:
        """Writes what waits, and returns when all is durable or given up."""
        await self._behind.flush()

    def _note(
        self,
        workspace: str,
        model_id: str,
        subject: str,
        said: Mapping[str, float],
        served: datetime,
        context_id: str = "",
        facts: PostFacts | None = None,
    ) -> None:
        features = None if facts is None else kept_features(facts)
        kept = ServedLabels(model_id, subject, context_id, said, features, served)
        self._behind.note(Key(workspace, subject, model_id), tuple(said.items()), kept)


def _keep(scope: Scope, noted: Sequence[tuple[Key, ServedLabels]]) -> None:
    labelled_predictions.keep(scope, [served for _, served in noted])
