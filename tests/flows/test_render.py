"""The shape of a row."""

from bellrock.flows import Role, ends, flow, row


def test_a_row_keeps_its_shape():
    assert row(flow("dns")) == {
        "id": "dns",
        "title": "DNS",
        "group": "core",
        "source": "node",
        "destination": "rack/region",
        "protocols": [{"protocol": "udp", "ports": [53]}, {"protocol": "tcp", "ports": [53]}],
        "note": "Name resolution during all phases",
        "profile": "standard",
    }


def test_ends_are_joined():
    assert ends((Role.REGION, Role.RACK)) == "region/rack"
