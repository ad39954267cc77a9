"""Every platform's text: as it was, and noticed wherever it is not as it was meant."""

import os
import random
import re
from functools import cache
from itertools import product

import pytest

from bellrock.firewall.compile.policy import CompileError
from bellrock.firewall.compile.vendors import check, vendor
from bellrock.firewall.compile.vendors.platforms import PLATFORMS
from bellrock.firewall.compile.vendors.prepare import prepare
from tests.firewall.compile.vendors.site import GOLDEN, policy_for

SEED = int(os.environ.get("BELLROCK_SEED", "1"))
TRIES = 25

# What a text may say any way it likes: nothing passes or is dropped by it.
_CISCO = r"^ *!.*|^ *remark.*|^no .*|^exit|^clear configure .*|^access-list \S+ remark.*|access-list (extended )?\S+"
_JUNOS = r"/\*.*?\*/|(filter|term) \S+"
_JSON = r'"(sequence-id|name|description|_annotate|_annotate_description)": .*|"ipv[46]": |^ *[\[\]{}]+,?$'
SILENT = {
    **dict.fromkeys(("cisco", "nxos", "xr", "brocade", "arista", "asa"), _CISCO),
    "arista_tp": r"^ *!.*|prefix (0\.0\.0\.0|::)/0$|^ *(source|destination)(?= prefix (0\.0\.0\.0|::)/0$)|^traffic-policies|(no )?traffic-policy .*|(?<=match )\S+",
    **dict.fromkeys(("juniper", "juniperevo", "srxlo"), _JUNOS),
    "srx": r"/\*.*?\*/|policy \S+|inactivity-timeout \d+|term t\d+",
    **dict.fromkeys(("nokiasrl", "openconfig", "sonic"), _JSON),
    "paloalto": r"<!--.*?-->|<\?xml.*?\?>|<(category|subcategory|technology|description|risk)>.*?</\w+>|<(tag|application-group)/>"
    r'|version="\S+"|urldb|<entry name="[a-z0-9-]+-v[46](-\d+)?">|vsys\d',
    "fortigate": r'^#.*|set (name|comments|logtraffic) .*|^ *(next|end)$|edit \d+$|-v[46]-\d+"',
    "windows": r"^:.*|^netsh advfirewall firewall delete .*|name=\S+|icmpv[46]",
    "kubernetes": r"^#.*|comment: ('[^']*'|[^']*?(?=\n    name:))|name: \S+|apiVersion: .*|annotations: \{\}",
}


@cache
def built(target):
    platform = PLATFORMS[target]
    policy = policy_for(target)
    rules, _ = prepare(policy, platform, target)
    return platform, rules, vendor(policy, target)


@pytest.mark.parametrize("target", PLATFORMS)
def test_the_text_is_as_it_was(target):
    """To write the files anew: BELLROCK_WRITE_GOLDEN=1."""
    path = GOLDEN / f"{target}.txt"
    text = built(target)[2].text
    if os.environ.get("BELLROCK_WRITE_GOLDEN"):
        path.write_text(text)
    assert text == path.read_text()


@pytest.mark.parametrize("target", PLATFORMS)
def test_what_a_platform_cannot_say_stands_in_its_text(target):
    platform, _, artefact = built(target)
    assert artefact.notices
    assert artefact.target == target
    before, after = platform.remark
    if before:
        for notice in artefact.notices:
            assert f"{before}{notice}{after}" in artefact.text
    elif target == "nokiasrl":
        assert all(notice in artefact.text for notice in artefact.notices)


def telling(target):
    """The text, and for each octet of it whether it matters."""
    text = built(target)[2].text
    matters = bytearray(b"\1" * len(text))
    for part in re.finditer(
        SILENT[target], text, re.DOTALL | re.MULTILINE if "/\\*" in SILENT[target] else re.MULTILINE
    ):
        matters[part.start() : part.end()] = bytes(part.end() - part.start())
    return text, matters


def assert_noticed(target, text, what):
    """That a changed text is not taken for the right one; or else says the same in other words, which the reader has seen."""
    platform, rules, artefact = built(target)
    try:
        check(rules, text, platform, target)
    except CompileError:
        return
    before, after = platform.read(artefact.text), platform.read(text)
    assert before != after, f"its reader is blind for {what}"
    points = [point for rule in {*before} ^ {*after} for point in corners(rule)]
    assert points
    for point in points:
        assert passes(before, point) == passes(after, point), f"{what}: {point}"


