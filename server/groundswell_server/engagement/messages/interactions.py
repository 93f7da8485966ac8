"""Messages of interactions and account profiles."""

from __future__ import annotations

from collections.abc import Iterable

from groundswell.v1 import common_pb2
from groundswell.v1 import engagement_pb2 as pb
from groundswell_server.conversions.protobuf_conversions import fields_of
from groundswell_server.engagement.bot_detection.account_profiles import UNKNOWN, Profile, digit_share
from groundswell_server.engagement.interactions.interactions import Interaction, NewInteraction, Recorded
from groundswell_server.engagement.messages.resources import post_message
from groundswell_server.engagement.posts.posts import Post
from groundswell_storage.engagement.enums import InteractionKind


def new_interactions(request: pb.RecordInteractionsRequest) -> list[NewInteraction]:
    """Returns the rows of a batch. Times stay microseconds, because there may be a million rows."""
    kinds = {int(kind): kind for kind in InteractionKind}
    return [
        NewInteraction(
            kinds[row.kind],
            row.interact_time.seconds * 1_000_000 + row.interact_time.nanos // 1000,
            row.actor_handle,
            row.text,
            row.platform_interaction_id,
            profile=profile_in(row.profile) if row.HasField("profile") else UNKNOWN,
        )
        for row in request.interactions
    ]


_PROFILE_FIELDS = {
    "age_days": "age_days",
    "follower_count": "followers",
    "following_count": "following",
    "media_count": "media",
    "has_picture": "has_picture",
    "bio_length": "bio_length",
    "has_link": "has_link",
    "is_private": "is_private",
    "is_verified": "is_verified",
    "handle_digit_share": "handle_digit_share",
}
"""Profile attributes that the filter uses, by field of the contract."""


def profile_in(message: common_pb2.AccountProfile) -> Profile:
    """Returns the profile of a message; the digit share is computed from the handle when it is missing."""
    sent = {
        _PROFILE_FIELDS[field.name]: value for field, value in message.ListFields() if field.name in _PROFILE_FIELDS
    }
    return Profile(**{"handle_digit_share": digit_share(message.handle), **sent})


def profile_message(profile: Profile) -> common_pb2.AccountProfile:
    """Returns the message of a profile."""
    return common_pb2.AccountProfile(**{name: getattr(profile, kept) for name, kept in _PROFILE_FIELDS.items()})


def interaction_message(interaction: Interaction) -> pb.Interaction:
    """Returns the message of an interaction."""
    profile = interaction.profile and profile_message(interaction.profile)
    return pb.Interaction(**fields_of(interaction) | {"profile": profile})


def recorded_message(recorded: Recorded, posts: Iterable[Post]) -> pb.RecordInteractionsResponse:
    """Returns the counts of recorded interactions with their posts."""
    return pb.RecordInteractionsResponse(**fields_of(recorded), posts=[post_message(post) for post in posts])
