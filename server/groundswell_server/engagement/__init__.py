"""EngagementService: what was made, where it was posted, how many people cared."""
