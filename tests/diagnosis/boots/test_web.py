"""Steps `http-boot`, `metadata`, `proxy`, `mirror`."""

import pytest
from msgspec.structs import replace

from bellrock.diagnosis.boots.web import steps
from bellrock.diagnosis.packets import Alert
from tests.diagnosis.boots.test_part import part
from tests.diagnosis.wires import NODE_IP, RACK_IP, complaint, conversation, get, leased, ns, packet, response

HTTP = f"{RACK_IP}:80"


def told(*things, stage="firmware", **more):
    one = replace(part(leased(0), *things, **more), stages=((ns(0), stage),))
    return [(step.step, step.stage, step.outcome, step.what) for step in steps(one)]


def fetch(target="/boot.efi", at=1.0, status=200, *, head=None, agent="", method="GET", **talk):
    talk = {"flow": "http-boot"} | talk
    answer = response(status, at + 0.01, head=head) if status else None
    destination = talk.get("destination", RACK_IP)
    return get(target, at, destination=destination, agent=agent, method=method), answer, conversation(at=at, **talk)


def test_a_boot_file():
    assert told(fetch(agent="UefiHttpBoot/1.0", head={"length": 4096})) == [
        ("http-boot", "firmware", "worked", f"/boot.efi from {HTTP}, 4.0 KiB")
    ]
    assert told(fetch(agent="iPXE/1.21"))[0][1] == "ipxe"
    assert told(fetch(flow=""))[0][0] == "http-boot"
    assert told(fetch(flow=""), stage="installer") == []


def test_a_connection_that_is_kept_open_is_not_the_time_that_a_short_file_took():
    """iPXE keeps it for 10 s."""
    script = fetch("/boot.ipxe", head={"length": 18}, until=11.0)
    assert told(script)[0][3] == f"/boot.ipxe from {HTTP}, 18 octets"
    assert told(fetch(head={"length": 4096}, until=11.0))[0][3].endswith("4.0 KiB in 10.0 s")


def test_what_the_server_refuses():
    assert told(fetch(status=404, head={"reason": "Not Found"})) == [
        ("http-boot", "firmware", "failed", f"/boot.efi from {HTTP}: 404 Not Found")
    ]


@pytest.mark.parametrize(
    ("given", "step"),
    [
        (fetch("/MAAS/metadata/latest/", flow="api"), "metadata"), (fetch("/x", flow="api"), "metadata"),
        (fetch("/latest/meta-data/", flow="", destination="169.254.169.254"), "metadata"),
        (fetch("/ubuntu/dists/noble/InRelease", flow=""), "mirror"), (fetch("/x", flow="apt"), "mirror"),
        (fetch("http://archive.ubuntu.com/ubuntu/dists/", flow="proxy"), "proxy"), (fetch("x:443", method="CONNECT", flow=""), "proxy"),
        (fetch("/images/squashfs", flow="http-boot"), "http-boot"),
    ],
    ids=["maas", "api", "cloud", "apt", "mirror", "proxy", "connect", "image"],
)  # fmt: skip
def test_what_is_fetched_tells_which_step_it_is(given, step):
    assert [one[0] for one in told(given, stage="installer")] == [step]


def test_requests_on_one_connection_are_answered_in_their_order():
    first, second = get("/a", 1), get("/b", 2)
    found = told(
        first,
        response(200, 1.1),
        second,
        response(404, 2.1, head={"reason": "Not Found"}),
        conversation(at=1, flow="http-boot"),
    )
    assert [(one[2], one[3]) for one in found] == [
        ("worked", f"/a from {HTTP}"),
        ("failed", f"/b from {HTTP}: 404 Not Found"),
    ]


def test_a_request_without_answer():
    assert told(fetch(status=0))[0][2:] == ("unanswered", f"/boot.efi from {HTTP}: no answer to the request")
    assert told(fetch(status=0, stuck_octets=1500, ended="open"))[0][3].endswith("packets of 1500 octets do not arrive")
    assert told(fetch(status=0, at=55, ended="open"))[0][2:] == (
        "not-seen",
        f"/boot.efi from {HTTP}: the capture ends before the answer",
    )
    assert told(fetch(status=0, replies=0, point="elsewhere"))[0][2] == "not-seen"


def test_an_answer_that_stands_still():
    assert told(fetch(stuck_octets=1500, ended="open"))[0][2:] == (
        "failed", f"/boot.efi from {HTTP}: it stands still: packets of 1500 octets do not arrive"
    )  # fmt: skip
    assert told(fetch(stuck_octets=1500))[0][2] == "worked"


