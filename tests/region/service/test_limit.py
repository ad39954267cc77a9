"""How often something may go wrong."""

from __future__ import annotations

from bellrock.model import Monotonic
from bellrock.region.service.limit import Bucket


def test_a_burst_then_one_per_interval():
    bucket = Bucket(3, 10.0)
    for _ in range(3):
        assert bucket.wait(Monotonic(100.0)) == 0
        bucket.take(Monotonic(100.0))
    assert bucket.wait(Monotonic(100.0)) == 10.0
    assert bucket.wait(Monotonic(104.0)) == 6.0
    assert bucket.wait(Monotonic(110.0)) == 0
    bucket.take(Monotonic(110.0))
    assert bucket.wait(Monotonic(110.0)) == 10.0
    assert bucket.wait(Monotonic(10_000.0)) == 0
