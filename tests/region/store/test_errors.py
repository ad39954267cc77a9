"""What the store raises is told apart by what may be done about it."""

import pytest

from bellrock.region.errors import RegionError
from bellrock.region.store import FeedLost, NotStored, StoreAway, StoreError, StoreFull, StoreRefused


def test_a_store_that_cannot_be_used_stops_a_region():
    assert issubclass(StoreError, RegionError)


@pytest.mark.parametrize(
    ("kind", "event"), [(StoreFull, "store-full"), (StoreAway, "store-away"), (StoreRefused, "store-refuses")]
)
def test_what_was_not_stored_has_a_name_in_the_log(kind, event):
    assert issubclass(kind, NotStored)
    assert kind.event == event
    assert not issubclass(FeedLost, NotStored)
