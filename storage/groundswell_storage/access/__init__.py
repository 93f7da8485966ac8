"""API keys, and the secrets of the deployment."""
