"""The pull client: endpoints, credentials, tokens, retries. Only this package dials registries."""
