"""Text to findings: one reader per format; no network, no store."""
