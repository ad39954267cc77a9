import pytest

from bellrock.diagnosis.on_wire import proxy_wants_authentication as rule
from bellrock.diagnosis.packets import Request
from tests.diagnosis import wires as w
from tests.diagnosis.sound import found, whats


def through(status, at=1.0, authorised=False, port=40080, challenge="Basic", **more):
    said = Request("GET", "http://archive.ubuntu.com/ubuntu/", "archive.ubuntu.com", "apt", authorised)
    return (
        w.packet(said, at, w.NODE_IP, w.RACK_IP, ports=(port, 3128), **more),
        w.response(status, at + 0.01, ports=(3128, port), head={"challenge": challenge if status == 407 else ""}, **more) if status else None,
    )  # fmt: skip


def test_no_credentials():
    given = w.case(w.leased(), through(407), through(407, 2.0))
    assert whats(rule, given) == [
        ("error", "certain", f"Proxy 10.0.0.2:3128 asks {w.NODE} for credentials, and gets none that it takes")
    ]
    [one] = found(rule, given)
    assert one.proof == (
        "GET of archive.ubuntu.com was answered with 407 (Basic) at 1.000 s (packets 5 and 6); 2 requests ended like this.",
        "It brought no credentials, then or later.",
    )
    assert one.recheck == "bellrock probe proxy --to 10.0.0.2:3128"


def test_wrong_credentials():
    [one] = found(rule, w.case(through(407, challenge=""), through(407, 2.0, authorised=True)))
    assert one.proof[1] == "It brought credentials in packet 3, and the proxy did not take them."
    assert "(no scheme)" in one.proof[0]
    assert one.cause == "The user or the password that the machine was given is wrong, or is not allowed there."


@pytest.mark.parametrize(
    "things",
    [
        (),
        through(200),
        through(401),
        through(0),
        (through(407), through(200, 2.0, authorised=True)),
        through(200, authorised=True),
    ],
    ids=["nothing", "let through", "not the proxy", "unanswered", "a login", "logged in at once"],
)
def test_let_through(things):
    assert whats(rule, w.case(things)) == []


def test_a_request_without_credentials_that_passes_is_no_login():
    assert len(found(rule, w.case(through(407), through(200, 2.0)))) == 1


def test_without_a_wire():
    given = w.case()
    assert list(rule.find(type(given)(now=given.now))) == []
