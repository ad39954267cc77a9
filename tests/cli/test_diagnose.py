"""`bellrock diagnose`, on captures that are written here; real ones are in the lab's tests."""

import gzip
import json
from pathlib import Path
from xml.etree import ElementTree

import jsonschema
import pytest
from click.testing import CliRunner

from bellrock.cli.diagnose import diagnose, of_client
from bellrock.cli.output import Failure
from bellrock.diagnosis.boot import Boot
from bellrock.model import Finding, Severity
from bellrock.wire import dhcp
from tests.capture.reading.film import CLIENT, Film, discover
from tests.capture.reading.made import classic

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "reference" / "diagnose.schema.json").read_text())
ANY, ALL = "0.0.0.0", "255.255.255.255"


def run(*words, stdin=None):
    done = CliRunner().invoke(diagnose, list(map(str, words)), input=stdin, prog_name="bellrock diagnose")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def unanswered(mac=CLIENT):
    film = Film("eth0")
    for at in (1, 5, 13, 29):
        film.udp(68, 67, discover(mac=mac), ends=(ANY, ALL), at=at)
    return film


@pytest.fixture
def boot(tmp_path):
    return unanswered().save(tmp_path, "boot.pcapng")


def test_a_ladder_and_the_findings(boot):
    done = run(boot)
    assert done.exit_code == 1
    assert done.stdout.startswith(f"{CLIENT} · UEFI x64 · stopped at dhcp\n")
    assert "dhcp firmware" in done.stdout
    assert "unanswered: no offer, after 4 tries" in done.stdout
    assert "[dhcp-unanswered]" in done.stdout
    assert "because: " in done.stdout


def test_json_is_as_its_schema_says(boot):
    done = run(boot, "--json")
    found = json.loads(done.stdout)
    jsonschema.validate(found, SCHEMA)
    assert done.exit_code == 1
    (client,) = found["clients"]
    assert (client["mac"], client["stopped_at"]) == (CLIENT, "dhcp")
    assert {"step", "outcome", "packets", "time"} <= set(client["steps"][0])
    assert {"id", "severity", "where", "cause", "proof", "confidence", "fix"} <= set(found["findings"][0])
    assert client["cause"] == found["findings"][0]["what"]
    assert client["finding"] == found["findings"][0]["key"]


def test_the_schema_knows_what_is_wrong():
    for wrong in ({}, {"clients": 3}, {"clients": [{"mac": 1}]}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, SCHEMA)


def test_a_capture_without_boots_has_no_finding(tmp_path):
    done = run(Film().icmp(b"\x08\0\0\0\0\1\0\1").save(tmp_path))
    assert (done.exit_code, done.stdout) == (0, "Nobody was seen to boot in 1 packets.\nNo findings.\n")


def test_picture_and_page(boot, tmp_path):
    run(boot, "--svg", tmp_path / "b.svg", "--html", tmp_path / "b.html")
    assert ElementTree.parse(tmp_path / "b.svg").getroot().tag.endswith("svg")
    page = (tmp_path / "b.html").read_text()
    assert "DHCP DISCOVER, arch 7" in page
    assert "stopped at dhcp" in page
    before = Path(boot).read_bytes()
    done = run(boot, "--html", boot, "--force")
    assert (done.exit_code, "is what is read" in done.stderr, Path(boot).read_bytes()) == (2, True, before)
    done = run(boot, "--svg", tmp_path / "b.svg")
    assert (done.exit_code, "b.svg is there already; --force" in done.stderr) == (3, True)
    assert run(boot, "--svg", tmp_path / "b.svg", "--force").exit_code == 1
    done = run(boot, "--svg", tmp_path / "no" / "such" / "place")
    assert (done.exit_code, "no/such/place: No such file" in done.stderr) == (3, True)


def test_one_machine_of_several(tmp_path):
    other = "52:54:00:00:00:99"
    film = unanswered()
    for at in (2, 6, 14, 30):
        film.udp(68, 67, discover(mac=other), ends=(ANY, ALL), at=at)
    file = film.save(tmp_path)
    assert len(json.loads(run(file, "--json").stdout)["clients"]) == 2
    found = json.loads(run(file, "--json", "--client", other.upper().replace(":", "-")).stdout)
    assert [one["mac"] for one in found["clients"]] == [other]
    assert {one["where"]["client"] for one in found["findings"]} <= {other, ""}
    done = run(file, "--client", "52:54:00:00:00:77")
    assert (done.exit_code, "was not seen to boot; seen: " in done.stderr) == (2, True)


def test_findings_of_nobody_are_everybodys():
    mine, his, all_ = (
        Finding(id=name, severity=Severity.ERROR, what=name, proof=("p",), client=name) for name in ("a", "b", "")
    )
    boots, findings = of_client("10.0.0.7", [Boot(mac="a", address="10.0.0.7"), Boot(mac="b")], [mine, his, all_])
    assert ([one.mac for one in boots], [one.id for one in findings]) == (["a"], ["a", ""])
    with pytest.raises(Failure, match="seen: nobody"):
        of_client("x", [], [])


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ((), 2, "what is to be diagnosed?"), (("x", "--live", "lo"), 2, "one of them"), (("x", "--on", "a"), 2, "go together"),
        (("--from-region",), 2, "go together"), (("absent.pcap",), 3, "absent.pcap: No such file"), (("-", "x"), 2, "standard input"),
        (("absent.pcap", "--site", "absent.toml"), 3, "absent.toml"), (("a.pcap", "b.pcap"), 3, "a.pcap"),
        (("--live", "no-such-if0", "--for", "1"), 3, "no-such-if0"), (("x", "--for", "nan"), 2, "nan"),
    ],
)  # fmt: skip
def test_what_goes_wrong(tmp_path, monkeypatch, words, code, says):
    monkeypatch.chdir(tmp_path)
    done = run(*words)
    assert (done.exit_code, says in done.stderr, done.stdout) == (code, True, ""), done.stderr
    assert len(done.stderr.strip().splitlines()) <= 4


