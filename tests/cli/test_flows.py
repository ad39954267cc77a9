"""`bellrock flows list | show | matrix`; lint is in test_flowlint.py and tests/lab/test_cli_flowlint.py."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from bellrock.flows import CATALOGUE
from tests.cli.terminal import on_terminal

BELLROCK = Path(sys.executable).parent / "bellrock"
EXAMPLE = Path(__file__).parents[2] / "examples" / "site.toml"
GOLDEN = Path(__file__).parents[1] / "data" / "flows"
SEED = [
    "dhcp",
    "tftp",
    "http-boot",
    "https-boot",
    "api",
    "dns",
    "ntp",
    "proxy",
    "stream",
    "apt",
    "snap",
    "ssh",
    "syslog",
    "ipmi",
    "redfish",
    "bmc-web",
    "lxd",
    "libvirt",
    "libvirt-dnsmasq",
    "ldap",
    "proxy-auth",
    "registry",
]


def test_list_json_keeps_its_shape(bellrock):
    rows = json.loads(bellrock("flows", "list", "--json").stdout)
    assert [row["id"] for row in rows[:22]] == SEED
    assert rows[0] == {
        "id": "dhcp",
        "title": "DHCP Discover/Offer",
        "group": "core",
        "source": "node",
        "destination": "rack",
        "protocols": [{"protocol": "udp", "ports": [67, 68]}],
        "note": "One DHCP per VLAN; relays must target rack IP",
        "profile": "standard",
    }
    assert {tuple(row) for row in rows} == {tuple(rows[0])}


@pytest.mark.parametrize("columns", [80, 160])
@pytest.mark.parametrize("name", ["list", "matrix", "show"])
def test_tables_fit_the_terminal(name, columns):
    arguments = ["flows", "show", "dhcp"] if name == "show" else ["flows", name]
    lines = on_terminal(columns, *arguments)
    assert max(map(len, lines)) <= columns
    golden = GOLDEN / f"{name}-{columns}.txt"
    assert lines == golden.read_text().splitlines(), f"{golden.name} has it otherwise"


def test_every_flow_is_in_the_table(bellrock):
    first = [line.split()[0] for line in bellrock("flows", "list").stdout.splitlines()[3:] if line.strip()]
    assert first == [flow.id for flow in CATALOGUE]


def test_filters_add_up(bellrock):
    done = bellrock("flows", "list", "--group", "core", "--role", "rack", "--port", "53/tcp", "--json")
    assert [row["id"] for row in json.loads(done.stdout)] == ["dns"]
    done = bellrock("flows", "list", "--port", "4/tcp")
    assert (done.returncode, done.stdout) == (0, "No flow is like that.\n")
    assert json.loads(bellrock("flows", "list", "--port", "4/tcp", "--json").stdout) == []


def test_profiles_and_sites_change_ports(bellrock):
    def ports(*arguments):
        rows = json.loads(bellrock("flows", "list", "--json", *arguments).stdout)
        return {row["id"]: row["protocols"][0]["ports"] for row in rows}

    assert ports("--profile", "maas-3")["proxy"] == [8000]
    of_site = ports("--site", EXAMPLE)
    assert of_site["api"] == [5240, 5443]
    assert "lxd" not in of_site


def test_markdown_and_csv_hold_the_same(bellrock):
    rows = list(csv.DictReader(io.StringIO(bellrock("flows", "list", "--csv").stdout)))
    assert [row["id"] for row in rows] == [flow.id for flow in CATALOGUE]
    assert rows[5]["protocols"] == "udp/53 tcp/53"
    lines = bellrock("flows", "list", "--markdown").stdout.splitlines()
    assert len(lines) == len(rows) + 2
    assert lines[2].startswith("| dhcp | DHCP Discover/Offer | core | node | rack | udp/67,68 | ")


def test_show_tells_packets_with_their_reasons(bellrock):
    told = bellrock("flows", "show", "tftp").stdout
    for text in (
        "request: udp node → rack port 69",
        "RFC 1350 §4",
        "connection tracking calls it related",
        "conntrack helper",
    ):
        assert text in told
    document = json.loads(bellrock("flows", "show", "tftp", "--json").stdout)
    assert [one["name"] for one in document["exchanges"]] == ["request", "data"]
    assert document["exchanges"][1]["source_ports"] == "1024-65535"
    assert document["conditions"][0]["kind"] == "needs-helper"


@pytest.mark.parametrize("flow", [flow.id for flow in CATALOGUE])
def test_every_flow_can_be_shown(flow):
    from click.testing import CliRunner

    from bellrock.cli.flows import flows

    done = CliRunner().invoke(flows, ["show", flow])
    assert done.exit_code == 0, done.exception
    assert max(map(len, done.stdout.splitlines())) <= 80
    assert done.stdout.startswith(f"{flow}: ")


def test_matrix_of_a_site_in_each_format(bellrock):
    cells = json.loads(bellrock("flows", "matrix", "--site", EXAMPLE, "--json").stdout)
    assert {"source": "admin", "destination": "bmc", "ways": [
        {"flow": "bmc-web", "protocol": "tcp", "ports": "80,443", "forbidden": False}]} in cells  # fmt: skip
    rows = list(csv.reader(io.StringIO(bellrock("flows", "matrix", "--site", EXAMPLE, "--csv").stdout)))
    assert rows[0][0] == "from → to"
    assert {len(row) for row in rows} == {len(rows[0])}
    admin = next(row for row in rows if row[0] == "admin")
    assert admin[rows[0].index("bmc")] == "tcp/80,443"
    assert bellrock("flows", "matrix", "--site", EXAMPLE, "--markdown").stdout.startswith("| from → to | node |")


def test_a_matrix_that_fits_is_one_table():
    lines = on_terminal(250, "flows", "matrix", "--site", str(EXAMPLE))
    assert lines[1].split()[:6] == ["from", "→", "to", "node", "rack", "region"]


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (("show", "tfpt"), 2, "no flow 'tfpt'; did you mean 'tftp'?"),
        (("show", "x" * 5000), 2, "no flow"),
        (("show", ""), 2, "no flow ''"),
        (("list", "--group", "cor"), 2, "no group 'cor'; did you mean 'core'?"),
        (("list", "--role", "regoin"), 2, "no role 'regoin'; did you mean 'region'?"),
        (("list", "--port", "tcp"), 2, "port 'tcp': expected a number"),
        (("list", "--port", "70000"), 2, "port '70000': expected a number from 0 to 65535"),
        (("list", "--profile", "maas-4"), 2, "no profile 'maas-4'; did you mean 'maas-3'?"),
        (("list", "--profile", "standard", "--site", str(EXAMPLE)), 2, "--profile and --site exclude each other"),
        (("matrix", "--profile", "standard", "--site", str(EXAMPLE)), 2, "--profile and --site exclude each other"),
        (("list", "--json", "--csv"), 2, "--json, --markdown and --csv exclude each other"),
        (("matrix", "--markdown", "--csv"), 2, "--json, --markdown and --csv exclude each other"),
        (("list", "--site", "absent.toml"), 3, "absent.toml: No such file or directory"),
        (("matrix", "--site", "/"), 3, "/: Is a directory"),
        (("lint", "absent.toml"), 3, "absent.toml: No such file or directory"),
        (("lint", str(BELLROCK.resolve().parent / "python3")), 2, "not UTF-8"),
        (("lint", str(EXAMPLE), "--for", "rck"), 2, "--for no role 'rck'; did you mean 'rack'?"),
        (("lint", str(EXAMPLE), "--watch", "0"), 2, "0"),
        (("lint", str(EXAMPLE), "--watch", "99999"), 2, "99999"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line(bellrock, arguments, code, line):
    done = bellrock("flows", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert line in done.stderr
    assert len([text for text in done.stderr.splitlines() if text.startswith("Error: ")]) == 1


@pytest.mark.parametrize("arguments", [("list",), ("list", "--csv"), ("matrix",), ("show", "dhcp"), ("list", "--json")])
def test_a_reader_that_leaves_is_no_error(arguments):
    with subprocess.Popen([BELLROCK, "flows", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(20) in (0, 141)
