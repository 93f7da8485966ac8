"""EngagementService: personas, contexts, posts, their metrics and their genuine engagement.

Layers, each of which imports only those before it. Modules of one layer do not import each other.

1. bot_detection, estimates, workspace_settings: pure functions on interactions and counts; settings of a workspace.
2. metrics, persona_handles: counts, rates and timelines; the register of the personas' accounts.
3. personas, virality: personas; posts that spread.
4. connections, contexts, posts: tokens of platforms, pieces of generation, and what was posted.
5. analysis, change_feed, configuration, ingestion: analyses; the watch stream; metrics and imports that change posts.
6. interactions: intake of interactions, their verdicts and rejudgment.
7. platforms: adapters of the platforms' interfaces.
8. sync: fetching counts and comments from platforms.
9. messages: conversions between protobuf and the domain.
10. best_hour, trained_detectors: calls to LearningService.
11. jobs, service: background work and the servicer.
"""