def corners(rule):
    """Packets at the edges of a rule and just beyond."""
    sides = (rule.sources, rule.destinations, rule.source_ports, rule.destination_ports)
    edges = [
        sorted({n for first, last in side for n in (first - 1, first, last, last + 1) if n >= 0}) for side in sides
    ]
    kinds = [(kind, code or 0) for kind, code in rule.types] or [(8, 0), (3, 1)]
    head = (rule.direction, rule.family, rule.protocol, rule.established)
    return [(*head, *point) for point in product(*edges, kinds)]


def passes(rules, point):
    """First match, as the compared code does not do it: one packet at a time."""
    direction, family, protocol, established, source, destination, source_port, destination_port, kind = point
    for rule in rules:
        ends = ((rule.sources, source), (rule.destinations, destination))
        ports = ((rule.source_ports, source_port), (rule.destination_ports, destination_port))
        if (
            (rule.direction, rule.family) == (direction, family)
            and rule.protocol in (None, protocol)
            and (established or not rule.established)
            and all(any(first <= value <= last for first, last in side) for side, value in (*ends, *ports))
            and (not rule.types or kind in rule.types or (kind[0], None) in rule.types)
        ):
            return rule.accept
    return False


@pytest.mark.parametrize("target", PLATFORMS)
def test_a_line_that_is_missing_is_missed(target):
    text, matters = telling(target)
    lines = [line.span() for line in re.finditer(r".*\n", text)]
    places = [(a, b) for a, b in lines if any(matters[at] and not text[at].isspace() for at in range(a, b))]
    assert len(places) > 20
    for first, last in random.Random(SEED).sample(places, min(TRIES, len(places))):
        assert_noticed(target, text[:first] + text[last:], f"without {text[first:last]}")


@pytest.mark.parametrize("target", PLATFORMS)
def test_a_number_that_is_another_is_noticed(target):
    """A wider or narrower prefix, a neighbouring port, another host, another type, another name of a group."""
    text, matters = telling(target)
    places = [part.span() for part in re.finditer(r"\d+", text) if matters[part.start()]]
    assert len(places) > 50
    for first, last in random.Random(SEED).sample(places, TRIES):
        for value in {int(text[first:last]) + 1, max(int(text[first:last]) - 1, 0)} - {int(text[first:last])}:
            assert_noticed(target, f"{text[:first]}{value}{text[last:]}", f"{value} in {line_at(text, first)}")


def line_at(text, at):
    return text[text.rfind("\n", 0, at) + 1 : text.find("\n", at)]


SWAPS = {
    "permit": "deny", "deny": "permit", "accept": "discard", "discard": "accept", "allow": "block", "tcp": "udp", "udp": "tcp",
    "ACCEPT": "DROP", "DROP": "ACCEPT", "TCP": "UDP", "UDP": "TCP", "drop": "accept", "block": "allow", "Ingress": "Egress",
    "source": "destination", "destination": "source", "src": "dst", "remoteip": "localip", "in": "out",
}  # fmt: skip


@pytest.mark.parametrize("target", PLATFORMS)
def test_a_word_that_is_another_is_noticed(target):
    text, matters = telling(target)
    words = re.finditer("|".join(rf"\b{one}\b" for one in SWAPS), text)
    places = [word.span() for word in words if matters[word.start()]]
    assert len(places) > 20
    for first, last in random.Random(SEED).sample(places, min(TRIES, len(places))):
        other = SWAPS[text[first:last]]
        assert_noticed(target, f"{text[:first]}{other}{text[last:]}", f"{other} in {line_at(text, first)}")


def test_a_text_that_says_something_else_is_never_handed_out(monkeypatch):
    policy = policy_for("cisco")
    right = vendor(policy, "cisco").text
    monkeypatch.setattr(
        "bellrock.firewall.compile.vendors.generate", lambda *_, **__: right.replace("10.1.0.0 0.0.1.255", "any", 1)
    )
    with pytest.raises(CompileError) as caught:
        vendor(policy, "cisco")
    assert "cisco: what was generated says something else: accepted, not needed: IPv4 udp" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_text_that_cannot_be_read_is_never_handed_out():
    platform, rules, artefact = built("cisco")
    with pytest.raises(CompileError, match="cannot be read back: unknown protocol 'sctp'"):
        check(rules, artefact.text.replace("permit tcp", "permit sctp", 1), platform, "cisco")
    with pytest.raises(CompileError, match="is not denied"):
        check(rules, artefact.text.replace(" deny ip any any\n", "", 1), platform, "cisco")
