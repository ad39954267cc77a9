"""As found beside as wired, port by port."""

from bellrock.cli.beside import rows


def document(*vlans, unknown=()):
    """Each VLAN: fabric, id, VID, its ports as (host, interface, VID)."""
    return {
        "fabrics": [
            {
                "name": fabric,
                "vlans": [
                    {
                        "id": id_,
                        "vid": vid,
                        "members": [
                            {"host": host, "interface": interface, "vid": tag, "strength": "confirmed"}
                            for host, interface, tag in ports
                        ],
                    }
                ],
            }
            for fabric, id_, vid, ports in vlans
        ],
        "unknown": [{"host": host, "interface": interface, "why": why} for host, interface, why in unknown],
    }


A, B, C, T = ("a", "eth0", None), ("b", "eth0", None), ("c", "eth0", None), ("c", "eth0", 10)


def test_names_and_ids_may_differ_where_the_partition_is_the_same():
    found = document(("fabric-7", "x", None, [A, B]), ("fabric-8", "y", 10, [T]))
    wired = document(("blue", "1", 10, [A, B]), ("red", "2", 10, [T]))
    assert list(rows(found, wired)) == [
        ("a/eth0", "fabric-7  VLAN ?  ● confirmed", "blue  VLAN 10", ""),
        ("b/eth0", "fabric-7  VLAN ?  ● confirmed", "blue  VLAN 10", ""),
        ("c/eth0.10", "fabric-8  VLAN 10  ● confirmed", "red  VLAN 10", ""),
    ]


def test_a_split_and_a_false_join_are_marked():
    split = rows(document(("f", "x", 1, [A, B]), ("g", "y", 1, [C])), document(("w", "1", 1, [A, B, C])))
    assert [(row[0], row[3]) for row in split] == [("a/eth0", ""), ("b/eth0", ""), ("c/eth0", "≠")]
    joined = rows(document(("f", "x", 1, [A, B, C])), document(("w", "1", 1, [A, B]), ("v", "2", 1, [C])))
    assert [(row[0], row[3]) for row in joined] == [("a/eth0", ""), ("b/eth0", ""), ("c/eth0", "≠")]


def test_what_is_not_found_or_not_wired_is_said():
    found = document(("f", "x", 1, [C]), unknown=[("a", "eth0", "no carrier"), ("d", "eth1", "down")])
    wired = document(
        ("w", "1", 1, [A, B]), unknown=[("d", "eth1", "cut"), ("e", "eth1", "cut"), ("c", "eth0", "nothing there")]
    )
    assert list(rows(found, wired)) == [
        ("a/eth0", "unknown: no carrier", "w  VLAN 1", "≠"),
        ("b/eth0", "not found", "w  VLAN 1", "≠"),
        ("c/eth0", "f  VLAN 1  ● confirmed", "nowhere", "≠"),
        ("d/eth1", "unknown: down", "cut", ""),
        ("e/eth1", "not found", "cut", ""),
    ]
