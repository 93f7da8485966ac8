"""EngagementService: personas, contexts, posts, their metrics and their genuine engagement.

The layers, lowest first. A module imports from its own layer and from lower ones only:

1. `estimates`, `bot_detection`: pure functions.
2. `metrics`, `personas`, `workspace_settings`.
3. `contexts`, `posts`.
4. `virality`, `configuration`, `ingestion`: recorded metrics and imports change posts and contexts.
5. `interactions`: intake, verdicts and rejudgment.
6. `platforms`, `connections`, `sync`, `analysis`, `change_feed`.
7. `messages`: protobuf.
8. `trained_detectors`, `best_hour`: calls to LearningService.
9. `service`, `jobs`.
"""
