"""Every scenario, five random healthy networks and four pairs of faults: each is named right, and nothing else. Two run at a time."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from bellrock.lab.scenario import parse
from bellrock.lab.scenario.healthy import healthy
from bellrock.lab.scenario.pairs import pairs
from bellrock.lab.scenario.run import SIDE_BY_SIDE, run, run_pair

pytestmark = pytest.mark.lab
SEED = 20
KNOWN = [parse.scenario(name) for name in parse.names()]
RANDOM = [healthy(seed) for seed in range(SEED, SEED + 5)]
PAIRS = pairs(KNOWN, 4, SEED)
JOBS = {
    **{one.name: partial(run, one) for one in KNOWN},
    **{one.name: partial(run, one, world) for one, world in RANDOM},
    **{one.name: partial(run_pair, one) for one in PAIRS},
}


@pytest.fixture(scope="module")
def reports(request):
    """Those that were asked for, as they come to be."""
    asked = [
        item.callspec.params["name"]
        for item in request.session.items
        if getattr(item, "module", None) is request.module
    ]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        yield {name: pool.submit(JOBS[name]) for name in asked}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", JOBS)
def test_what_is_wrong_is_named_and_nothing_else(reports, name):
    report = reports[name].result()
    assert not report.error, report.error
    told = [f"{one.get('severity')} {one.get('id')}: {one.get('what')}" for one in report.findings]
    assert report.right, (report.judgement, told)
