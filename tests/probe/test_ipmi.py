import itertools

import pytest
from msgspec import structs

from bellrock.model import Verdict
from bellrock.probe import Ask
from bellrock.probe import ipmi as probing
from bellrock.probe.ipmi import PROBE, plan
from bellrock.probe.values import PlanError
from bellrock.wire import ipmi, rmcp
from tests.probe.peers import probe, udp_server

SEED = bytes(range(16))


@pytest.fixture(autouse=True)
def quickly(monkeypatch):
    """No controller of flesh and blood is asked here."""
    monkeypatch.setattr(probing, "SPACING", 0.02)
    monkeypatch.setattr(probing, "WEB", 9)
    monkeypatch.setattr(probing, "PROBE", structs.replace(PROBE, load=structs.replace(PROBE.load, spacing=0.0)))


def answer(command, sequence, completion=0, data=b""):
    head = bytes((0x81, 0x1C))
    body = bytes((0x20, sequence << 2, command, completion)) + data
    check = lambda octets: bytes((-sum(octets) & 0xFF,))  # noqa: E731
    message = head + check(head) + body + check(body)
    return rmcp.wrap(bytes(9) + bytes((len(message),)) + message)


def opened(tag, console, status=0, controller=5):
    body = bytes((tag, status, 4, 0)) + console + (controller.to_bytes(4, "little") + bytes(24) if not status else b"")
    return rmcp.wrap(b"\x06\x11" + bytes(8) + len(body).to_bytes(2, "little") + body)


class Controller:
    """A controller that does what a test has it do. `heard`: what came, by its kind."""

    def __init__(
        self, *, pong=b"\x81", capabilities="01 84 04 03 000000 00", suites=b"", statuses=None, completion=0, mute=()
    ):
        self.pong, self.capabilities, self.suites, self.completion = pong, capabilities, suites, completion
        self.statuses = {17: 0, 0: 0x11} if statuses is None else statuses
        self.mute, self.heard = mute, []

    def __call__(self, payload, say):
        kind, body = rmcp.unwrap(payload)
        name, octets = (
            self._ping(body) if kind == rmcp.ASF else self._command(body) if not body[0] else self._plus(body)
        )
        self.heard.append(name)
        if octets and name not in self.mute:
            say(octets)

    def _ping(self, body):
        pong = (
            bytes.fromhex("000011be 40") + body[5:6] + bytes.fromhex("00 10 000011be 00000000") + self.pong + bytes(7)
        )
        return "ping", self.pong and rmcp.wrap(pong, rmcp.ASF)

    def _command(self, body):
        sequence, command, data = body[14] >> 2, body[15], body[16:-1]
        if command == ipmi.CIPHER_SUITES:
            part = (data[2] & 0x3F) * 16
            return "suites", answer(command, sequence, 0, b"\1" + self.suites[part : part + 16])
        if self.completion and data[0] & 0x80:
            return "extended", answer(command, sequence, self.completion)
        return "capabilities", answer(
            command, sequence, 0 if self.completion != 0xC1 else 0xC1, bytes.fromhex(self.capabilities)
        )

    def _plus(self, body):
        if body[1] == ipmi.RAKP_3:
            assert body[13] != 0, "it is given up, not gone on with"
            return "given up", b""
        authentication, integrity = body[24], body[32]
        suite = {(0, 0): 0, (1, 1): 3, (3, 4): 17, (2, 2): 8}[authentication, integrity]
        if suite not in self.statuses:
            return f"open {suite}", b""
        return f"open {suite}", opened(body[12], body[16:20], self.statuses[suite])


def tried(controller, within=1.2, **options):
    with udp_server(controller) as port:
        return probe("ipmi", port, within=within, nonce=SEED, **options)


def test_the_plan_is_a_function_of_its_ask():
    ask = Ask(flow="ipmi", address="10.0.0.1", port=623, nonce=SEED)
    assert plan(ask) == plan(ask)
    assert plan(ask).console == 0x03020101
    assert plan(Ask(flow="ipmi", address="10.0.0.1", nonce=bytes(16))).console == 1, "zero is no session id"


@pytest.mark.parametrize("options", [{"suites": "all"}, {"user": "admin"}], ids=str)
def test_options_that_are_wrong(options):
    with pytest.raises(PlanError, match="ipmi"):
        plan(Ask(flow="ipmi", address="10.0.0.1", options=options))


def test_works():
    controller = Controller()
    found = tried(controller)
    assert found.verdict is Verdict.WORKS, found
    assert controller.heard == ["ping", "capabilities", "open 17", "given up", "open 0"]
    assert found.facts == {
        "presence_pong": True, "ipmi": ["1.5", "2.0"], "authentication_types": ["md5"], "anonymous_login": False,
        "null_user_names": False, "per_message_authentication": True, "two_key_login": False, "channel": 1,
        "sessions": {"17": "opened", "0": "no cipher suite match (0x11)"},
    }  # fmt: skip


def test_a_ping_need_not_be_answered():
    found = tried(Controller(pong=b""))
    assert found.verdict is Verdict.WORKS
    assert found.facts["presence_pong"] is False


