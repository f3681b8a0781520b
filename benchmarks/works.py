"""The image sets that the suites fetch: sizes as real images have them, contents from the seed."""

from __future__ import annotations

from benchmarks.images import Image, Layer, Work

_MB = 1_000_000
_KB = 1_000

_BASES = {
    "debian": (("debian", 28.2),),
    "alpine": (("alpine", 3.6),),
    "python": (("debian", 28.2), ("certificates", 3.5), ("python", 12.1), ("pip", 0.3)),
    "node": (("debian", 28.2), ("node-user", 0.004), ("node", 41.4), ("yarn", 1.7)),
}
_REAL = {
    "library/debian": ("debian", ()),
    "library/alpine": ("alpine", ()),
    "library/python": ("python", ()),
    "library/node": ("node", ()),
    "library/postgres": (
        "debian",
        (("gosu", 1.2), ("locales", 8.1), ("nss", 1.4), ("postgres", 76.3), ("entry", 0.01)),
    ),
    "library/redis": ("alpine", (("redis-user", 0.001), ("redis", 8.4), ("redis-entry", 0.001))),
    "library/nginx": ("debian", (("nginx", 43.9), ("nginx-10", 0.001), ("nginx-20", 0.001))),
    "library/golang": ("alpine", (("golang-ca", 0.3), ("golang", 66.5), ("golang-path", 0.001))),
    "grafana/grafana": ("alpine", (("grafana-libs", 5.2), ("grafana", 41.0), ("etc", 0.01))),
    "shop/api": ("python", (("wheels", 18.3), ("api-wheels", 35.2), ("api", 0.2))),
    "shop/worker": ("python", (("wheels", 18.3), ("worker-wheels", 43.6), ("worker", 0.1))),
    "shop/web": ("node", (("modules", 22.4), ("bundle", 9.3))),
}


def twelve(scale: float = 1.0) -> Work:
    """Twelve images on four shared bases, 470 MB, each behind an index of two platforms."""
    images = tuple(
        Image(
            name,
            tuple(Layer(label, max(1, int(size * _MB * scale))) for label, size in layers),
            indexed=True,
        )
        for name, layers in ((n, (*_BASES[base], *own)) for n, (base, own) in _REAL.items())
    )
    return Work("12-images", "12 images on shared bases", images)


def small(count: int) -> Work:
    """Images of 30 KB on one shared base."""
    base = Layer("base", 20 * _KB)
    images = tuple(
        Image(f"small/image{number}", (base, Layer(f"own{number}", 10 * _KB)))
        for number in range(count)
    )
    return Work(f"{count}-small", f"{count} small images", images)


def blobs(count: int, size: int = 10 * _MB) -> Work:
    """One image of equal large layers."""
    layers = tuple(Layer(f"large{number}", size) for number in range(count))
    words = f"1 image of {count} {'layer' if count == 1 else 'layers'} of {size // _MB} MB"
    return Work(f"{count}x{size // _MB}MB", words, (Image(f"large/{count}x{size}", layers),))