@pytest.mark.parametrize(
    ("talk", "outcome", "why"),
    [
        ({}, "worked", ""),
        (
            {"ended": "never answered", "replies": 0, "answered": None, "packets": 4},
            "unanswered",
            ": no answer to SYN (1 try)",
        ),
        ({"ended": "reset", "answered": None, "reply_octets": 40}, "failed", ": refused"),
        ({"ended": "reset"}, "failed", ": reset by the server"),
        ({"ended": "open", "stuck_octets": 1400}, "failed", ": packets of 1400 octets do not arrive"),
    ],
    ids=["works", "silent", "refused", "reset", "stuck"],
)
def test_a_connection_of_which_no_request_can_be_read(talk, outcome, why):
    ((step, _, found, what),) = told(conversation(at=1, flow="https-boot", ports=(40080, 443), **talk))
    assert (step, found, what) == (
        "http-boot",
        outcome,
        f"a connection from {RACK_IP}:443{why.removesuffix(' (1 try)')}",
    )


def test_the_end_of_an_older_connection_is_no_step():
    assert told(conversation(at=1, flow="http-boot", begun=False)) == []
    assert len(told(conversation(at=1, flow="http-boot"))) == 1


def test_a_connection_that_is_tried_again():
    lost = {"flow": "http-boot", "ended": "never answered", "replies": 0, "answered": None, "packets": 1, "point": "x"}
    assert told(conversation(at=59, **lost), conversation(at=59.5, ports=(40081, 80), **lost))[0][2] == "unanswered"
    assert told(conversation(at=59, **lost))[0][2] == "not-seen"


def test_tls_that_ended_says_why():
    talk = conversation(at=1, flow="https-boot", ports=(40080, 443))
    alert = packet(Alert("unknown_ca"), 1.2, NODE_IP, RACK_IP, ports=(40080, 443))
    assert told(talk, alert)[0][2:] == ("failed", f"a connection from {RACK_IP}:443: TLS ended: unknown ca")
    assert (
        told(talk, packet(Alert("close_notify", fatal=False), 1.2, RACK_IP, NODE_IP, ports=(443, 40080)))[0][2]
        == "worked"
    )


def test_what_is_sent_again_is_no_other_request():
    again = get("/boot.efi", 1.2), get("/boot.efi", 1.5)
    assert told(fetch(), again) == [("http-boot", "firmware", "worked", f"/boot.efi from {HTTP}")]
    silent = told(fetch(status=0, ended="open", point="elsewhere"), again)
    assert silent[0][2:] == ("unanswered", f"/boot.efi from {HTTP}: no answer to the request")
    # An answer that is sent again answers nothing else.
    assert len(told(fetch(), response(200, 1.3), get("/b", 2), response(200, 2.1))) == 1


def test_a_connection_that_is_reset_before_the_answer():
    assert told(fetch(status=0, ended="reset"))[0][2:] == ("failed", f"/boot.efi from {HTTP}: reset before the answer")


def test_an_answer_that_does_not_pass_here():
    assert told(fetch(status=0, replies=0, point="elsewhere", ended="open"))[0][2:] == (
        "not-seen", f"/boot.efi from {HTTP}: no answer to the request was to be seen here"
    )  # fmt: skip


def test_a_wrong_address_is_told_by_its_port():
    lost = {"flow": "", "ports": (40080, 5240), "ended": "never answered", "replies": 0, "answered": None, "packets": 3}
    talk = conversation(at=1, destination="172.17.0.3", **lost)
    assert told(talk) == [("metadata", "firmware", "unanswered", "a connection from 172.17.0.3:5240: no answer to SYN")]
    about = complaint("network unreachable", (NODE_IP, 40080, "172.17.0.3", 5240), 1.1)
    assert told(talk, about)[0][2:] == ("failed", "a connection from 172.17.0.3:5240: network unreachable")
    assert (
        told(conversation(at=1, flow="", ports=(40080, 5240)), conversation(at=2, **(lost | {"ports": (40080, 9)})))
        == []
    )


def test_other_conversations_are_no_step():
    assert told(conversation(at=1, flow="ssh"), conversation("udp", at=1, flow="http-boot")) == []


def test_one_fetch_at_two_points_is_one():
    one = fetch(head={"length": 4096})
    two = [replace(each, point="node-1/eth0") for each in one]
    assert [each[3] for each in told(one, two)] == [f"/boot.efi from {HTTP}, 4.0 KiB"]
