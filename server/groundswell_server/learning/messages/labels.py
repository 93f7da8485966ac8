"""Labelled examples and classifications as messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from groundswell.v1 import common_pb2
from groundswell.v1 import learning_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of
from groundswell_server.learning.features.profile_facts import ProfileFacts, digit_share
from groundswell_server.learning.labels.training_examples import Added, NewExample, RefusedExample, refused
from groundswell_server.learning.messages.estimates import fill_interval
from groundswell_server.runtime.validation import check
from groundswell_storage.errors import InvalidArgument

if TYPE_CHECKING:
    from groundswell_server.learning.labels.classification import Classified
    from groundswell_server.models.predictions import Prediction
    from groundswell_server.models.serving.served_model import ServedModel


def examples_in(request: pb.AddTrainingExamplesRequest) -> tuple[list[NewExample], list[RefusedExample]]:
    """Returns the valid examples of a batch, and the refused examples; each is validated separately."""
    examples: list[NewExample] = []
    faulty: list[RefusedExample] = []
    for one in request.examples:
        try:
            check(one)
            examples.append(_example_in(one))
        except InvalidArgument as error:
            faulty.append(refused(one.line, one.client_id, error))
    return examples, faulty


def _example_in(one: pb.TrainingExample) -> NewExample:
    known = profile_in(one.profile).to_json() if one.HasField("profile") else None
    return NewExample(one.line, one.client_id, one.label, one.group, one.persona_id, one.text, known, one.post_id)


def profile_in(profile: common_pb2.AccountProfile) -> ProfileFacts:
    """Returns the facts about an account; facts about its names are computed where only the names are given."""
    handle, name = profile.handle.strip().lstrip("@"), profile.display_name.strip()
    from_names = {
        "handle_length": len(handle) or None,
        "handle_digit_share": digit_share(handle),
        "name_words": len(name.split()) or None,
        "name_digit_share": digit_share(name),
        "name_is_handle": name.casefold() == handle.casefold() if name and handle else None,
    }
    sent = {_FACTS[field.name]: value for field, value in profile.ListFields() if field.name in _FACTS}
    return ProfileFacts(**{**from_names, **sent})


_FACTS = {
    "follower_count": "followers",
    "following_count": "following",
    "media_count": "media",
    "age_days": "account_age_days",
    "name_word_count": "name_words",
    **{
        name: name
        for name in (
            "has_picture",
            "bio_length",
            "has_link",
            "is_private",
            "is_verified",
            "handle_length",
            "handle_digit_share",
            "name_digit_share",
            "name_is_handle",
        )
    },
}
"""Names of the facts about an account in the domain, by field of the contract."""


def added_message(added: Added) -> pb.AddTrainingExamplesResponse:
    """Returns the report on added examples."""
    return pb.AddTrainingExamplesResponse(**fields_of(added))


def text_classes_message(found: Classified) -> pb.ClassifyTextResponse:
    """Returns the classifications of texts, and the version that made them."""
    served, response = found.served, pb.ClassifyTextResponse(method=pb.CLASSIFICATION_METHOD_LEXICON)
    if served is not None:
        response.method = pb.CLASSIFICATION_METHOD_MODEL
        response.model_id, response.model_version = served.model_id, served.version
    for one in found.classes:
        added = response.classes.add(label=one.label, sentiment_score=one.sentiment_score)
        for label, probability in one.probabilities:
            added.probabilities.add(label=label, probability=probability)
    return response


def profile_classes_message(served: ServedModel, classes: Sequence[Prediction]) -> pb.ClassifyProfilesResponse:
    """Returns the classifications of accounts."""
    response = pb.ClassifyProfilesResponse(model_id=served.model_id, model_version=served.version)
    for one in classes:
        fill_interval(response.classes.add(bot_probability=one.value).interval, one.lower, one.upper)
    return response
