"""Values over values, as Helm lays one file over another."""

from __future__ import annotations

from prewarm.scan.values import Mapping, Text, Value


def merged(below: Value | None, above: Value | None) -> Value | None:
    """`above` laid over `below`: mappings key by key, all else replaced; null takes a key away."""
    if below is None or above is None:
        return above if below is None else below
    if not (isinstance(below, Mapping) and isinstance(above, Mapping)):
        return above
    entries = dict(below.entries)
    for key, value in above.entries.items():
        held = entries.get(key)
        if isinstance(value, Text) and value.type == "null" and held is not None:
            entries.pop(key)
        elif isinstance(held, Mapping) and isinstance(value, Mapping):
            entries[key] = merged(held, value) or value
        else:
            entries[key] = value
    return Mapping(entries, {**below.keys, **above.keys}, above.place)
