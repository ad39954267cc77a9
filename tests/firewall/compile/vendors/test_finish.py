"""The last strokes: heads, annotations, and what a second load needs."""

import json

from bellrock.firewall.compile.vendors import vendor
from bellrock.firewall.compile.vendors.finish import finish, replacing
from bellrock.firewall.compile.vendors.platforms import PLATFORMS
from bellrock.firewall.compile.vendors.prepare import prepare
from tests.firewall.compile.vendors.site import RACK, policy_for, wanted


def test_no_tags_of_revisions_stay():
    for target in PLATFORMS:
        assert "$Id" not in vendor(policy_for(target), target).text


def test_a_notice_cannot_end_its_comment():
    text = finish("<?xml version='1.0'?>\n<a/>\n", [], ("a --> b",), PLATFORMS["paloalto"])
    assert text.splitlines()[0].startswith("<?xml")
    assert "<!-- a -> b -->" in text
    assert "/* a  b */" in finish("x", [], ("a */ b",), PLATFORMS["juniper"])


def test_an_annotation_where_the_platform_has_them():
    text = '[{"acl-filter": {"_annotate": "$Id:$", "name": "x"}}, {"other": 1}]'
    found = json.loads(finish(text, [], ("a", "b"), PLATFORMS["nokiasrl"]))
    assert found[0]["acl-filter"]["_annotate"] == "Written by Bellrock.\na\nb"
    assert json.loads(finish('[{"name": "x"}]', [], ("a",), PLATFORMS["sonic"])) == [{"name": "x"}]


def test_windows_drops_rules_of_an_earlier_load_first_and_sets_its_defaults_last():
    lines = vendor(wanted(RACK), "windows").text.splitlines()
    added = [line.split("name=")[1].split()[0] for line in lines if " add rule " in line]
    deleted = [line.split("name=")[1].split()[0] for line in lines if " delete rule " in line]
    assert set(deleted) == set(added)
    assert lines[-1] == "netsh advfirewall set allprofiles firewallpolicy blockinbound,blockoutbound"
    assert max(at for at, line in enumerate(lines) if " delete " in line) < min(
        at for at, line in enumerate(lines) if " add rule " in line
    )


def test_windows_lets_out_what_it_likes_where_output_is_open():
    policy = wanted(RACK, filter_output=False)
    assert vendor(policy, "windows").text.endswith("blockinbound,allowoutbound\n")
    assert prepare(policy, PLATFORMS["windows"], "windows")[0]


def test_a_list_that_is_written_anew_warns_of_the_time_without_it():
    for target in ("cisco", "nxos"):
        made = vendor(policy_for(target), target)
        assert made.notices[0].startswith("it removes the list before it writes it again")
        assert f"! {made.notices[0]}" in made.text.splitlines()[:3]
    assert replacing("ip access-list extended a\n remark no ip access-list a\n") == ()
