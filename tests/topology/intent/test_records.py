"""Records of exports."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.topology.intent import IntentError, maas, netbox, records
from bellrock.topology.intent.records import Export, documents, mac_text


@pytest.mark.parametrize(
    ("text", "mac"),
    [
        ("52:54:00:AA:bb:01", "52:54:00:aa:bb:01"), ("5254.00aa.bb01", "52:54:00:aa:bb:01"), ("", ""), (None, ""), ("52:54", ""),
        ("80:00:02:08:fe:80:00:00:00:00:00:00:f4:52:14:03:00:7b:cb:a1", ""),
    ],
)  # fmt: skip
def test_mac_addresses(text, mac):
    assert mac_text(text) == mac


def test_too_large(monkeypatch):
    monkeypatch.setattr(records, "MAX_FILE", 3)
    with pytest.raises(IntentError, match="more than"):
        list(documents([Export("x", b"[  ]")]))
    monkeypatch.setattr(records, "MAX_RECORDS", 1)
    with pytest.raises(IntentError, match="2 records; at most 1"):
        records.rows([{}, {}], "x")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["interface_set", "cidr", "vlans", "hostname", "name", "vid", "device", "prefix", "a_terminations", "results", "id", "vlan"]
        ),
        inner, max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(JSON)
def test_any_json_is_read_or_refused_in_a_line(document):
    for system in (maas, netbox):
        export = Export("x.json", json.dumps(document).encode())
        with suppress(IntentError):
            assert system.read([export]).ports
