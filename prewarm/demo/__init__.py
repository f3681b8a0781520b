"""The demonstration: made-up images, an upstream behind a slow link, and a sample repository."""
