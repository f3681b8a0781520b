"""What a store holds, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prewarm.layout import Entry, Image
from prewarm.report.text import count, format_size, format_table, short_digest


def ls_text(images: Sequence[tuple[Entry, Image]]) -> str:
    """What a store holds, one image a line."""
    rows = [
        (
            entry.name,
            short_digest(entry.descriptor.digest),
            format_size(image.size),
            ", ".join(map(str, image.platforms)),
            "" if image.whole else f"broken: {image.problems[0]}",
        )
        for entry, image in images
    ]
    blobs = {d.digest: d.size for _, i in images for d in (*i.manifests, *i.blobs)}
    summary = f"{count(len(images), 'image')}, {format_size(sum(blobs.values()))} on disk"
    if not rows:
        return summary
    table = format_table(("image", "digest", "size", "platforms", ""), rows)
    return f"{table}\n\n{summary}"


def ls_json(images: Sequence[tuple[Entry, Image]]) -> dict[str, Any]:
    """What a store holds as data, version 1."""
    return {
        "version": 1,
        "images": [
            {
                "name": entry.name,
                "digest": entry.descriptor.digest,
                "mediaType": entry.descriptor.media_type,
                "size": image.size,
                "platforms": [str(platform) for platform in image.platforms],
                "whole": image.whole,
                "problems": list(image.problems),
            }
            for entry, image in images
        ],
    }
