"""From a site, a place and a platform to the rules: the one way in for commands."""

from typing import Final

from bellrock.firewall.compile.linear import linear
from bellrock.firewall.compile.nftables import nftables
from bellrock.firewall.compile.policy import Artefact, CompileError, Options, Policy, Style, policy
from bellrock.firewall.compile.sketch import sketch
from bellrock.flows.crossing import flows_of
from bellrock.flows.nearest import nearest
from bellrock.flows.passages import Place
from bellrock.flows.site import Site

NATIVE: Final = ("nftables", "iptables", "ip6tables")
"""Platforms that we write ourselves; all others need the extra `vendors`."""


def build(site: Site, place: Place, target: str, options: Options) -> Artefact:
    """The rules of a place for a platform.

    Raises:
        CompileError: there is no such platform or style of it, or it cannot be written; one line.
    """
    if options.style is not Style.SETS and target != "nftables":
        raise CompileError(f"style {options.style} is one of target nftables; {target} has one style")
    if options.style is Style.SKETCH:
        return _sketched(site, options)
    return write(policy(site, place, options), target)


def _sketched(site: Site, options: Options) -> Artefact:
    if options.spoof_guard:
        raise CompileError("style sketch has no spoof guard; use style sets or linear")
    return sketch(flows_of(site))


def write(wanted: Policy, target: str) -> Artefact:
    """A policy as rules of a platform.

    Raises:
        CompileError: as `build`.
    """
    if target == "nftables":
        return linear(wanted) if wanted.options.style is Style.LINEAR else nftables(wanted)
    if target in NATIVE:
        from bellrock.firewall.compile.iptables import ip6tables, iptables

        return iptables(wanted) if target == "iptables" else ip6tables(wanted)
    return _vendor(wanted, target)


def _vendor(wanted: Policy, target: str) -> Artefact:
    from bellrock.firewall.compile.vendors.platforms import PLATFORMS

    if target not in PLATFORMS:
        raise CompileError(f"no target '{target}'; {nearest(target, (*NATIVE, *PLATFORMS))}")
    from bellrock.firewall.compile.vendors import vendor

    return vendor(wanted, target)
