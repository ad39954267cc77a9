"""What the other servers are told."""

import subprocess

import pytest

from bellrock.lab.schema import LabError
from bellrock.lab.servers import common
from bellrock.lab.servers.common import Dns, Ipmi, Ntp, Proxy, Syslog, chronyd, ipmi_sim, named, rsyslogd, squid
from bellrock.lab.servers.values import Place


@pytest.fixture
def place(tmp_path):
    return Place(name="x", directory=tmp_path, addresses={})


def conf(place, name="conf"):
    return (place.directory / name).read_text()


def test_names(place):
    named(place, Dns(zone="lab.example", names={"mirror": "10.0.0.4"}))
    assert "mirror IN A 10.0.0.4" in conf(place, "zone")
    assert 'zone "lab.example"' in conf(place)


@pytest.mark.parametrize("synchronised", [True, False])
def test_clocks(place, synchronised):
    chronyd(place, Ntp(stratum=3, synchronised=synchronised))
    assert ("local stratum 3" in conf(place)) == synchronised


def test_a_proxy_for_all(place):
    server = squid(place, Proxy(port=8000, names={"mirror": "10.0.0.4"}))
    assert "http_access allow all" in conf(place)
    assert conf(place, "hosts") == "10.0.0.4 mirror\n"
    assert server.leaves[0].startswith("/dev/shm/b")
    assert server.listens == (("tcp", 8000),)


def test_a_proxy_for_those_it_knows(place):
    squid(place, Proxy(users={"maas": "pass-word"}))
    assert "http_access deny all" in conf(place)
    assert conf(place, "users").startswith("maas:$apr1$")
    assert "pass-word" not in conf(place) + conf(place, "users")


def test_passwords_that_cannot_be_hashed(place, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "no such algorithm\n")
    monkeypatch.setattr(common.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(LabError, match="service x: openssl passwd: no such algorithm"):
        squid(place, Proxy(users={"a": "b"}))


def test_logs(place):
    server = rsyslogd(place, Syslog(port=1514))
    assert 'input(type="imudp" port="1514")' in conf(place)
    assert server.listens == (("udp", 1514), ("tcp", 1514))


def test_a_controller(place):
    server = ipmi_sim(place, Ipmi(address="10.0.0.9"))
    assert "addr 10.0.0.9 623" in conf(place, "lan")
    assert server.listens == (("udp", 623),)
