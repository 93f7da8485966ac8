"""Live models watched: what they said, what came of it, and whether the world has moved away from them."""
