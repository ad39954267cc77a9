"""Every flow has its probe, and every probe says what it is."""

import sys
from types import SimpleNamespace

import pytest

from bellrock.probe import registry
from bellrock.probe.run import default_port


@pytest.mark.parametrize("flow", registry.PROBES)
def test_every_flow_has_a_probe_that_says_what_it_is(flow):
    probe = registry.probe_of(flow)
    assert flow in probe.flows
    assert probe.load.packets > 0
    assert probe.load.octets > 0
    assert probe.protocols
    assert 0 < default_port(flow) <= 65535
    names = [option.name for option in probe.options]
    assert len(set(names)) == len(names)
    assert all(option.meaning for option in probe.options)


def test_flows_that_nobody_tries():
    with pytest.raises(registry.UnknownProbeError, match="no probe tries 'gopher'; there are dhcp, tftp"):
        registry.probe_of("gopher")


def test_a_module_that_offers_no_probe_is_a_mistake_in_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "bellrock.probe.nothing", SimpleNamespace(PROBE="none"))
    monkeypatch.setitem(registry.PROBES, "gopher", "nothing")
    with pytest.raises(TypeError, match="bellrock.probe.nothing.PROBE is not a Probe"):
        registry.probe_of("gopher")
