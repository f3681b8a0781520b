"""Dockerfiles, against BuildKit's own answers."""
