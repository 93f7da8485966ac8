"""What a text says of its writer's feeling: in English and in emoji, and never guessed elsewhere.

No area's own: Engagement reads comments with it, Learning falls back on it and measures its models against it.
"""
