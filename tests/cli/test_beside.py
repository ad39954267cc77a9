"""Found beside wired, row by row."""

from bellrock.cli.beside import rows


def document(*fabrics, unknown=()):
    """Fabrics as {vid: [(host, interface, vid)]}."""
    return {
        "fabrics": [
            {
                "id": f"f{n}",
                "name": f"fabric-{n}",
                "vlans": [
                    {
                        "id": f"f{n}.{vid}",
                        "name": str(vid),
                        "vid": vid,
                        "subnets": [],
                        "members": [
                            {"host": h, "interface": i, "vid": v, "strength": "confirmed"} for h, i, v in members
                        ],
                    }
                    for vid, members in fabric.items()
                ],
            }
            for n, fabric in enumerate(fabrics, start=1)
        ],
        "conflicts": [],
        "unknown": [{"host": h, "interface": i, "why": why} for h, i, why in unknown],
    }


A, B, C = ("a", "e0", None), ("b", "e0", 10), ("c", "e0", None)


def test_what_agrees_has_no_mark_whatever_the_ids():
    found, wired = document({}, {None: [A, B]}), document({10: [A, B]})
    assert list(rows(found, wired)) == [
        ("a/e0", "fabric-2  VLAN ?  ● confirmed", "fabric-1  VLAN 10", ""),
        ("b/e0.10", "fabric-2  VLAN ?  ● confirmed", "fabric-1  VLAN 10", ""),
    ]


def test_a_port_in_the_wrong_company_is_marked():
    found, wired = document({10: [A, B, C]}), document({10: [A, B]}, {20: [C]})
    assert [(row[0], row[3]) for row in rows(found, wired)] == [("a/e0", ""), ("b/e0.10", ""), ("c/e0", "≠")]


def test_what_was_not_found_says_why_where_the_region_knows():
    found = document({10: [B]}, unknown=[("a", "e0", "nobody answers")])
    wired = document({10: [A, B]}, {20: [C]})
    assert [row[1:] for row in rows(found, wired) if row[3]] == [
        ("unknown: nobody answers", "fabric-1  VLAN 10", "≠"),
        ("not found", "fabric-2  VLAN 20", "≠"),
    ]


def test_what_is_found_but_not_wired_is_told():
    assert list(rows(document({10: [A]}), document())) == [("a/e0", "fabric-1  VLAN 10  ● confirmed", "nowhere", "≠")]


def test_interfaces_that_both_leave_open_stand_at_the_end():
    found = document({10: [A, B]}, unknown=[("d", "e1", "no carrier")])
    wired = document(
        {10: [A, B]}, unknown=[("d", "e1", "it has no carrier"), ("d", "e2", "it is down"), ("a", "e0", "x")]
    )
    assert list(rows(found, wired))[2:] == [
        ("d/e1", "unknown: no carrier", "it has no carrier", ""),
        ("d/e2", "not found", "it is down", ""),
    ]
