"""Services that the catalogue wants restricted, and who can reach them."""

from collections.abc import Iterator

from bellrock.flows.addresses import spelled
from bellrock.flows.lint.services import at_port
from bellrock.flows.lint.values import FAMILIES, Kind, Remark, Scene, Weight, heard_at, listener_text, single
from bellrock.flows.opened import RESTRICTED, opened
from bellrock.flows.passages import AddressRange
from bellrock.flows.values import Condition, Exchange, Family, Flow, Role
from bellrock.model.listening import Listener


def remarks(scene: Scene) -> Iterator[Remark]:
    """Wildcard listeners of restricted services, and roles that let in whom they are to keep out."""
    for flow in scene.flows:
        for condition in flow.conditions:
            if condition.kind in RESTRICTED:
                yield from _exposed(scene, flow, condition)
                yield from _overlaps(scene, flow, condition)
    yield from _opened(scene)


def _exposed(scene: Scene, flow: Flow, condition: Condition) -> Iterator[Remark]:
    for listener in dict.fromkeys(it for exchange in flow.exchanges for it in _wide(scene, exchange)):
        heard = heard_at(listener, scene.outward)
        outside = [address for address in heard if not scene.known(address)]
        where = ", ".join(address.said() for address in outside or heard)
        yield Remark(
            kind=Kind.EXPOSED,
            weight=Weight.COMPLAINT if outside else Weight.HINT,
            flow=flow.id,
            sentence=f"{listener_text(listener)} answers {flow.id} on every address of this host"
            + (f", also outside of the site: {where}" if outside else ""),
            proof=f"it is reached at {where}. {condition.sentence}",
            advice=f"bind it to an address that {condition.subject} reaches, or let the firewall do it: `bellrock firewall check`",
        )


def _wide(scene: Scene, exchange: Exchange) -> Iterator[Listener]:
    if not set(exchange.destination) & set(scene.roles):
        return
    for port in single(exchange.destination_ports):
        for listener in at_port(scene.listeners, (exchange.protocol, port)):
            if listener.wildcard and heard_at(listener, scene.outward):
                yield listener


def _overlaps(scene: Scene, flow: Flow, condition: Condition) -> Iterator[Remark]:
    """The role that alone may come must not contain those that it is to be kept apart from."""
    if not any(role == condition.subject for role in flow.source):
        return
    for other in dict.fromkeys((Role.NODE, *flow.destination)):
        for family in FAMILIES:
            yield from _overlap(scene, flow, (Role(condition.subject), other), family)


def _overlap(scene: Scene, flow: Flow, pair: tuple[Role, Role], family: Family) -> Iterator[Remark]:
    ours, theirs = (scene.site.roles.get(role) for role in pair)
    if ours is None or theirs is None:
        return
    shared = common(ours.addresses.of(family), theirs.addresses.of(family))
    if shared:
        first, last = (spelled(value, family) for value in shared[0])
        more = f" and {len(shared) - 1} more ranges" if len(shared) > 1 else ""
        yield Remark(
            kind=Kind.OVERLAP,
            weight=Weight.COMPLAINT,
            flow=flow.id,
            sentence=f"role {pair[0]}, which alone may use {flow.id}, contains addresses of role {pair[1]}",
            proof=f"both have {first if first == last else f'{first} to {last}'}{more}",
            advice=f"give {pair[0]} addresses of its own in {scene.file}",
        )


def _opened(scene: Scene) -> Iterator[Remark]:
    """Roles that are everybody, where that undoes a restriction; of one that alone may come, overlaps tell with their proof."""
    kept = {(flow.id, condition.subject) for flow in scene.flows for condition in flow.conditions}
    for one in opened(scene.site, scene.flows):
        if (one.flow, one.role) in kept:
            continue
        sentence, _, advice = one.sentence.partition("; ")
        yield Remark(
            kind=Kind.OPENED,
            weight=Weight.HINT,
            flow=one.flow,
            sentence=sentence,
            proof=f'role {one.role} has the addresses "any"',
            advice=f"{advice} ({scene.file})",
        )


def common(ours: tuple[AddressRange, ...], theirs: tuple[AddressRange, ...]) -> tuple[AddressRange, ...]:
    """What two sorted lists of disjoint ranges share."""
    out: list[AddressRange] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        first, last = max(ours[i][0], theirs[j][0]), min(ours[i][1], theirs[j][1])
        if first <= last:
            out.append((first, last))
        if ours[i][1] < theirs[j][1]:
            i += 1
        else:
            j += 1
    return tuple(out)
