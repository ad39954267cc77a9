"""The region's processes, over HTTP; several of them in tests/region/cluster."""

from __future__ import annotations

import time

import msgspec

from bellrock.region.api.cluster import ProcessView
from bellrock.region.service.membermetrics import VERSION
from tests.region.support import asynchronous, region


@asynchronous
async def test_one_alone_is_the_one_that_leads(tmp_path):
    before = time.time()
    async with region(tmp_path, name="north", urls=("https://north.example:5443",)) as running:
        (one,) = msgspec.convert(await running.get("cluster"), list[ProcessView])
        assert (one.id, one.name, one.version, one.leads) == ("", "north", VERSION, True)
        assert one.urls == running.ready.regions
        assert before <= one.started <= time.time()
        assert await running.get("cluster", limit="1") == await running.get("cluster")
