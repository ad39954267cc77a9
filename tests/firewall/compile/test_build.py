"""One way in for every platform and style."""

import pytest

from bellrock.firewall.compile.build import NATIVE, build, write
from bellrock.firewall.compile.linear import linear
from bellrock.firewall.compile.nftables import nftables
from bellrock.firewall.compile.policy import CompileError, Options, Style
from tests.firewall.compile.terms import PLACES, SMALL, small


@pytest.mark.parametrize("target", NATIVE)
def test_native_targets(target):
    assert build(SMALL, PLACES["rack"], target, Options()).target == target


def test_styles():
    assert build(SMALL, PLACES["router"], "nftables", Options()) == nftables(small("router"))
    assert write(small("router", style=Style.LINEAR), "nftables") == linear(small("router"))
    assert build(SMALL, PLACES["router"], "nftables", Options(style=Style.SKETCH)).text.startswith("# Allow core")


def test_vendors_are_asked_for_by_name():
    found = build(SMALL, PLACES["router"], "cisco", Options())
    assert found.target == "cisco"
    assert "permit" in found.text


def test_a_style_of_another_target():
    with pytest.raises(CompileError, match="style linear is one of target nftables; iptables has one style"):
        build(SMALL, PLACES["router"], "iptables", Options(style=Style.LINEAR))


def test_an_unknown_target_suggests_the_nearest():
    with pytest.raises(CompileError, match="no target 'nftable'; did you mean 'nftables'"):
        build(SMALL, PLACES["router"], "nftable", Options())
