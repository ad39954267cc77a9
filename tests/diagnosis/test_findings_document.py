"""One shape of findings: every key, the same identity, and back again."""

import json

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bellrock.diagnosis.findings_document import FindingDocument, all_told, heard, key, told
from bellrock.model import Confidence, Finding, Severity

WHOLE = Finding(
    id="dhcp-two-servers", severity=Severity.ERROR, what="Two servers answer node-1 on VLAN 10", host="rack-1", interface="eth1", vid=10,
    flow="dhcp", client="02:00:00:00:00:01", address="10.0.0.99", cause="host-7 runs libvirt's dnsmasq.", proof=("packet 14 offers 10.0.0.9",),
    evidence=("packet 14",), confidence=Confidence.LIKELY, fix=("virsh net-destroy default",), recheck="bellrock probe dhcp eth1",
    symptoms=("node-1 has no boot file",),
)  # fmt: skip
texts = st.text(max_size=8)
findings = st.builds(
    Finding, id=texts, severity=st.sampled_from(Severity), what=texts, host=texts, interface=texts, vid=st.none() | st.integers(0, 4095), flow=texts,
    client=texts, address=texts, cause=texts, proof=st.lists(texts).map(tuple), evidence=st.lists(texts).map(tuple), recheck=texts,
    confidence=st.sampled_from(Confidence), fix=st.lists(texts).map(tuple), symptoms=st.lists(texts).map(tuple),
)  # fmt: skip


def test_the_shape():
    assert json.loads(msgspec.json.encode(told(WHOLE))) == {
        "id": "dhcp-two-servers",
        "key": key(WHOLE),
        "severity": "error",
        "what": "Two servers answer node-1 on VLAN 10",
        "where": {
            "host": "rack-1", "interface": "eth1", "vlan": 10, "flow": "dhcp", "client": "02:00:00:00:00:01", "address": "10.0.0.99",
        },
        "cause": "host-7 runs libvirt's dnsmasq.",
        "proof": ["packet 14 offers 10.0.0.9"],
        "evidence": ["packet 14"],
        "confidence": "likely",
        "fix": ["virsh net-destroy default"],
        "recheck": "bellrock probe dhcp eth1",
        "symptoms": ["node-1 has no boot file"],
    }  # fmt: skip


def test_every_key_is_there_although_little_is_known():
    bare = Finding(id="a", severity=Severity.NOTICE, what="b", proof=("c",))
    shown = json.loads(msgspec.json.encode(told(bare)))
    assert shown.keys() == json.loads(msgspec.json.encode(told(WHOLE))).keys()
    assert shown["where"] == {"host": "", "interface": "", "vlan": None, "flow": "", "client": "", "address": ""}
    assert (shown["cause"], shown["evidence"], shown["confidence"]) == ("", [], "certain")


@given(findings)
def test_what_was_told_can_be_heard(one):
    assert heard(told(one)) == one
    text = msgspec.json.encode(told(one))
    assert heard(msgspec.json.decode(text, type=FindingDocument)) == one


@given(findings, findings)
def test_a_key_is_of_the_rule_and_the_place_alone(one, other):
    words = {
        "what": other.what,
        "proof": other.proof,
        "cause": other.cause,
        "severity": other.severity,
        "confidence": other.confidence,
    }
    assert key(replace(one, **words)) == key(one)
    same = [
        getattr(one, name) == getattr(other, name)
        for name in ("id", "host", "interface", "vid", "flow", "client", "address")
    ]
    assert (key(one) == key(other)) is all(same)


def test_a_key_is_one_word_that_lasts():
    assert key(WHOLE) == "dhcp-two-servers-" + key(WHOLE)[-12:]
    assert key(replace(WHOLE, host="", interface="rack-1eth1")) != key(replace(WHOLE, host="rack-1eth1", interface=""))
    assert (
        key(Finding(id="no-carrier", severity=Severity.ERROR, what="", proof=(), host="a", interface="b"))
        == "no-carrier-9c8ce7235793"
    )


def test_the_order_is_kept():
    assert [one.what for one in all_told([WHOLE, replace(WHOLE, what="second")])] == [WHOLE.what, "second"]
