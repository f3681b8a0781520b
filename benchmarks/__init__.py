"""Measurements of prewarm beside the programs that do a part of its work."""