def test_a_file_that_is_no_capture(tmp_path):
    (tmp_path / "x.pcap").write_bytes(b"not a capture at all, but long enough to be taken for one")
    done = run(tmp_path / "x.pcap")
    assert (done.exit_code, "x.pcap" in done.stderr, len(done.stderr.splitlines())) == (3, True, 1)


def test_what_could_not_be_seen_is_said(tmp_path):
    octets = unanswered().octets()
    (tmp_path / "cut.pcapng").write_bytes(octets[:-30])
    done = run(tmp_path / "cut.pcapng")
    assert "Note: " in done.stderr
    assert "stopped at dhcp" in done.stdout
    assert done.exit_code == 1, "a finding is a finding, of a cut file as well"


def test_half_a_file_without_a_finding_is_no_all_clear(tmp_path):
    octets = gzip.compress(Film().udp(68, 67, discover(), ends=(ANY, ALL), at=1).octets(), mtime=0)
    (tmp_path / "cut.gz").write_bytes(octets[:-12])
    done = run(tmp_path / "cut.gz")
    assert (done.exit_code, "No findings in what could be read" in done.stdout) == (3, True), done.output


def test_a_capture_of_which_nothing_is_understood_is_no_all_clear(tmp_path):
    (tmp_path / "wifi.pcap").write_bytes(classic([(0, b"\x80" * 60), (1, b"\x80" * 60)], link=105))
    done = run(tmp_path / "wifi.pcap")
    assert (done.exit_code, "link type 105" in done.stderr) == (3, True), done.output


def test_standard_input(bellrock):
    done = bellrock("diagnose", "-", "--json", stdin=unanswered().octets())
    assert done.returncode == 1
    assert json.loads(done.stdout)["clients"][0]["stopped_at"] == "dhcp"


def test_several_places_are_one_capture(tmp_path):
    near, far = (unanswered().save(tmp_path, f"{name}.pcapng") for name in ("near", "far"))
    found = json.loads(run(f"node-7={near}", far, "--json").stdout)
    assert [one["name"] for one in found["points"]] == ["node-7/eth0", "far/eth0"]
    (client,) = found["clients"]
    assert client["points"] == ["node-7/eth0", "far/eth0"]
    dhcp_step = next(one for one in client["steps"] if one["step"] == "dhcp")
    assert "after 4 tries" in dhcp_step["what"]


def test_of_several_places_it_is_said_where_packets_have_their_numbers(tmp_path):
    near, far = (unanswered().save(tmp_path, f"{name}.pcapng") for name in ("near", "far"))
    assert f"as `bellrock capture merge node-7={near} {far} -o merged.pcapng`" in run(f"node-7={near}", far).stderr


def test_one_capture_twice_is_a_slip(tmp_path):
    near = unanswered().save(tmp_path, "near.pcapng")
    done = run(near, f"b={near}")
    assert (done.exit_code, "are one file; give each capture once" in done.stderr) == (2, True)


def test_half_a_file_of_several_is_no_all_clear(tmp_path):
    film = Film("eth0")
    film.udp(68, 67, discover(), ends=(ANY, ALL), at=1)
    near = film.save(tmp_path, "near.pcapng")
    (tmp_path / "far.gz").write_bytes(gzip.compress(Path(near).read_bytes(), mtime=0)[:-12])
    done = run(near, tmp_path / "far.gz")
    assert (done.exit_code, "Note: far: " in done.stderr) == (3, True), done.output


def test_a_site_names_who_plays_which_role(boot, tmp_path):
    site = tmp_path / "site.toml"
    site.write_text(
        '[[subnet]]\nname = "pxe"\ncidr = "10.0.0.0/24"\n[role.node]\nsubnets = ["pxe"]\n[role.rack]\naddresses = ["10.0.0.2"]\n'
    )
    (client,) = json.loads(run(boot, "--site", site, "--json").stdout)["clients"]
    outcomes = {one["step"]: one["outcome"] for one in client["steps"]}
    assert (outcomes["mirror"], outcomes["tftp"]) == ("not-needed", "not-seen")


def test_relays_are_named(tmp_path):
    film = Film("eth0")
    for at in (1, 5, 13):
        relayed = dhcp.decode(discover(giaddr="10.1.0.1", hops=1))
        film.udp(67, 67, dhcp.encode(relayed), ends=("10.1.0.1", "10.0.0.2"), at=at)
    (client,) = json.loads(run(film.save(tmp_path), "--json").stdout)["clients"]
    assert "through relay 10.1.0.1" in next(one["what"] for one in client["steps"] if one["step"] == "dhcp")
