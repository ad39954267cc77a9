import pytest

from bellrock.link.conntrack import connections, parse
from bellrock.model.listening import Conversation

TCP = (
    "ipv4     2 tcp      6 431999 ESTABLISHED src=10.0.0.9 dst=10.0.0.2 sport=40000 dport=5240 packets=12 bytes=900 "
    "src=10.0.0.2 dst=10.0.0.9 sport=5240 dport=40000 packets=9 bytes=700 [ASSURED] mark=0 zone=0 use=2"
)
UDP6 = (
    "ipv6     10 udp      17 20 src=2001:db8::9 dst=2001:db8::2 sport=2070 dport=69 [UNREPLIED] "
    "src=2001:db8::2 dst=2001:db8::9 sport=69 dport=2070 mark=0 zone=0 use=2"
)


@pytest.mark.parametrize(
    ("line", "ends"),
    [
        (TCP, ("tcp", "10.0.0.9", 40000, "10.0.0.2", 5240, 12)),
        (UDP6, ("udp", "2001:db8::9", 2070, "2001:db8::2", 69, 1)),
    ],
)
def test_a_line_in_its_original_direction(line, ends):
    protocol, source, source_port, destination, destination_port, packets = ends
    assert parse(line) == Conversation(
        protocol=protocol, source=source, source_port=source_port, destination=destination,
        destination_port=destination_port, packets=packets, begun=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "line", ["", "ipv4 2 icmp 1 29 src=1.1.1.1 dst=2.2.2.2 type=8", "ipv4 2 tcp", TCP.replace("dport=", "x="), TCP.replace("sport=40000", "sport=?")]
)  # fmt: skip
def test_other_lines_say_nothing(line):
    assert parse(line) is None


def test_the_table_is_read_and_its_absence_is_not_emptiness(tmp_path):
    (tmp_path / "table").write_text(TCP + "\n\nrubbish\n" + UDP6 + "\n")
    assert [it.destination_port for it in connections(tmp_path / "table")] == [5240, 69]
    assert connections(tmp_path / "absent") is None
