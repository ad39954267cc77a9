"""What Aerleon is handed, and what becomes of its refusals."""

import logging
import sys

import msgspec
import pytest

from bellrock.firewall.compile.policy import CompileError
from bellrock.firewall.compile.vendors.generate import generate
from bellrock.firewall.compile.vendors.platforms import PLATFORMS
from bellrock.firewall.compile.vendors.prepare import prepare
from bellrock.firewall.compile.vendors.rules import Rule
from bellrock.flows.values import Protocol
from tests.firewall.compile.vendors.site import only, policy_for, wanted


def generated(rules, target="cisco"):
    return generate(rules, PLATFORMS[target], target=target, name="bellrock")


def rules_of(policy, target="cisco"):
    return prepare(policy, PLATFORMS[target], target)[0]


def test_it_is_silent_and_leaves_logging_as_it_was(capfd):
    from absl import logging as absl_logging

    handlers, verbosity = list(logging.root.handlers), absl_logging.get_verbosity()
    for target in PLATFORMS:
        generated(rules_of(policy_for(target), target), target)
    assert capfd.readouterr() == ("", "")
    assert logging.root.handlers == handlers
    assert absl_logging.get_verbosity() == verbosity


def test_without_the_extra_there_is_one_line(monkeypatch):
    monkeypatch.setitem(sys.modules, "aerleon", None)
    with pytest.raises(CompileError) as caught:
        generated(rules_of(wanted()), "cisco")
    assert str(caught.value) == "cisco: needs the extra bellrock[vendors]"


def test_a_type_that_aerleon_has_no_name_for_is_refused():
    with pytest.raises(CompileError, match="icmp-errors-v4: Aerleon has no name for type 200 of icmp"):
        generated(rules_of(only("icmp/errors", types=((200, None),))))


def test_a_refusal_of_aerleons_is_one_line():
    rule = msgspec.structs.replace(rules_of(only("http-boot/fetch"))[0], protocol=Protocol.IGMP, types=())
    with pytest.raises(CompileError, match="^fortigate: Aerleon refuses: ") as caught:
        generated([msgspec.structs.replace(rule, name="x" * 300)] * 2, "fortigate")
    assert "\n" not in str(caught.value)


def test_no_text_is_a_refusal(monkeypatch):
    rules = rules_of(wanted())
    generated(rules)
    monkeypatch.setattr("aerleon.api.Generate", lambda *_: {})
    with pytest.raises(CompileError, match="cisco: Aerleon wrote nothing"):
        generated(rules)


def test_everybody_is_a_network_of_its_family():
    text = generated(rules_of(only("icmp/echo"), "paloalto"), "paloalto")
    assert "0.0.0.0/0" in text
    assert "::/0" not in text


def test_comments_are_plain_words():
    (rule, *_) = rules_of(only("http-boot/fetch"))
    assert isinstance(rule, Rule)
    text = generated([msgspec.structs.replace(rule, comment="a */ \"b\" 'c' -> ü\n!" + "d" * 200)])
    remarks = [line for line in text.splitlines() if " remark a" in line]
    assert remarks
    assert all(char.isalnum() or char in " -/" for line in remarks for char in line)


def test_codes_are_handed_on():
    assert " 3 4\n" in generated(rules_of(only("icmp/errors", types=((3, 4),))))


def test_every_port_is_written_where_leaving_it_out_would_mean_every_protocol():
    text = generated(rules_of(only("http-boot/fetch", destination_ports=()), "fortigate"), "fortigate")
    assert "set tcp-portrange 1-65535" in text
