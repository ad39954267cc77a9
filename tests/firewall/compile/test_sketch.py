"""The sketch, word for word as the appendix has it."""

from bellrock.firewall.compile.sketch import ANYWHERE, SHELL, sketch
from bellrock.flows.profiles import catalogue

APPENDIX = """\
# Allow core MAAS flows between node subnets and rack/region
nft add rule inet filter forward udp dport {67,68,69,53,123} counter accept
nft add rule inet filter forward tcp dport {80,443,3128,5240} counter accept
# Refine with src/dst subnets, interfaces, and established/related state
"""


def test_it_is_the_appendix():
    found = sketch(catalogue("standard"))
    assert found.text == APPENDIX
    assert (found.target, found.notices) == ("nftables", (SHELL, ANYWHERE))


def test_it_follows_the_catalogue():
    ports = sketch(catalogue("maas-3")).text.splitlines()[2].partition("{")[2].partition("}")[0].split(",")
    assert ports[:2] == ["5248", "8000"]
    assert {"5240", "5250-5274"} <= set(ports)
    assert sketch(()).text == "".join(line + "\n" for line in APPENDIX.splitlines() if line.startswith("#"))
