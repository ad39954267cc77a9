"""The tables of names."""

from bellrock.firewall.verify.fields import FIELDS
from bellrock.firewall.verify.read.subjects import _META, _PAYLOADS
from bellrock.firewall.verify.read.symbols import BRIDGE_PRIORITIES, PRIORITIES, SYMBOLS, WIDTHS


def test_every_name_is_a_value_of_its_kind():
    for kind, names in SYMBOLS.items():
        assert all(0 <= number < 1 << WIDTHS[kind] for number in names.values()), kind


def test_kinds_are_as_wide_as_the_fields_that_they_are_compared_with():
    for kind, field in (*_PAYLOADS.values(), *_META.values()):
        assert WIDTHS[kind] == FIELDS[field], (kind, field)


def test_priorities_are_netfilters():
    assert (PRIORITIES["raw"], PRIORITIES["dstnat"], PRIORITIES["srcnat"]) == (-300, -100, 100)
    assert BRIDGE_PRIORITIES["dstnat"] == -300
