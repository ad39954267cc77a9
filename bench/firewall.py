"""Rules written, loaded, passed through and judged: for 5,000 subnets and 200 racks, for 10,000 foreign rules, and beside the kernel.

The kernel's forwarding rate is compared with that through connection tracking alone, in turns, in the same minutes.
"""

import json
import subprocess
import sys
import time

from bench._report import Figure, at_least, at_most, plain, report
from bench._site import RACKS, SUBNETS, large, node4, rack4

FOREIGN = 10_000
LINEAR = (60, 4)
"""Subnets and racks of the site whose policy is also written as linear rules: their number is a product."""


def main() -> int:
    if sys.argv[1:] == ["foreign"]:
        return foreign()
    if sys.argv[1:] == ["differential"]:
        return differential()
    text = Compiled()
    ok = report(
        "firewall",
        [
            *text.figures,
            *forwarded(text.rules),
            *own_verdict(text),
            *in_a_process_of_its_own("foreign"),
            *in_a_process_of_its_own("differential"),
        ],
    )
    return 0 if ok else 1


class Compiled:
    """The large site's rules for a router, from its file to the text, and how long that took."""

    def __init__(self) -> None:
        from bellrock import flows
        from bellrock.firewall.compile import build
        from bellrock.firewall.compile.policy import Options

        raw = large().encode()
        began = time.perf_counter()
        self.site = flows.parse(raw, "large.toml")
        parsed = time.perf_counter()
        self.rules = build(self.site, flows.Place(), "nftables", Options()).text
        written = time.perf_counter()
        self.listing, loading = load(self.rules)
        self.figures = [
            plain("node subnets", SUBNETS, "subnets"),
            plain("racks", RACKS, "racks"),
            plain("reading the site's file", parsed - began, "s"),
            at_most("compile: the large site -> nftables, its file read", written - began, "s", 1),
            at_most("the ruleset loads (nft -f)", loading, "s", 1),
        ]


def load(rules: str) -> tuple[bytes, float]:
    """What nft lists of the rules once they are loaded in a namespace of their own, and the seconds that loading took."""
    from bench._namespaces import Namespace

    there = Namespace()
    try:
        began = time.perf_counter()
        subprocess.run(there.command("nft", "-f", "-"), input=rules, text=True, check=True)
        loading = time.perf_counter() - began
        return there.run("nft", "-j", "list", "ruleset").encode(), loading
    finally:
        there.close()


def forwarded(rules: str) -> list[Figure]:
    """Small packets through the rules, against connection tracking alone."""
    from bellrock import flows
    from bellrock.firewall.compile import build
    from bellrock.firewall.compile.policy import Options, Style
    from bench._forwarding import TRACKING, Traffic, rates

    def traffic(subnets: int, racks: int) -> Traffic:
        """Questions to the name servers on the racks, from all over the site."""
        ends = [
            (node4(at * 37 % subnets).replace(".0/25", f".{2 + at % 120}"), rack4(at % racks), 53) for at in range(4000)
        ]
        return Traffic("10.0.0.0/8", "172.16.0.0/12", ends, ends[:: len(ends) // 200])

    found = rates({"tracking": TRACKING, "ours": rules}, traffic(SUBNETS, RACKS))
    site = flows.parse(large(*LINEAR).encode(), "small.toml")
    texts = {
        style: build(site, flows.Place(), "nftables", Options(style=style)).text for style in (Style.SETS, Style.LINEAR)
    }
    small = rates({"tracking": TRACKING, **texts}, traffic(*LINEAR))
    count = texts[Style.LINEAR].count(" accept ")
    return [
        plain("forwarding: connection tracking alone", found["tracking"], "packets/s"),
        plain("forwarding: our ruleset", found["ours"], "packets/s"),
        at_least("forwarding: ours / tracking alone", found["ours"] / found["tracking"], "times", 0.9),
        plain(
            f"{LINEAR[0]} subnets, {LINEAR[1]} racks, as sets / tracking alone",
            small[Style.SETS] / small["tracking"],
            "times",
        ),
        plain(f"the same as {count:,} linear rules / tracking alone", small[Style.LINEAR] / small["tracking"], "times"),
    ]  # fmt: skip


def own_verdict(text: Compiled) -> list[Figure]:
    """The verdict on our own rules: all needed flows, both ways."""
    from bellrock import flows
    from bellrock.firewall.verify.check import check
    from bellrock.firewall.verify.read import read_nft

    began = time.perf_counter()
    ruleset = read_nft(text.listing)
    seen = check(ruleset, text.site, flows.Place())
    took = time.perf_counter() - began
    wrong = [row for row in seen.flows if (row.verdict == "passes") != (row.wanted == "pass")]
    return [
        plain("verify: crossings judged, both ways", len(seen.flows), "verdicts"),
        at_most("verify: the large ruleset, all flows", took, "s", 2),
        at_most("verify: verdicts on it that are not as wanted", len(wrong), "verdicts", 0),
        at_most("verify: sets of packets that pass and no flow needs", len(seen.wider), "sets", 0),
    ]


def foreign() -> int:
    """Judge a ruleset of 10,000 linear rules; prints JSON for the process that asked."""
    import resource

    from bellrock import flows
    from bellrock.firewall.verify.check import check
    from bellrock.firewall.verify.read import read_nft
    from bench._rulesets import as_json
    from bench._rulesets import foreign as text

    raw = as_json(text(FOREIGN))
    site = flows.parse(large(200, 20).encode(), "foreign.toml")
    began = time.perf_counter()
    seen = check(read_nft(raw), site, flows.Place())
    took = time.perf_counter() - began
    resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = [
        plain("foreign: rules", FOREIGN, "rules"),
        at_most("verify: 10,000 foreign linear rules", took, "s", 10),
        at_most("verify: resident, at most", resident, "MiB", 1024),
        plain("foreign: rules that nothing can match", len(seen.dead), "rules"),
        plain("foreign: rules shadowed by earlier ones", len(seen.shadowed), "rules"),
        plain("foreign: sets of packets wider than needed", len(seen.wider), "sets"),
    ]
    return told(figures)


def differential() -> int:
    """Random rulesets and packets, judged by the kernel and by the verifier; prints JSON for the process that asked."""
    from bench._differential import conversations_against_kernel, verify_against_kernel

    return told([*verify_against_kernel(seed=int(time.time())), *conversations_against_kernel()])


def told(figures: list[Figure]) -> int:
    """Hand figures to the process that asked."""
    from msgspec import to_builtins

    print(json.dumps([to_builtins(figure) for figure in figures]))
    return 0


def in_a_process_of_its_own(what: str) -> list[Figure]:
    """Figures from a run whose memory, or whose namespaces, are its own."""
    from msgspec import convert

    done = subprocess.run([sys.executable, "-m", "bench.firewall", what], stdout=subprocess.PIPE, check=True)
    return convert(json.loads(done.stdout), list[Figure])


if __name__ == "__main__":
    sys.exit(main())
