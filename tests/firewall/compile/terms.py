"""Policies for tests of the emitters: terms made by hand, and whole sites."""

from ipaddress import ip_network
from pathlib import Path

from hypothesis import strategies as st

from bellrock.firewall.compile.policy import Options, Policy, Term, _ports, policy
from bellrock.flows.passages import Hook, Party, Place
from bellrock.flows.site_file import parse
from bellrock.flows.values import Protocol, Reach, Role, Stance

GOLDEN = Path(__file__).parents[1] / "golden"
SMALL = parse((GOLDEN / "small.toml").read_bytes(), "small.toml")
PLACES = {
    "router": Place(),
    "bmc-gateway": Place(gateway_of=Role.BMC),
    "node": Place(roles=(Role.NODE,)),
    "rack": Place(roles=(Role.RACK,)),
    "region": Place(roles=(Role.REGION,)),
    "rack-region": Place(roles=(Role.RACK, Role.REGION)),
}


def party(name, *texts):
    networks = [ip_network(text) for text in texts]
    return Party(name, networks[0].version, tuple((int(n[0]), int(n[-1])) for n in networks))


NODE, RACK = party("node", "10.1.0.0/24", "10.3.0.0/24"), party("rack", "10.0.0.2")
NODE6, RACK6 = party("node-v6", "fd00:1::/64"), party("rack-v6", "fd00::2")
ANYONE = party("anyone", "0.0.0.0/0")


def term(**changed):
    fields = {
        "flow": "web", "title": "Web", "note": "", "exchange": "ask", "hook": Hook.FORWARD, "family": 4,
        "protocol": Protocol.TCP, "source": NODE, "destination": RACK, "source_ports": (), "destination_ports": ((80, 80),),
        "types": (), "reach": Reach.ROUTED, "helper": "", "expected": False, "answered": True, "stance": Stance.NEEDED,
        "in_interfaces": (), "out_interfaces": (), "why": "RFC 9110 §4.2.1: port 80",
    }  # fmt: skip
    return Term(**(fields | changed))


def of(*terms, place=PLACES["router"], guards=(), notices=(), **options):
    parties = dict.fromkeys(party for one in terms for party in (one.source, one.destination))
    return Policy(
        place=place, terms=terms, parties=tuple(parties), guards=guards, options=Options(**options), notices=notices
    )


def small(place, **options):
    return policy(SMALL, PLACES[place], Options(**options))


_PORTS = st.lists(
    st.tuples(st.integers(1, 65535), st.integers(0, 3000)).map(lambda p: (p[0], min(65535, p[0] + p[1]))),
    min_size=0, max_size=3,
).map(tuple).map(_ports)  # fmt: skip


@st.composite
def policies(draw):
    """Any terms that a catalogue could hold; each with a flow id of its own."""
    terms = []
    for number in range(draw(st.integers(0, 12))):
        protocol = draw(st.sampled_from(Protocol))
        six = protocol is Protocol.ICMPV6 or (protocol in (Protocol.TCP, Protocol.UDP) and draw(st.booleans()))
        ported = protocol in (Protocol.TCP, Protocol.UDP)
        stance = draw(st.sampled_from(Stance))
        terms.append(
            term(
                flow=f"flow-{number}", protocol=protocol, family=6 if six else 4, source=NODE6 if six else NODE,
                destination=RACK6 if six else draw(st.sampled_from((RACK, ANYONE))),
                destination_ports=draw(_PORTS) if ported else (), source_ports=draw(_PORTS) if ported else (),
                types=() if ported else draw(st.sampled_from(((), ((3, None),), ((3, 4), (8, None)), ((8, 0),)))),
                stance=stance, expected=stance is Stance.NEEDED and draw(st.booleans()),
                helper="tftp" if protocol is Protocol.UDP and draw(st.booleans()) else "",
                in_interfaces=draw(st.sampled_from(((), ("eth0",), ("a", "b", "c", "d", "e")))),
            )
        )  # fmt: skip
    return of(*terms, explain=draw(st.booleans()), log=draw(st.booleans()))
