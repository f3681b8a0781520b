"""Plan and copy images from a source to a sink; it knows neither HTTP nor disk."""

from prewarm.fetch.pin import Pin, pin_all
from prewarm.fetch.plan import ImagePlan, Wanted
from prewarm.fetch.ports import Observer, Sink, Source
from prewarm.fetch.run import Fetch
from prewarm.fetch.tally import Outcome

__all__ = [
    "Fetch",
    "ImagePlan",
    "Observer",
    "Outcome",
    "Pin",
    "Sink",
    "Source",
    "Wanted",
    "pin_all",
]
