import pytest

from bellrock.firewall.compile.vendors.readback.panos import read
from bellrock.firewall.compile.vendors.rules import ReadbackError
from bellrock.flows.values import Protocol


def members(**parts):
    return "".join(
        f"<{tag}>" + "".join(f"<member>{one}</member>" for one in names.split()) + f"</{tag}>"
        for tag, names in parts.items()
    )


def rule(action="allow", extra="", **parts):
    said = {
        "to": "any",
        "from": "any",
        "source": "A",
        "destination": "A",
        "service": "s",
        "application": "any",
        **parts,
    }
    return f'<entry name="r">{members(**said)}<action>{action}</action>{extra}</entry>'


SERVICE = "<entry name='s'><protocol><udp><port>69,80-90</port><source-port>5</source-port></udp></protocol></entry>"
ICMP = (
    "<entry name='i'><default><ident-by-icmp-type><type>3</type><code>4</code></ident-by-icmp-type></default></entry>"
)
ICMP6 = "<entry name='j'><default><ident-by-icmp6-type><type>2</type></ident-by-icmp6-type></default></entry>"
BOOK = "".join(
    f'<entry name="{name}"><ip-netmask>{net}</ip-netmask></entry>'
    for name, net in (("A_0", "10.0.0.0/31"), ("A_1", "fd00::1/128"))
)


def document(rules, service=SERVICE, application=ICMP + ICMP6, systems=1):
    system = (
        f"<entry name='v'><application>{application}</application><service>{service}</service><rulebase><security><rules>"
        f"{rules}</rules></security></rulebase><address-group><entry name='A'><static><member>A_0</member>"
        f"<member>A_1</member></static></entry></address-group><address>{BOOK}</address></entry>"
    )
    return f"<config><devices><entry><vsys>{system * systems}</vsys></entry></devices></config>"


def test_a_rule_is_one_for_each_family_that_both_ends_have():
    four, six = read(document(rule()))
    assert (four.family, six.family) == (4, 6)
    assert four.sources == ((10 << 24, (10 << 24) + 1),)
    assert (four.source_ports, four.destination_ports) == (((5, 5),), ((69, 69), (80, 90)))
    (only,) = read(document(rule(source="A_1", destination="any")))
    assert only.family == 6


def test_applications_are_icmp():
    found = read(document(rule(service="application-default", application="i j", source="A_0", destination="A_0")))
    assert [(one.protocol, one.types) for one in found] == [(Protocol.ICMP, ((3, 4),)), (Protocol.ICMPV6, ((2, None),))]


def test_the_last_rule_denies_all():
    everything = {"source": "any", "destination": "any", "service": "any"}
    assert [(one.takes_all, one.accept) for one in read(document(rule("deny", **everything)))] == [(True, False)] * 2
    with pytest.raises(ReadbackError, match="allows everything"):
        read(document(rule(**everything)))


@pytest.mark.parametrize(
    "text",
    [
        "<config>",
        document(rule(), systems=2),
        document(rule("reset-both")),
        document(rule(extra="<schedule>night</schedule>")),
        document(rule(to="dmz")),
        document(rule(source="X")),
        document(rule(service="x")),
        document(rule(service="s", application="i")),
        document(rule(), service=SERVICE.replace("udp", "sctp")),
        document(rule(), service=SERVICE.replace("source-port", "override")),
        document(rule(), application="<entry name='i'><default><port/></default></entry>"),
    ],
)
def test_what_it_does_not_know_is_refused(text):
    with pytest.raises(ReadbackError):
        read(text)
