"""A diagnosis as one HTML page."""

from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from bellrock.diagnosis.boot import Boot, Step
from bellrock.diagnosis.boot_page import MAX_BOOTS, heading, page
from bellrock.diagnosis.boots import boots
from bellrock.model import Finding, Severity
from tests.diagnosis.test_boot_picture import BOOT, TEXT
from tests.diagnosis.wires import NODE, discover, leased, rrq, transfer, wire

SILENT = {"ended": "silent", "blksize": None, "octets": 0, "asked": 4}
FINDING = Finding(
    id="tftp-unanswered", severity=Severity.ERROR, what="nobody sends <b>x</b>", proof=("Packet 5 asks & waits.",), evidence=("packet 2",), client=NODE,
    flow="tftp", cause="The service is down.", fix=("Start it: `systemctl start tftpd`",), recheck="bellrock probe tftp", symptoms=("no boot",),
)  # fmt: skip
FINDINGS = st.builds(
    Finding, id=TEXT, severity=st.sampled_from(Severity), what=TEXT, cause=TEXT, proof=st.tuples(TEXT), evidence=st.tuples(TEXT), fix=st.tuples(TEXT),
    recheck=TEXT, symptoms=st.tuples(TEXT), client=TEXT,
)  # fmt: skip


class Reader(HTMLParser):
    """Tags in balance, their attributes, and the text."""

    VOID = ("meta",)

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.text = [], [], [], ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


def made(*things, findings=(), **more):
    given_ = wire(*things, **more)
    return Reader(page(given_, boots(given_), findings))


def test_it_has_the_ladder_the_findings_and_the_packets_that_prove_them():
    read = made(leased(1), rrq("bootx64.efi", 2), transfer(at=2, **SILENT), findings=(FINDING,))
    for text in (
        "1 boot, 1 stopped; 1 finding", "nobody sends <b>x</b>", "The service is down.", "systemctl start tftpd", "bellrock probe tftp", "no boot",
        "bellrock explain tftp-unanswered", "TFTP read request for bootx64.efi", "DHCP DISCOVER", "4 tries",
    ):  # fmt: skip
        assert text in read.text
    links = {value for name, value in read.attributes if name == "href"}
    targets = {f"#{value}" for name, value in read.attributes if name == "id"}
    assert {"#p5", "#p2"} <= links
    assert links <= targets


def test_what_could_not_be_seen_is_said():
    read = made(discover(1), troubles=("cut at packet 8",), left_out={"arp": 12})
    assert "What could not be seen: cut at packet 8; 12 more packets of arp than were looked at." in read.text
    assert "What could not be seen" not in made(discover(1)).text


def test_vlans_and_empty_captures():
    assert "VLAN 20 in 10" in made(discover(1, vids=(10, 20))).text
    empty = made()
    assert "0 boots, 0 stopped; no findings" in empty.text
    assert "Packets" not in empty.text


def test_a_finding_without_a_cause_says_how_sure_it_is():
    bare = Finding(id="x", severity=Severity.WARNING, what="y", proof=("z",))
    assert "certain" in made(discover(1), findings=(bare,)).text


def test_too_many_boots_are_counted():
    many = [Boot(mac=str(number)) for number in range(MAX_BOOTS + 2)]
    assert "And 2 more." in Reader(page(wire(), many, ())).text
    assert heading(many[:2], (FINDING, FINDING)) == "2 boots, 0 stopped; 2 findings"


def test_whoever_opens_it_fetches_and_runs_nothing():
    hostile = '"><script src=http://evil.example/x></script><img src=x onerror=alert(1)>'
    step = Step(step="dns", outcome="failed", what=hostile, stage=hostile)
    read = Reader(page(wire(troubles=(hostile,)), [Boot(mac=hostile, steps=(step,), stopped_at=hostile)], (FINDING,)))
    assert not {"script", "img", "link", "iframe", "object"} & set(read.tags)
    assert not any(name.startswith("on") or name == "src" for name, _ in read.attributes)
    assert any("default-src 'none'" in (value or "") for _, value in read.attributes)
    assert hostile in read.text


@given(st.lists(BOOT, max_size=2), st.lists(FINDINGS, max_size=2))
def test_whatever_is_in_them_the_page_is_well_formed(boots_, findings):
    Reader(page(wire(leased(1)), boots_, findings))
