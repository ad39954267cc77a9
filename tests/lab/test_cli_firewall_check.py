"""`bellrock firewall check` of live rules: what it advises is done as it stands there, and helps."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from bellrock.cli.firewall import firewall
from tests.lab.apart import apart

pytestmark = pytest.mark.lab

SITE = Path(__file__).parents[2] / "examples" / "site.toml"
# Everything passes but for one proxy port in IPv4, SSH into a subnet, IPMI by what nobody can tell, and the answers of BMCs.
RULES = """
table inet filter { chain forward { type filter hook forward priority 0; policy drop;
  ip saddr 10.9.0.0/24 ct state established drop
  ct state established,related accept
  ip daddr 10.2.0.0/23 tcp dport 22 drop
  ip saddr 10.1.0.0/22 tcp dport 3128 jump proxies
  udp dport 623 fib saddr type local accept
  udp dport 623 drop
  udp dport != 623 accept
  tcp dport 1-65535 accept
  meta l4proto { icmp, ipv6-icmp } accept
 }
 chain proxies { drop; }
}
"""


def checked(*words):
    return CliRunner().invoke(firewall, ["check", "--site", str(SITE), "--for", "router", *words])


def not_as_wanted(done):
    return {
        (one["flow"], one["direction"], one["verdict"])
        for one in json.loads(done.stdout)["flows"]
        if one["verdict"] != ("passes" if one["wanted"] == "pass" else "blocked")
    }


def test_what_is_advised_helps():
    def work():
        subprocess.run(["nft", "-f", "-"], input=RULES, text=True, check=True)
        before = not_as_wanted(checked("--json"))
        told = checked().stdout
        commands = re.findall(r"^ +(nft '.*')$", told, re.MULTILINE)
        for command in commands:
            subprocess.run(["sh", "-c", command], check=True, capture_output=True)
        after = checked("--json")
        return before, told, commands, not_as_wanted(after), after.exit_code

    before, told, commands, after, code = apart(work)
    assert {flow for flow, _, _ in before} == {"ssh", "proxy", "ipmi", "redfish", "bmc-web", "icmp"}
    assert {"unknown", "partly"} <= {verdict for _, _, verdict in before}
    assert len(commands) >= 4, told
    assert (after, code) == (set(), 0), told