@pytest.mark.parametrize(
    ("controller", "words"),
    [
        (Controller(statuses={17: 0, 0: 0}), "cipher suite 0"),
        (Controller(capabilities="01 04 04 00 000000 00"), "IPMI 1.5 only"),
        (Controller(capabilities="01 85 04 03 000000 00"), "type none"),
        (Controller(capabilities="01 84 05 03 000000 00"), "without name and password"),
        (Controller(statuses={17: 1, 3: 1, 0: 1}), "cipher suite 3: insufficient resources (0x01); others hold all"),
        (Controller(statuses={17: 0x11, 3: 0x77, 0: 0x11}), "cipher suite 3: status 0x77"),
        (Controller(statuses={}), "does not answer when a session"),
        (Controller(completion=0xCC, capabilities="01 04 04 00 000000 00"), "IPMI 1.5 only"),
    ],
    ids=[
        "suite 0",
        "1.5",
        "none",
        "anonymous",
        "full",
        "unknown status",
        "no session",
        "1.5, which refuses the question",
    ],
)
def test_degraded(controller, words):
    found = tried(controller)
    assert found.verdict is Verdict.DEGRADED, found
    assert words in found.detail


def test_every_session_that_was_opened_is_given_up():
    controller = Controller(statuses={17: 0x11, 3: 0, 0: 0})
    tried(controller)
    assert controller.heard.count("given up") == 2


def test_suites_are_listed_on_request_and_an_unusual_one_is_taken():
    records = bytes.fromhex("c0000040 80 c00802 4281 c00602 4080 c00702 4280")
    controller = Controller(suites=records, statuses={8: 0})
    found = tried(controller, suites="yes")
    assert found.verdict is Verdict.WORKS, found
    assert [suite["id"] for suite in found.facts["cipher_suites"]] == [0, 8, 6, 7]
    assert controller.heard.count("suites") == 2
    assert "open 17" not in controller.heard


@pytest.mark.parametrize(("suites", "mute"), [(b"\x55", ()), (b"", ("suites",))], ids=["garbage", "silence"])
def test_a_list_that_cannot_be_read_is_no_reason_to_fail(suites, mute):
    found = tried(Controller(suites=suites, mute=mute), suites="yes", within=1.2)
    assert found.verdict is Verdict.WORKS, found
    assert "cipher_suites" not in found.facts


def test_a_suite_of_an_enterprise_is_told():
    found = tried(Controller(suites=bytes.fromhex("c180a20200 017f8141"), statuses={3: 0}), suites="yes")
    suite = found.facts["cipher_suites"][0]
    assert (suite["id"], suite["enterprise"], suite["integrity"]) == (0x80, 674, "63")


def test_pings_are_answered_and_commands_are_not():
    found = tried(Controller(mute=("capabilities",)))
    assert found.verdict is Verdict.DEGRADED
    assert "IPMI over LAN is disabled" in found.detail
    found = tried(Controller(pong=b"\x01", mute=("capabilities",)))
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "does not speak IPMI" in found.detail


def test_it_refuses_to_say_whom_it_lets_in():
    found = tried(Controller(completion=0xC1))
    assert found.verdict is Verdict.WRONG_SERVICE
    assert "completion code 0xc1, invalid command" in found.detail


def test_answers_to_other_questions_are_passed_over():
    good = Controller()

    def late_and_right(payload, say):
        kind, body = rmcp.unwrap(payload)
        if kind == rmcp.IPMI and not body[0]:
            say(answer(ipmi.AUTHENTICATION_CAPABILITIES, (body[14] >> 2) ^ 1, 0, bytes(8)))
            say(opened(99, bytes(4)))
        good(payload, say)

    found = tried(late_and_right)
    assert found.verdict is Verdict.WORKS, found
    assert sum(step.direction == "noticed" for step in found.evidence) == 2


def test_enterprise_numbers_are_told():
    assert tried(Controller(capabilities="01 84 04 03 a20200 00")).facts["enterprise"] == 674


@pytest.mark.parametrize(
    "octets",
    [
        b"\x00\x05\x00\x04Illegal TFTP operation\0",
        b"hello\n",
        b"\x06\x00\xff\x07",
        b"\x06\x00\xff\x87" + bytes(20),
        b"",
        bytes(1400),
    ],
    ids=["TFTP", "text", "a header alone", "acknowledgements", "nothing", "zeros"],
)
def test_another_service(octets):
    found = tried(lambda _, say: say(octets), within=0.6)
    assert found.verdict is Verdict.WRONG_SERVICE, found


def test_an_echo_is_no_answer():
    found = tried(lambda payload, say: say(payload), within=0.6)
    assert found.verdict is Verdict.WRONG_SERVICE


def test_answers_that_are_cut_off():
    def cut(payload, say):
        Controller()(payload, lambda octets: say(octets[:-3]))

    assert tried(cut, within=0.6).verdict is Verdict.WRONG_SERVICE


def test_endless_answers_are_bounded():
    def flood(payload, say):
        for _ in range(80):
            say(bytes(1024))

    assert tried(flood, within=0.6).verdict is Verdict.WRONG_SERVICE


def test_silence():
    found = tried(lambda *_: None, within=0.6)
    assert found.verdict is Verdict.FILTERED
    assert found.facts == {"web": False}
    sent = [step.what for step in found.evidence if step.direction == "sent"]
    assert sent[:3] == ["RMCP presence ping"] + ["Get Channel Authentication Capabilities"] * 2


def test_the_load_that_is_stated_is_kept():
    """At worst: everything is listed, answered on the second try, and opens."""
    controller = Controller(suites=bytes.fromhex("c003014181") * 24, statuses={3: 0, 0: 0})
    seen = itertools.count(1)

    def slow(payload, say):
        if next(seen) % 2:
            return
        controller(payload, say)

    found = tried(slow, within=6.0, suites="yes")
    sent = sum(step.direction == "sent" for step in found.evidence)
    assert 10 < sent <= PROBE.load.packets
