"""Plan and copy images from a source to a sink; it knows neither HTTP nor disk."""

from prewarm.fetch.estimate import Cost, Estimate, estimate
from prewarm.fetch.pin import Pin, pin_all
from prewarm.fetch.plan import ImagePlan, Planner, Wanted
from prewarm.fetch.ports import Observer, Sink, Source
from prewarm.fetch.run import Fetch
from prewarm.fetch.tally import Outcome

__all__ = [
    "Cost",
    "Estimate",
    "Fetch",
    "ImagePlan",
    "Observer",
    "Outcome",
    "Pin",
    "Planner",
    "Sink",
    "Source",
    "Wanted",
    "estimate",
    "pin_all",
]
