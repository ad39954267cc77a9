import pytest

from bellrock.firewall.compile.vendors.readback.srx import read
from bellrock.firewall.compile.vendors.rules import ReadbackError
from bellrock.flows.values import Protocol

BOOK = (
    "address N_0 10.0.0.0/31; address N_1 10.0.0.4/32; address S_0 fd00::1/128;"
    " address-set N { address N_0; address N_1; } address-set S { address S_0; }"
)
APPLICATIONS = (
    "application w1 { term t1 protocol tcp source-port 1-9 destination-port 80; } application w2 { term t2 protocol tcp; }"
    " application i { term t1 protocol icmp icmp-type 3 icmp-code 4 inactivity-timeout 60; }"
    " application-set w { application w1; application w2; }"
)
LAST = "policy z { match { source-address any; destination-address any; application any; } then { deny; } }"


def policy(source="N", destination="N", application="w", then="permit;"):
    match = f"source-address [ {source} ]; destination-address [ {destination} ]; application {application};"
    return f"policy p {{ match {{ {match} }} then {{ {then} }} }}"


def document(policies, book=BOOK, applications=APPLICATIONS, zone="global"):
    return (
        f"security {{ replace: address-book {{ global {{ {book} }} }} replace: policies {{ {zone} {{ {policies} }} }} }}"
        f" replace: applications {{ {applications} }}"
    )


def test_names_stand_for_what_the_book_says():
    rules = read(document(policy() + LAST))
    first, second, *last = rules
    assert first.sources == first.destinations == ((10 << 24, (10 << 24) + 1), ((10 << 24) + 4,) * 2)
    assert (first.source_ports, first.destination_ports) == (((1, 9),), ((80, 80),))
    assert second.protocol is Protocol.TCP
    assert [(one.family, one.takes_all) for one in last] == [(4, True), (6, True)]


def test_types_and_codes():
    (rule,) = read(document(policy(application="i")))
    assert (rule.protocol, rule.types) == (Protocol.ICMP, ((3, 4),))


def test_ends_of_two_families_meet_nowhere():
    assert read(document(policy(destination="S"))) == []


def test_any_at_one_end_is_everybody_of_the_other_ends_family():
    assert {rule.family for rule in read(document(policy(source="any", destination="S")))} == {6}


@pytest.mark.parametrize(
    "text",
    [
        "system { }",
        "security { zones { } }",
        document(policy(source="X")),
        document(policy(application="x")),
        document(policy(then="permit; log;")),
        document(LAST.replace("deny", "permit")),
        document("policy p { match { source-address N; } }"),
        document("policy p { match { source-address N; application w; } then { permit; } }"),
        document(policy(), zone="from-zone a to-zone b"),
        document(policy(), book="address-range N;"),
        document(policy(), book="address-set N { range x; }"),
        document(policy(), applications="application w { term t1 protocol tcp ttl 3; }"),
        document(policy(), applications="application w { term t1 destination-port 3; }"),
        document(policy(), applications="group w { }"),
    ],
)
def test_what_it_does_not_know_is_refused(text):
    with pytest.raises(ReadbackError):
        read(text)
