"""A world as a scenario's faults change it, before anything of it runs. Pure."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import structs

from bellrock.lab.scenario.parse import service
from bellrock.lab.scenario.schema import ClientSpec, FaultSpec, ServiceSpec, World
from bellrock.lab.schema import LabError
from bellrock.lab.servers import kinds


def effective(world: World, faults: Iterable[FaultSpec]) -> World:
    """The world with its services' and clients' settings changed, and further services.

    Raises:
        LabError: what comes out does not fit.
    """
    services, clients = dict(world.service), dict(world.client)
    for fault in faults:
        for name, changes in fault.configure.items():
            services[name] = _configured(services[name], changes)
        for name, files in fault.files.items():
            told = {path: structs.asdict(spec) for path, spec in files.items()}
            services[name] = _configured(services[name], {"files": told}, whole=frozenset(told))
        if fault.service:
            raw = {key: value for key, value in fault.service.items() if key != "name"}
            services[str(fault.service.get("name", raw.get("kind")))] = service({"at": fault.at} | raw)
        if fault.client:
            clients[fault.at] = _client(clients[fault.at], fault.client)
    for name, spec in services.items():
        if wrong := kinds.trouble(spec.kind, spec.settings):
            raise LabError(f"service {name}: {wrong}")
    return structs.replace(world, service=services, client=clients)


def merged(old: Any, new: Any) -> Any:  # noqa: ANN401 - TOML values
    """Tables are merged key by key, and everything else is replaced."""
    if isinstance(old, dict) and isinstance(new, dict):
        return old | {key: merged(old.get(key), value) for key, value in new.items()}
    return new


def _configured(spec: ServiceSpec, changes: dict[str, Any], whole: frozenset[str] = frozenset()) -> ServiceSpec:
    own = {key: value for key, value in changes.items() if key not in ("at", "kind", "wanted")}
    settings = merged(spec.settings, own)
    for path in whole:  # a file that is described anew keeps nothing of the old one
        settings["files"][path] = changes["files"][path]
    return ServiceSpec(
        at=changes.get("at", spec.at), kind=changes.get("kind", spec.kind), wanted=changes.get("wanted", spec.wanted), settings=settings
    )  # fmt: skip


def _client(spec: ClientSpec, changes: dict[str, Any]) -> ClientSpec:
    try:
        settings = msgspec.convert(structs.asdict(spec.settings) | changes, type(spec.settings))
    except msgspec.ValidationError as error:
        raise LabError(f"client {spec.at}: {error}") from None
    return structs.replace(spec, settings=settings)
