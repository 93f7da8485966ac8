"""Platforms: one adapter for each, with the requests, responses, errors and limits of that platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from groundswell_server.engagement.platforms.adapter import Adapter
from groundswell_server.engagement.platforms.call_limits import Limit
from groundswell_server.engagement.platforms.facebook import Facebook
from groundswell_server.engagement.platforms.instagram import Instagram
from groundswell_server.engagement.platforms.tiktok import TikTok
from groundswell_server.engagement.platforms.twitter import Twitter
from groundswell_server.settings import Settings
from groundswell_storage.engagement.enums import Platform

LIMIT_GROUPS = ((Platform.INSTAGRAM, Platform.FACEBOOK), (Platform.TWITTER,), (Platform.TIKTOK,))
"""The platforms that can be synced; the platforms of a group share a call limit."""


def limits(settings: Settings) -> tuple[Limit, Limit, Limit]:
    """Returns the limits of the Graph API (Instagram and Facebook), of X and of TikTok."""
    return (
        Limit("graph", settings.graph_calls_per_hour, timedelta(hours=1)),
        Limit("twitter", settings.twitter_calls_per_15_minutes, timedelta(minutes=15)),
        Limit("tiktok", settings.tiktok_calls_per_minute, timedelta(minutes=1)),
    )


def adapters(settings: Settings) -> Mapping[Platform, Adapter]:
    """Returns the adapters of all platforms that can be synced."""
    graph, twitter, tiktok = limits(settings)
    known: tuple[Adapter, ...] = (
        Instagram(settings.instagram_url, graph),
        Facebook(settings.facebook_url, graph),
        Twitter(settings.twitter_url, twitter),
        TikTok(settings.tiktok_url, tiktok),
    )
    return {adapter.platform: adapter for adapter in known}
