"""The store on disk, an OCI image layout 1.1: a reading half and a writing half.

Nothing else touches its folder. Reading needs no lock, ever: what a name leads to is durable
before the name appears, and every file appears whole, by rename.
"""

from prewarm.layout.image import Image, read_image
from prewarm.layout.ingest import Ingest
from prewarm.layout.reader import Entry, LayoutReader
from prewarm.layout.writer import LayoutWriter

__all__ = ["Entry", "Image", "Ingest", "LayoutReader", "LayoutWriter", "read_image"]
