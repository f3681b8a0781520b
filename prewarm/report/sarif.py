"""A scan's remarks as SARIF 2.1.0, for code-scanning pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prewarm import __version__
from prewarm.scan.advice import Advice
from prewarm.scan.finding import Place, Scan

_RULES = {
    "unresolved": "An image cannot be named",
    "not-read": "A file was not read",
    "latest": "No version is fixed",
    "no-digest": "Not pinned by a digest",
    "several-versions": "One image in several versions",
}


def scan_sarif(scan: Scan, remarks: Sequence[Advice]) -> dict[str, Any]:
    """What could not be resolved, what was not read, and all remarks, as one run."""
    results = [
        _result("unresolved", "warning", f"{u.written}: {u.reason}", u.place)
        for u in scan.unresolved
    ]
    results += [
        _result("not-read", "note", skipped.reason, Place(skipped.file, 1, 1))
        for skipped in scan.skipped
    ]
    results += [_result(a.code, "note", a.message, a.place) for a in remarks]
    rules = [{"id": key, "shortDescription": {"text": text}} for key, text in _RULES.items()]
    driver = {"name": "prewarm", "version": __version__, "rules": rules}
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }


def _result(rule: str, level: str, message: str, place: Place) -> dict[str, Any]:
    location = {
        "artifactLocation": {"uri": place.file},
        "region": {"startLine": place.line, "startColumn": place.column},
    }
    return {
        "ruleId": rule,
        "level": level,
        "message": {"text": message},
        "locations": [{"physicalLocation": location}],
    }
