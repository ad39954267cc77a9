"""`bellrock cluster`, against a region that serves."""

import json
from importlib.metadata import version

from tests.cli.people import asked


def test_a_region_alone_leads(tmp_path):
    with asked(tmp_path) as run:
        line = run("cluster").stdout.rstrip().splitlines()[-1]
        assert line.split()[:3] == ["region", "leads", version("bellrock")]
        (one,) = json.loads(run("cluster", "--json").stdout)
        assert (one["name"], one["leads"], one["version"], one["id"]) == ("region", True, version("bellrock"), "")
        assert one["started"] > 1.7e9
