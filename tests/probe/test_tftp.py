import pytest
from msgspec import structs

from bellrock.link.obstacle import Obstacle, Obstructed
from bellrock.model import Verdict
from bellrock.probe.manners import Manners
from bellrock.probe.net import Net
from bellrock.probe.tftp import BESIDES, LEAST_BLOCK, MIB, MOST, NOBODYS_FILE, PROBE, judge, plan
from bellrock.probe.tftp_fetch import Fetched
from bellrock.probe.tftp_transfer import Transfer
from bellrock.probe.values import Ask, PlanError
from bellrock.wire import tftp
from bellrock.wire.tftp import Ack, Agreed, Data, Read, Refusal
from tests.probe.peers import probe, udp_server

ASK = Ask(flow="tftp", address="10.0.0.1", port=69)


def planned(**options):
    return plan(structs.replace(ASK, options=options))


def test_what_is_asked_for():
    assert planned().request == Read(NOBODYS_FILE, {"tsize": "0", "blksize": "1468", "timeout": "1", "windowsize": "8"})
    made = planned(path="boot/x64.efi", blksize="1024", windowsize="1", most="4096")
    assert made.request == Read("boot/x64.efi", {"tsize": "0", "blksize": "1024", "timeout": "1"})
    assert (made.named, made.limits.most) == (True, 4096)
    assert plan(structs.replace(ASK, address="fd00::1")).request.options["blksize"] == "1448"


@pytest.mark.parametrize(
    "options",
    [{"blksize": "511"}, {"blksize": "65465"}, {"windowsize": "0"}, {"windowsize": "65"}, {"most": "0"},
     {"most": str(MOST + 1)}, {"path": "x" * 500}, {"file": "a"}],
    ids=lambda options: "-".join(next(iter(options.items())))[:16],
)  # fmt: skip
def test_options_that_are_wrong(options):
    with pytest.raises(PlanError, match="tftp"):
        planned(**options)


def test_the_load_bears_the_worst_that_may_be_asked_for():
    assert planned(most=str(MOST)).limits.blocks * LEAST_BLOCK == MOST
    assert PROBE.load.packets > planned().limits.blocks
    assert PROBE.load.octets > MOST


def answering(*blocks, agreed=None, refusal=None, again=1):
    def answer(payload, say):
        message = tftp.parse(payload)
        if refusal and isinstance(message, Read) and (message.options or refusal.code != 8):
            say(tftp.build(refusal))
        elif isinstance(message, Read):
            say(tftp.build(Agreed(agreed) if agreed and message.options else Data(1, blocks[0])))
        elif isinstance(message, Ack) and message.block < len(blocks):
            for _ in range(again):
                say(tftp.build(Data(message.block + 1, blocks[message.block])))

    return answer


def tried(answer, **options):
    with udp_server(answer) as port:
        return probe("tftp", port, **options)


def test_a_file():
    found = tried(answering(bytes(1000), b"end", agreed={"blksize": "1000", "tsize": "1003"}), path="boot")
    assert found.verdict is Verdict.WORKS, found
    assert found.detail.startswith("boot: 1003 octets at ")
    assert found.detail.endswith("MB/s, blocks of 1000")
    assert found.facts["options"] == {"blksize": "1000", "tsize": "1003"}
    assert found.facts["largest_safe_blksize"] == 1000
    assert (found.facts["octets"], found.facts["whole"], found.facts["windowsize"]) == (1003, True, 1)


def test_a_server_that_refuses_options_is_asked_without():
    found = tried(answering(bytes(512), b"end", refusal=Refusal(8, "no options")), path="boot")
    assert found.verdict is Verdict.WORKS, found
    assert (found.facts["octets"], found.facts["options"]) == (515, {})


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "it has no file boot: error 1, 'text'"),
        (2, "it does not give out boot: error 2"),
        (0, "it refuses to send boot: error 0"),
    ],
)
def test_errors(code, words):
    found = tried(answering(refusal=Refusal(code, "text")), path="boot")
    assert found.verdict is Verdict.DEGRADED
    assert words in found.detail
    assert found.facts["error"] == {"code": code, "text": "text"}


def test_an_error_about_a_file_that_nobody_has():
    found = tried(answering(refusal=Refusal(1)))
    assert found.verdict is Verdict.WORKS
    assert found.detail == "it answers (error 1); no file was named to be fetched"


def test_a_file_of_another_size_than_announced():
    found = tried(answering(bytes(512), b"end", agreed={"tsize": "99"}), path="boot")
    assert found.verdict is Verdict.DEGRADED
    assert "has 515 octets, where the server had said 99" in found.detail


def test_an_empty_file():
    found = tried(answering(b""), path="boot")
    assert (found.verdict, found.detail) == (Verdict.DEGRADED, "boot is empty")


