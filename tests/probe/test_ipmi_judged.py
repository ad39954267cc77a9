import pytest

from bellrock.model import Verdict
from bellrock.probe.ipmi_judged import Seen, facts, judged, mute, status_words
from bellrock.wire.ipmi import Status, Suite, parse_capabilities
from bellrock.wire.rmcp import Pong


def seen(capabilities="01 84 04 03 000000 00", **more):
    return Seen(capabilities=parse_capabilities(bytes.fromhex(capabilities)), **more)


@pytest.mark.parametrize(
    ("found", "verdict", "words"),
    [
        (seen(opened={17: 0, 0: 0x11}), Verdict.WORKS, "cipher suite 17"),
        (seen(opened={17: 4, 3: 0}), Verdict.WORKS, "cipher suite 3"),
        (seen(opened={17: 0, 0: 0}), Verdict.DEGRADED, "cipher suite 0"),
        (seen(opened={17: 1, 3: 0x0B}), Verdict.DEGRADED, "cipher suite 3: insufficient resources for role (0x0b); others hold"),
        (seen(), Verdict.DEGRADED, "does not answer when a session"),
        (seen("01 04 04 00 000000 00"), Verdict.DEGRADED, "IPMI 1.5 only"),
        (seen("01 85 04 03 000000 00", opened={3: 0}), Verdict.DEGRADED, "type none"),
        (seen("01 84 05 03 000000 00", opened={3: 0}), Verdict.DEGRADED, "without name and password"),
    ],
    ids=range(8),
)  # fmt: skip
def test_verdicts(found, verdict, words):
    result = judged(found)
    assert result.verdict is verdict
    assert words in result.detail


@pytest.mark.parametrize(("ipmi", "verdict"), [(True, Verdict.DEGRADED), (False, Verdict.WRONG_SERVICE)])
def test_pings_alone(ipmi, verdict):
    pong = Pong(1, 4542, ipmi, False)
    result = mute(Seen(pong=pong), pong)
    assert result.verdict is verdict
    assert result.facts == {"presence_pong": True}


def test_facts():
    found = facts(
        seen("0e a0 33 02 a2 02 00 00", suites=(Suite(3, 1, 1, 1), Suite(0x80, 9, 0, 0, 674)), opened={3: 0, 0: 0x12})
    )
    assert found["enterprise"] == 674
    assert found["two_key_login"]
    assert found["cipher_suites"] == [
        {"id": 3, "authentication": "rakp-hmac-sha1", "integrity": "hmac-sha1-96", "confidentiality": "aes-cbc-128"},
        {"id": 0x80, "authentication": "9", "integrity": "none", "confidentiality": "none", "enterprise": 674},
    ]
    assert found["sessions"] == {"3": "opened", "0": "illegal parameter (0x12)"}


def test_every_status_has_words():
    assert all(f"(0x{status:02x})" in status_words(status) for status in Status)
    assert status_words(0xEE) == "status 0xee"
