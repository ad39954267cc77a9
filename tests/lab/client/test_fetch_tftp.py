"""Boot files by TFTP, from servers that behave and that do not."""

import pytest

from bellrock.lab.client import fetch_tftp
from bellrock.lab.client.fetch_tftp import fetch, start
from bellrock.lab.client.settings import Settings
from bellrock.lab.client.story import BootFailed, Story
from bellrock.lab.servers.values import loader
from bellrock.wire import tftp
from bellrock.wire.tftp import Ack, Agreed, Data, Read, Refusal
from tests.probe.peers import udp_server

FILE = bytes(range(256)) * 5


def fetched(monkeypatch, answer, **settings):
    story = Story(Settings(**({"patience": 0.1, "tries": 2} | settings)), write=lambda _: None)
    with udp_server(answer) as port:
        monkeypatch.setattr(fetch_tftp, "PORT", port)
        return fetch("127.0.0.1", "boot", "127.0.0.1", story)


class Server:
    """Sends FILE; `asked` are the requests."""

    def __init__(self, options=True, lost=(), refuse=None):
        self.asked, self.size, self.options, self.lost, self.refuse = [], 512, options, list(lost), refuse

    def __call__(self, payload, say):
        message = tftp.parse(payload)
        if isinstance(message, Read):
            self.asked.append(message)
            if self.refuse and self.refuse(message):
                say(tftp.build(Refusal(8, "no options")))
            elif self.options and "blksize" in message.options:
                self.size = int(message.options.get("blksize", 512))
                say(tftp.build(Agreed({k: v for k, v in message.options.items() if k == "blksize"})))
            else:
                self.block(1, say)
        elif isinstance(message, Ack) and message.block * self.size <= len(FILE):
            self.block(message.block + 1, say)

    def block(self, number, say):
        if number in self.lost:
            self.lost.remove(number)
        else:
            say(tftp.build(Data(number, FILE[(number - 1) * self.size : number * self.size])))


@pytest.mark.parametrize("blksize", [0, 256, 1468])
def test_a_whole_file(monkeypatch, blksize):
    server = Server()
    assert fetched(monkeypatch, server, blksize=blksize) == len(FILE)
    assert server.asked[0].options.get("blksize", "0") == str(blksize)


def test_a_lost_block_is_asked_for_again(monkeypatch):
    assert fetched(monkeypatch, Server(lost=[2]), windowsize=0) == len(FILE)


def test_a_server_that_refuses_options_is_asked_without(monkeypatch):
    server = Server(refuse=lambda read: read.options)
    assert fetched(monkeypatch, server) == len(FILE)
    assert [bool(read.options) for read in server.asked] == [True, False]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda *_: None, "127.0.0.1 does not answer for boot"),
        (lambda _, say: say(tftp.build(Refusal(1, "File not found"))), "refuses boot: File not found"),
        (lambda _, say: say(b"\0\x63nonsense"), "does not answer for boot"),
        (Server(lost=[2] * 9), "fell silent after 1024 octets|fell silent after 512 octets"),
    ],
    ids=["silent", "refused", "nonsense", "stalled"],
)
def test_what_stops_a_boot(monkeypatch, answer, why):
    with pytest.raises(BootFailed, match=why) as stopped:
        fetched(monkeypatch, answer, blksize=0, tsize=False)
    assert stopped.value.step == "tftp"


@pytest.mark.parametrize(("arch", "fits"), [(7, True), (9, True), (11, False), (0, False)])
def test_firmware_starts_only_what_is_for_it(arch, fits):
    story = Story(Settings(arch=arch), write=lambda _: None)
    story.stage = "firmware"
    program = loader(7, 4096)
    if fits:
        start("tftp", "bootx64.efi", program, story)
    else:
        with pytest.raises(BootFailed, match="bootx64.efi"):
            start("tftp", "bootx64.efi", program, story)
    story.stage = "ipxe"
    start("tftp", "bootx64.efi", program, story)
