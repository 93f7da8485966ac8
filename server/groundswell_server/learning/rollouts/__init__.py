"""Model versions under rollout: who gets them before they are live, and how far off they are."""
