"""An honest registry for the tests: real HTTP, every request counted, faults by rule."""

from tests.fake_registry.auth import Basic, Bearer
from tests.fake_registry.cdn import FakeCdn
from tests.fake_registry.faults import Fault
from tests.fake_registry.registry import FakeRegistry, Quota
from tests.fake_registry.server import closed_port

__all__ = ["Basic", "Bearer", "FakeCdn", "FakeRegistry", "Fault", "Quota", "closed_port"]
