"""Finds every image a repository pulls, fetches each once, serves them from disk."""

__version__ = "0.1.0"
