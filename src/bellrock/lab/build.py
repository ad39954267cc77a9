"""Builds what a lab file says out of namespaces, cables and switches, and changes it while it runs."""

from collections.abc import Callable
from pathlib import Path

from bellrock.lab import rtnetlink
from bellrock.lab.namespaces import Home, Space, enter, make, plain_checksums
from bellrock.lab.rtnetlink import End, Request
from bellrock.lab.schema import BridgeSpec, FaultWay, InterfaceSpec, LabError, LabFile, PortSpec
from bellrock.lab.switch import Switches, bridge_command, port_command, retag_command
from bellrock.lab.wiring import Plug, interfaces, plug_of, plugs, split

SWITCH_SPACE = "switches"
_FIRST_INDEX = 2
"""1 is lo's."""
_LOOP_INDEX = 1_000_000
"""Far above what the kernel counts up to by itself."""


class Builder:
    """The namespaces of a lab, and what is in them. All of it vanishes with this process."""

    def __init__(self, lab: LabFile, directory: Path, back: Home, progress: Callable[[str], None]) -> None:
        self.spaces: dict[str, Space] = {}
        self._lab = lab
        self._back = back
        self._progress = progress
        self.switches = Switches(directory / "ovs", self._enter_switches)
        self._devices: dict[tuple[str, str], str] = {}
        self._next_index = dict.fromkeys(lab.host, _FIRST_INDEX)
        self._index: dict[tuple[str, str], int] = {}
        self._number = {host: position for position, host in enumerate(lab.host)}
        self._added = 0

    def build(self) -> None:
        """Build everything.

        Raises:
            LabError: the kernel or Open vSwitch refused something.
        """
        for name in (SWITCH_SPACE, *self._lab.host):
            self.spaces[name] = make(name, self._back, silent=name == SWITCH_SPACE)
            self.spaces[name].netlink.do([rtnetlink.set_up("lo")])
        self._progress(f"{len(self._lab.host)} hosts made")
        wired = plugs(self._lab)
        self._cables(wired)
        self._hosts()
        if self._lab.switch:
            self._switches(wired)

    def device(self, host: str, interface: str) -> str:
        """The switch's end of an interface's cable.

        Raises:
            LabError: there is no such interface, or no switch at the other end.
        """
        found = self._devices.get((host, interface))
        if found is None:
            raise LabError(f"{host}/{interface}: no such interface, or its cable does not go to a switch")
        return found

    def retag(self, host: str, interface: str, port: PortSpec) -> None:
        """Move the cable of an interface to a port with other settings (its carrier is left alone)."""
        self.switches.configure(*retag_command(self.device(host, interface), port))

    def set_carrier(self, host: str, interface: str, up: bool) -> None:
        """Take an interface's carrier away at the switch, or give it back."""
        self._switch_space.netlink.do([rtnetlink.set_up(self.device(host, interface), up)])

    def add_interface(self, host: str, interface: str, spec: InterfaceSpec) -> None:
        """Put a new interface into a running host; its carrier comes last, when the switch is ready for it."""
        self._known(host)
        if (host, interface) in self._index:
            raise LabError(f"{host}/{interface} is there already")
        self._added += 1
        device = f"new{self._added}"
        plug = plug_of(self._lab, host, interface, spec, device)
        if plug is None:
            raise LabError(f"{host}/{interface}: a new interface needs a switch to plug into")
        self._switch_space.netlink.do([self._cable(host, interface, spec, device, plug.mtu)])
        self._configure_interface(host, interface, spec)
        self.switches.configure(port_command(plug.switch, device, plug.port))
        self._switch_space.netlink.do([rtnetlink.set_up(device, plug.port.up)])

    def remove_interface(self, host: str, interface: str) -> None:
        """Pull an interface out of a running host."""
        device = self.device(host, interface)
        self._switch_space.netlink.do([rtnetlink.delete(device)])
        self.switches.configure(["--if-exists", "del-port", device])
        del self._devices[host, interface], self._index[host, interface]

    @property
    def _switch_space(self) -> Space:
        return self.spaces[SWITCH_SPACE]

    def _enter_switches(self) -> None:
        enter(self._switch_space)

    def _known(self, host: str) -> None:
        if host not in self._lab.host:
            raise LabError(f"{host}: no such host; there are {', '.join(self._lab.host)}")

    def _cables(self, wired: list[Plug]) -> None:
        named = {(plug.host, plug.interface): plug for plug in wired}
        cabled = {split(end) for cable in self._lab.cable for end in cable.between}
        requests = []
        for position, (host, name, spec) in enumerate(interfaces(self._lab)):
            plug = named.get((host, name))
            if (host, name) not in cabled:
                device = plug.device if plug else f"loose{position}"
                requests.append(self._cable(host, name, spec, device, plug.mtu if plug else spec.mtu))
        for position, link in enumerate(self._lab.link):
            requests.append(self._link(position, link.mtu))
        self._switch_space.netlink.do(requests)
        for position, cable in enumerate(self._lab.cable):
            a, b = (split(end) for end in cable.between)
            if a[0] == b[0]:
                self._loop(position, a, b)
            else:
                self._direct(a, b)

    def _cable(self, host: str, name: str, spec: InterfaceSpec, device: str, mtu: int) -> Request:
        there = self._end(host, name, spec)
        self._devices[host, name] = device
        return rtnetlink.veth(End(name=device, mtu=mtu), there)

    def _direct(self, a: tuple[str, str], b: tuple[str, str]) -> None:
        ends = [self._end(host, name, self._lab.host[host].interface[name]) for host, name in (a, b)]
        self.spaces[a[0]].netlink.do([rtnetlink.veth(*ends)])

    def _loop(self, position: int, a: tuple[str, str], b: tuple[str, str]) -> None:
        """A cable from a host to itself goes round outside of it: the ends of a plain one would know each other."""
        index = _LOOP_INDEX + 3 * position
        requests = [rtnetlink.bridge(f"loop{position}", index), rtnetlink.set_up(f"loop{position}")]
        for side, (host, name) in enumerate((a, b), start=1):
            spec = self._lab.host[host].interface[name]
            outer = End(name=f"loop{position}.{side}", mtu=spec.mtu, index=index + side)
            requests.append(rtnetlink.veth(outer, self._end(host, name, spec)))
            requests += [rtnetlink.enslave(outer.index, index), rtnetlink.set_up(outer.name)]
        self._switch_space.netlink.do(requests)

    def _end(self, host: str, name: str, spec: InterfaceSpec) -> End:
        index, number = self._take_index(host, name), self._number[host]
        # A locally administered address (IEEE 802 §8.4) that tells host and interface to whoever reads a capture.
        mac = spec.mac or f"02:00:00:{number >> 8:02x}:{number & 255:02x}:{index & 255:02x}"
        return End(name=name, mtu=spec.mtu, index=index, mac=mac, namespace=self.spaces[host].net)

    def _take_index(self, host: str, name: str) -> int:
        index = self._next_index[host]
        self._next_index[host] += 1
        self._index[host, name] = index
        return index

    def _link(self, position: int, mtu: int | None) -> Request:
        link = self._lab.link[position]
        ends = (
            End(name=f"link{position}{side}", mtu=mtu or self._lab.switch[switch].mtu)
            for side, switch in zip("ab", link.between, strict=True)
        )
        return rtnetlink.veth(*ends)

    def _hosts(self) -> None:
        for host, spec in self._lab.host.items():
            for name, interface in spec.interface.items():
                self._configure_interface(host, name, interface)
            for name, bridge in spec.bridge.items():
                self._bridge(host, name, bridge)

    def _configure_interface(self, host: str, name: str, spec: InterfaceSpec) -> None:
        space = self.spaces[host]
        plain_checksums(space, name)
        index = self._index[host, name]
        requests = [rtnetlink.set_up(name)] if spec.up else []
        space.netlink.do([*requests, *(rtnetlink.address(index, text) for text in spec.addresses)])

    def _bridge(self, host: str, name: str, spec: BridgeSpec) -> None:
        space = self.spaces[host]
        index = self._take_index(host, name)
        requests = [rtnetlink.bridge(name, index)]
        requests += [rtnetlink.enslave(self._index[host, member], index) for member in spec.members]
        requests += [rtnetlink.set_mtu(index, spec.mtu)] if spec.mtu is not None else []
        requests += [rtnetlink.set_up(name)] if spec.up else []
        requests += [rtnetlink.address(index, text) for text in spec.addresses]
        space.netlink.do(requests)

    def _switches(self, wired: list[Plug]) -> None:
        self.switches.start()
        commands = [bridge_command(name) for name in self._lab.switch]
        commands += [port_command(plug.switch, plug.device, plug.port) for plug in wired]
        for position, link in enumerate(self._lab.link):
            for side, switch in zip("ab", link.between, strict=True):
                commands.append(port_command(switch, f"link{position}{side}", link.end(switch)))
        self.switches.configure(*commands)
        up = [rtnetlink.set_up(plug.device) for plug in wired if plug.port.up]
        up += [rtnetlink.set_up(f"link{n}{side}") for n, link in enumerate(self._lab.link) if link.up for side in "ab"]
        self._switch_space.netlink.do(up)
        switches = "1 switch" if len(self._lab.switch) == 1 else f"{len(self._lab.switch)} switches"
        self._progress(f"{switches} with {len(wired)} cables {'is' if switches == '1 switch' else 'are'} up")
        self._faults(wired)

    def _faults(self, wired: list[Plug]) -> None:
        flags = {"mute": "no-receive", "deaf": "no-forward"}
        named = {(plug.host, plug.interface): plug for plug in wired}
        for fault in self._lab.fault:
            plug = named[split(fault.at)]
            if fault.kind in flags:
                self.switches.fault(plug.switch, plug.device, flags[fault.kind])
            elif fault.mtu is not None:
                self._narrow(plug, fault.mtu, fault.way)

    def _narrow(self, plug: Plug, mtu: int, way: FaultWay) -> None:
        if way != "to-host":
            self.switches.narrow_from(plug.switch, plug.device, mtu)
        if way != "from-host":
            self.switches.narrow_to(plug.device, mtu)