def test_blocks_that_come_again_and_again():
    found = tried(answering(*[bytes(512)] * 20, b"end", again=3), path="boot")
    assert found.verdict is Verdict.DEGRADED, found
    assert "packets are lost on the way" in found.detail
    assert found.facts["lost"] > 0


def test_a_server_that_breaks_off():
    def answer(payload, say):
        say(tftp.build(Data(1, bytes(512)) if isinstance(tftp.parse(payload), Read) else Refusal(3, "disk")))

    found = tried(answer, path="boot")
    assert found.verdict is Verdict.DEGRADED
    assert found.detail == "it broke off after 512 octets: error 3, 'disk'"


def test_a_server_that_falls_silent():
    found = tried(answering(bytes(512), bytes(512), bytes(512), again=0), path="boot", within=2.0)
    assert found.verdict is Verdict.DEGRADED
    assert found.detail == "it fell silent after 512 octets"


def test_silence():
    found = tried(lambda payload, say: None, path="boot", within=0.5)
    assert found.verdict is Verdict.FILTERED
    assert "helper tftp" in found.detail
    assert found.facts == {"octets": 0, "whole": False}


def test_no_data_at_any_size():
    seen = []

    def answer(payload, say):
        seen.append(payload)
        if isinstance(tftp.parse(payload), Read):
            say(tftp.build(Agreed({"blksize": tftp.parse(payload).options["blksize"]})))

    found = tried(answer, path="boot", within=3.0)
    assert found.verdict is Verdict.FILTERED
    assert "no data follow" in found.detail
    assert len(seen) <= BESIDES
    assert found.facts["largest_safe_blksize"] == 0


@pytest.mark.parametrize("octets", [b"HTTP/1.1 400 Bad Request", b"\xff" * 60_000], ids=["HTTP", "large"])
def test_another_service(octets):
    assert tried(lambda payload, say: say(octets)).verdict is Verdict.WRONG_SERVICE


def test_one_who_floods_us_is_left():
    junk = tftp.build(Data(7, bytes(512)))

    def answer(payload, say):
        if isinstance(tftp.parse(payload), Read):
            for _ in range(200):
                say(junk)

    found = tried(answer, path="boot", within=1.0)
    assert found.verdict in (Verdict.DEGRADED, Verdict.FILTERED, Verdict.WRONG_SERVICE)
    assert len(found.evidence) <= 64


def judged(safe=None, **fetched):
    return judge(planned(path="boot"), Fetched(**fetched), safe, Net(ASK, PROBE.load, Manners()))


def taken(*messages):
    transfer = Transfer({"blksize": "1468"}, MIB)
    for message in messages:
        transfer.take(message)
    return transfer


AGREED, FIRST = Agreed({"blksize": "1468"}), Data(1, bytes(1468))


def test_fragments_are_too_much_for_firmware():
    found = judged(transfer=taken(AGREED, FIRST, Data(2, b"end")), port=40000, piece=1396, seconds=0.5)
    assert found.verdict is Verdict.DEGRADED
    assert "come in fragments" in found.detail
    assert (found.facts["fragment_octets"], found.facts["largest_safe_blksize"]) == (1396, 1364)


def test_large_blocks_that_are_swallowed():
    found = judged(1300, transfer=taken(AGREED), port=40000, gave_up=True)
    assert found.verdict is Verdict.DEGRADED
    assert "the largest blocks that do have 1300" in found.detail
    assert found.facts["largest_safe_blksize"] == 1300


@pytest.mark.parametrize(
    "messages", [(AGREED, AGREED), (Data(1, bytes(512)), Data(1, bytes(512)))], ids=["options", "data"]
)
def test_acknowledgements_that_do_not_arrive(messages):
    found = judged(transfer=taken(*messages), port=40000, gave_up=True)
    assert found.verdict is Verdict.FILTERED
    assert "acknowledgements to the data port 40000 do not arrive" in found.detail
    assert "helper tftp" in found.detail


@pytest.mark.parametrize(
    ("obstacle", "by", "verdict", "words"),
    [
        (Obstacle.PROHIBITED, "10.0.0.254", Verdict.FILTERED, "says 10.0.0.254"),
        (Obstacle.PORT, "10.0.0.254", Verdict.FILTERED, "data port 40000 does not arrive"),
        (Obstacle.PORT, "10.0.0.1", Verdict.DEGRADED, "closed its data port 40000 in the middle"),
    ],
)
def test_obstacles_before_the_data_port(obstacle, by, verdict, words):
    found = judged(transfer=taken(AGREED), port=40000, obstacle=Obstructed(obstacle, by, "icmp"))
    assert found.verdict is verdict
    assert words in found.detail


def test_an_answer_gone_astray_is_not_called_silence():
    net = Net(ASK, PROBE.load, Manners())
    net.record.stranger = "10.0.0.2 port 69"
    with pytest.raises(TimeoutError):
        judge(planned(path="boot"), Fetched(transfer=taken()), None, net)
