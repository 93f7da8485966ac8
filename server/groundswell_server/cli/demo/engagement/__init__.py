"""The demonstration of Engagement: a post's life, from its generation to what 1,250 likes and 87 comments say."""
