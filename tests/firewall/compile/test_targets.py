"""The registry: every target is written by `build`, and what is none is told the nearest."""

import pytest

from bellrock.firewall.compile import TARGETS, build
from bellrock.firewall.compile.policy import CompileError, Options
from bellrock.firewall.compile.vendors.platforms import PLATFORMS
from bellrock.flows.site_file import parse
from tests.firewall.compile.vendors.site import GOLDEN, RACK, ROUTER

SITE = parse((GOLDEN / "site.toml").read_bytes(), "site.toml")


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_is_built(target):
    on_host = target in PLATFORMS and PLATFORMS[target].on_host
    artefact = build(SITE, RACK if on_host else ROUTER, target, Options())
    assert artefact.target == target
    assert artefact.text.endswith("\n")
    assert TARGETS[target]


@pytest.mark.parametrize(("word", "nearest"), [("cisko", "cisco"), ("junper", "juniper"), ("nftable", "nftables")])
def test_a_target_that_there_is_not_is_told_the_nearest(word, nearest):
    with pytest.raises(CompileError, match=nearest) as caught:
        build(SITE, ROUTER, word, Options())
    assert "\n" not in str(caught.value)
