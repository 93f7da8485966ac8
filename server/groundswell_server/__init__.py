"""The Groundswell server: services, the runtime that every call passes through, background jobs and the CLI."""
