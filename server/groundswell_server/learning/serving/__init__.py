"""Live models and what they need to know, kept in a server's memory."""
