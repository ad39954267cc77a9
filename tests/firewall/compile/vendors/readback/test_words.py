import pytest

from bellrock.firewall.compile.vendors.readback import words
from bellrock.firewall.compile.vendors.rules import ReadbackError
from bellrock.flows.values import Protocol

TEN = 10 << 24


def test_masks_and_wildcards_are_each_others_opposite():
    assert (
        words.wildcard("10.0.0.0", "0.255.255.255") == words.masked("10.0.0.0", "255.0.0.0") == (TEN, TEN + 2**24 - 1)
    )
    assert words.wildcard("10.0.0.1", "0.0.0.0") == words.masked("10.0.0.1", "255.255.255.255") == (TEN + 1, TEN + 1)
    assert words.wildcard("0.0.0.0", "255.255.255.255") == words.masked("0.0.0.0", "0.0.0.0") == (0, 2**32 - 1)


@pytest.mark.parametrize(
    "read",
    [
        lambda: words.wildcard("10.0.0.1", "0.0.0.255"),
        lambda: words.wildcard("10.0.0.0", "0.255.0.255"),
        lambda: words.wildcard("ten", "0.0.0.0"),
        lambda: words.masked("10.0.0.0", "255.0.255.0"),
        lambda: words.masked("10.0.0.0", "mask"),
        lambda: words.network("10.0.0.1/8"),
        lambda: words.network("node"),
        lambda: words.port("80-70"),
        lambda: words.port("http"),
        lambda: words.port("65536"),
        lambda: words.number("256", "type"),
        lambda: words.number("-1", "type"),
        lambda: words.protocol("sctp", 4),
        lambda: words.protocol("132", 4),
    ],
)
def test_what_is_none_is_refused(read):
    with pytest.raises(ReadbackError):
        read()


def test_what_is_one_is_read():
    assert words.network("fd00::/127") == (6, (0xFD << 120, (0xFD << 120) + 1))
    assert words.network("10.0.0.0") == (4, (TEN, TEN))
    assert (words.port("80"), words.port("1024-65535"), words.port("1-65535")) == ((80, 80), (1024, 65535), (0, 65535))
    assert words.protocol("58", 6) is words.protocol("icmp", 6) is words.protocol("icmp6", 4) is Protocol.ICMPV6
    assert words.protocol("icmp", 4) is Protocol.ICMP
    assert words.number("255", "code") == 255
    assert words.whole(6) == (0, 2**128 - 1)
