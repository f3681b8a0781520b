"""Fuzzing of the readers: a command of its own, `python -m tests.fuzz`."""
