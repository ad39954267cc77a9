"""What scenarios and worlds must keep to beyond types: names that exist, one action each, settings that fit."""

from collections.abc import Iterator

from msgspec import structs

from bellrock.lab.scenario.schema import ACTIONS, FaultSpec, ScenarioFile, World
from bellrock.lab.servers import kinds
from bellrock.wire.toml.lines import Path
from bellrock.wire.toml.text import Problem

_PLACELESS = ("configure", "service", "files")
_AT_INTERFACE = ("retag", "carrier", "plug")


def check_scenario(file: ScenarioFile) -> list[Problem]:
    """All mistakes that can be told without the world."""
    problems = [problem for number, fault in enumerate(file.fault) for problem in _fault(fault, ("fault", number))]
    problems += [
        (("look", number, "at"), f"a look of kind {look.kind} is made at a host; expected at = HOST")
        for number, look in enumerate(file.look)
        if look.kind in ("check", "node", "run") and not look.at
    ]
    problems += [
        (("look", number), "expected command = [...]")
        for number, look in enumerate(file.look)
        if look.kind == "run" and not look.command
    ]
    if file.stops and file.step and not file.expect:
        problems.append((("step",), "a boot that stops at a step has something to be found; expected [[expect]]"))
    return problems


def check_world(world: World) -> list[Problem]:
    """All mistakes of a world."""
    return [*_services(world), *_clients(world), *_hosts(world)]


def check_together(file: ScenarioFile, world: World) -> list[str]:
    """What a scenario names that its world does not have, one sentence each."""
    hosts, known = (
        world.lab.host,
        set(world.service)
        | {fault.name for fault in file.fault}
        | {str(fault.service.get("name")) for fault in file.fault},
    )
    found = []
    for fault in file.fault:
        host, _, interface = fault.at.partition("/")
        if host and host not in hosts:
            found.append(f"fault at {fault.at}: world {world.name} has no such host; there are {', '.join(hosts)}")
        elif interface and fault.plug is None and interface not in hosts[host].interface:
            found.append(
                f"fault at {fault.at}: {host} has no such interface; there are {', '.join(hosts[host].interface)}"
            )
        named = (*fault.configure, *fault.files, *([fault.stop] if fault.stop else []))
        found += [
            f"world {world.name} has no service {name}; there are {', '.join(world.service)}"
            for name in named
            if name not in known
        ]
        if fault.client and host not in world.client:
            found.append(f"world {world.name} has no client {fault.at}; there are {', '.join(world.client)}")
    for look in file.look:
        found += [f"look: world {world.name} has no client {one}" for one in look.clients if one not in world.client]
        found += [
            f"look: world {world.name} has no host {one}" for one in (look.at, *look.points) if one and one not in hosts
        ]
    return found


def action(fault: FaultSpec) -> str:
    """The one thing that a fault does."""
    return next(name for name in ACTIONS if _given(fault, name))


def _fault(fault: FaultSpec, path: Path) -> Iterator[Problem]:
    given = [name for name in ACTIONS if _given(fault, name)]
    if len(given) != 1:
        yield path, f"expected one of {', '.join(ACTIONS)}, got {' and '.join(given) or 'none'}"
        return
    (only,) = given
    if only in _AT_INTERFACE and "/" not in fault.at:
        yield (*path, "at"), f"{only} happens at an interface; expected HOST/INTERFACE, got {fault.at!r}"
    elif only not in (*_PLACELESS, *_AT_INTERFACE, "stop") and (not fault.at or "/" in fault.at):
        yield (*path, "at"), f"{only} happens at a host; expected HOST, got {fault.at!r}"
    if only == "play" and fault.play is not None and bool(fault.play.maker) == bool(fault.play.frames):
        yield (*path, "play"), "expected either maker or frames"
    if fault.before and only in ("configure", "client", "files", "service"):
        yield (*path, "before"), f"{only} is done before anything starts; expected no before"


def _given(fault: FaultSpec, name: str) -> bool:
    value = getattr(fault, name)
    return value is not None if name in ("retag", "carrier", "plug", "play") else bool(value)


def _services(world: World) -> Iterator[Problem]:
    for name, service in world.service.items():
        if service.at not in world.lab.host:
            yield (
                ("service", name, "at"),
                f"expected a host of this file ({', '.join(world.lab.host)}), got {service.at!r}",
            )
        if wrong := kinds.trouble(service.kind, service.settings):
            yield ("service", name), wrong


def _clients(world: World) -> Iterator[Problem]:
    for name, client in world.client.items():
        spec = world.lab.host.get(client.at)
        if spec is None:
            yield (
                ("client", name, "at"),
                f"expected a host of this file ({', '.join(world.lab.host)}), got {client.at!r}",
            )
        elif client.settings.interface not in structs.asdict(spec)["interface"]:
            yield ("client", name, "interface"), f"{client.at} has no interface {client.settings.interface}"


def _hosts(world: World) -> Iterator[Problem]:
    for key, found in (("forward", world.forward), ("capture", world.capture), ("route", tuple(world.route))):
        for host in found:
            if host not in world.lab.host:
                yield (key,), f"expected hosts of this file ({', '.join(world.lab.host)}), got {host!r}"
