from bellrock.firewall.verify.fields import FIELDS


def test_fields_have_the_widths_of_their_headers():
    assert {
        "saddr": 32,
        "saddr6": 128,
        "dport": 16,
        "l4proto": 8,
        "dscp": 6,
        "vlan_id": 12,
        "ether_saddr": 48,
    }.items() <= FIELDS.items()
    assert all(1 <= width <= 128 for width in FIELDS.values())
