"""`nft -a list ruleset` → texts and devices."""

from hypothesis import given
from hypothesis import strategies as st

from bellrock.firewall.verify.read.listing import Listing, read_listing

TEXT = """table inet t { # handle 1
\tset s { # handle 2
\t\ttype ipv4_addr
\t\telements = { 1.1.1.1 }
\t}

\tchain f { # handle 3
\t\tcomment "mine"
\t\ttype filter hook forward priority filter; policy drop;
\t\ttcp dport { 1, 2,
\t\t\t     3 } accept # handle 4
\t\taccept comment "# handle 9" # handle 5
\t}
}
# Warning: table ip nat is managed by iptables-nft, do not touch!
table netdev n { # handle 2
\tchain a { # handle 1
\t\ttype filter hook ingress device "lan0" priority filter; policy accept;
\t\tdrop # handle 8
\t}

\tchain b { # handle 2
\t\ttype filter hook ingress devices = { lan0, "wan0" } priority filter; policy accept;
\t}
}
"""


def test_a_listing():
    found = read_listing(TEXT)
    assert found.texts == {
        ("inet t f", 4): "tcp dport { 1, 2, 3 } accept",
        ("inet t f", 5): 'accept comment "# handle 9"',
        ("netdev n a", 8): "drop",
    }
    assert found.devices == {"netdev n a": ("lan0",), "netdev n b": ("lan0", "wan0")}


def test_whether_a_table_is_dormant():
    text = "table ip a { # handle 1\n\tflags dormant\n}\ntable ip b {\n\tflags owner, dormant\n}\ntable ip c {\n\tflags owner\n}\n"
    told = {"ip a": True, "ip b": True, "ip c": False, "ip d": False}
    assert read_listing(text + "table ip d {\n}\n").tables == told


@given(st.text(alphabet='\t {}#";table chain type hook device handle 12\n', max_size=200))
def test_anything_is_some_listing(text):
    assert isinstance(read_listing(text), Listing)
