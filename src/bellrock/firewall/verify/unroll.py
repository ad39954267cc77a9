"""From chains that jump to each other to a program: every way to every rule once, in the order of netfilter."""

from itertools import groupby
from typing import Final

from msgspec import Struct, structs

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.decisions import Decisions
from bellrock.firewall.verify.fields import CHANCES, FIELDS
from bellrock.firewall.verify.program import Decision, Kind, Program, Touch
from bellrock.firewall.verify.route import Event, Route, Stop, stops
from bellrock.firewall.verify.ruleset import Chain, Rule, Ruleset, RulesetError, Translate, VerdictKind
from bellrock.firewall.verify.seen import Seen
from bellrock.firewall.verify.state import (
    ABSENT,
    CT_INVALID,
    CT_NEW,
    CT_RELATED,
    CT_UNTRACKED,
    UNKNOWN,
    Bound,
    State,
    Value,
    incoming,
    merged,
)
from bellrock.firewall.verify.steps import Branch, Chance, Taken, branches, hangs
from bellrock.firewall.verify.ties import Doubt, doubts

_KINDS: Final = {
    Taken.ACCEPT: Kind.ACCEPT,
    Taken.TRANSLATE: Kind.ACCEPT,
    Taken.DROP: Kind.DROP,
    Taken.REJECT: Kind.REJECT,
    Taken.RETURN: Kind.SKIP,
    Taken.UNKNOWN: Kind.UNKNOWN,
}
_DEEPEST: Final = 16
"""NFT_JUMP_STACK_SIZE of the kernel."""

_CONNECTION: Final = {"ct_state": CT_INVALID, "ct_mark": ABSENT, "ct_direction": ABSENT, "ct_status_dnat": ABSENT}
"""What a rule sees before connection tracking (nft_ct_get_eval)."""
_PROTOCOLS: Final = {
    "ip": Boxes.of(nfproto=Intervals.of(2)),
    "ip6": Boxes.of(nfproto=Intervals.of(10)),
    "inet": Boxes.of(nfproto=Intervals.of(2, 10)),
}
_FIRST: Final = Boxes.of(ct_state=Intervals.of(CT_NEW, CT_RELATED))
"""Of a connection, nat chains see only the first packet (nf_nat_inet_fn)."""
_BEHIND_ROUTING: Final = frozenset({"forward", "postrouting", "egress"})
_SPENT: Final = frozenset({0, 1})
_POSSIBLE: Final = Boxes.of(ct_state=Intervals.span(CT_INVALID, CT_UNTRACKED))


class Around(Struct, frozen=True, kw_only=True):
    """What is known of the machine besides its ruleset."""

    others: tuple[Intervals, Intervals]
    """Addresses, of IPv4 and of IPv6, that are surely not its own."""
    coming: tuple[Doubt, ...] = ()
    """What may be stopped below IP of packets that come in, as they come in."""
    leaving: tuple[Doubt, ...] = ()
    """The same of packets that leave, as they are then."""


def unroll(
    ruleset: Ruleset,
    route: Route,
    restored: Bound = (),
    becomes: Bound = (),
    brings: Bound = (),
    around: Around | None = None,
) -> Program:
    """The program of `route`.

    Of packets of a translated connection, `restored` says what fields are until the kernel restores them, and `becomes`
    what they are once it has translated them as it did the first. `brings`: fields of the connection that are not as the packets say.
    Where `around` is not given, packets are sure to take `route`, and nothing stands below IP but what the ruleset says of their interfaces.

    Raises RulesetError for a loop, for jumps deeper than the kernel allows, and for a ruleset that unrolls to too much.
    """
    return _Unroller(ruleset, restored, becomes, brings, around).run(route)


class _Place(Struct, frozen=True):
    """Where in the ruleset the unrolling is: scopes that `return` and `accept` leave, and the chains above."""

    base: str
    accepts: int
    returns: int
    translates: int
    """Scope that a translation leaves: no other nat chain of the hook sees the packet (nf_nat_inet_fn)."""
    above: tuple[str, ...]
    hook: str


class _Unroller:
    """Gathers the decisions of one route."""

    def __init__(self, ruleset: Ruleset, restored: Bound, becomes: Bound, brings: Bound, around: Around | None) -> None:
        self._ruleset = ruleset
        self._around = around
        self._translates = {**dict.fromkeys(dict(restored)), **dict(becomes)}
        self._brings = {**dict.fromkeys(_CONNECTION), **dict(brings)}
        self._told = Decisions()
        self._touches: list[Touch] = []
        self._states = [State(_POSSIBLE).binding(**{**_CONNECTION, **dict(restored)})]
        self._forwards = False
        self._lowered = False
        self._chances: dict[str, str] = {}

    def run(self, route: Route) -> Program:
        way = stops(self._ruleset, route)
        bases = tuple(stop.what.key for stop in way if isinstance(stop.what, Chain))
        self._forwards = "forward" in route.hooks
        translates, hook, nat = 0, "", False
        ties = _ties(way)
        for stop in way:
            if stop.hook != hook:
                hook = stop.hook
                self._enter(hook, route)
            self._unordered(ties.get(id(stop), ()))
            if stop.nat and not nat:
                translates = self._told.scope()
            elif nat and not stop.nat:
                # The nat chains of a hook stand side by side; filter chains behind them see translated packets again.
                self._told.close(translates)
            nat = stop.nat
            if isinstance(stop.what, Chain):
                self._base(stop.what, stop, translates)
            else:
                self._states = merged([self._after(stop.what, state) for state in self._states])
        self._beneath()
        for state in self._states:
            self._told.add(Decision(boxes=state.boxes, kind=Kind.END, chain="", scope=0, state=state))
        return Program(tuple(self._told.all), tuple(self._told.ends), tuple(self._touches), bases, self._chances)

    def _unordered(self, together: tuple[Stop, ...]) -> None:
        """Chains of one priority, where they are met first: what hangs on their order is beyond telling."""
        bound = frozenset(name for state in self._states for name, _ in state.bound)
        for doubt in doubts(self._ruleset, together, bound, frozenset(self._translates)):
            for state in self._states:
                boxes = doubt.boxes & state.boxes
                self._told.add(Decision(boxes=boxes, kind=Kind.UNKNOWN, chain="", scope=0, why=doubt.why))

    def _beneath(self) -> None:
        """Of what comes through, what may be stopped below IP: last, so that what the rules stop is stopped for sure."""
        if self._around is None:
            return
        for state in self._states:
            coming = [(doubt.boxes, doubt.why) for doubt in self._around.coming]
            leaving = [(incoming(state, doubt.boxes)[0], doubt.why) for doubt in self._around.leaving]
            for boxes, why in (*coming, *leaving):
                self._told.add(Decision(boxes=boxes & state.boxes, kind=Kind.UNKNOWN, chain="", scope=0, why=why))

    def _enter(self, hook: str, route: Route) -> None:
        """A hook without an interface for one direction sees an empty name there."""
        no_in = hook == "output" or (hook in {"postrouting", "egress"} and "output" in route.hooks)
        no_out = hook in {"ingress", "prerouting", "input"}
        interfaces = {"iifname": 0 if no_in else None, "oifname": 0 if no_out else None}
        self._states = [state.binding(**interfaces) for state in self._states]
        routed = self._forwards and "bridge" not in route.families
        if routed and not self._lowered and hook in _BEHIND_ROUTING:
            self._lowered = True
            self._lower()

    def _lower(self) -> None:
        """The kernel lowers TTL and hop limit before it asks the rules of the hook forward (ip_forward, ip6_forward)."""
        for name, family in (("ttl", "ip"), ("hoplimit", "ip6")):
            for state in self._states:
                if state.value(name) in _SPENT:
                    why = (
                        f"{name} set to {state.value(name)} before the packet is routed: the kernel sends it no further"
                    )
                    boxes = state.boxes & _PROTOCOLS[family]
                    self._told.add(Decision(boxes=boxes, kind=Kind.UNKNOWN, chain="", scope=0, why=why))
            self._states = [state.binding(**{name: _lowered(name, state.value(name))}) for state in self._states]

    def _base(self, chain: Chain, stop: Stop, translates: int) -> None:
        gate = _gate(chain, nat=stop.nat)
        accepts, returns = self._told.scope(), self._told.scope()
        place = _Place(chain.key, accepts, returns, translates, (chain.key,), stop.hook)
        outside = [state.only(state.boxes - gate) for state in self._states]
        inside = [state.only(state.boxes & gate) for state in self._states]
        inside = [state for state in inside if state.boxes]
        after, changed = self._chain(chain, inside, place)
        if changed:
            self._states = merged(outside + after)
        self._told.close(returns)
        if chain.policy is not VerdictKind.ACCEPT:
            for state in inside:
                self._told.add(Decision(boxes=state.boxes, kind=Kind.DROP, chain=chain.key, scope=0))
        self._told.close(accepts)
        self._told.clouds.clear()

    def _chain(self, chain: Chain, states: list[State], place: _Place) -> tuple[list[State], bool]:
        """The states behind a chain, and whether they are others than before."""
        changed = False
        for rule in chain.rules:
            after: list[State] = []
            chance = self._chance() if hangs(rule) else _no_chance
            for state in states:
                own, different = self._rule(rule, state, place, chance)
                after += own
                changed |= different
            states = merged(after) if changed else states
        return states, changed

    def _chance(self) -> Chance:
        """Fields for what one visit to a rule does not decide; the same for packets of all states."""
        drawn: dict[int, str | None] = {}

        def draw(number: int, text: str) -> str | None:
            if number not in drawn:
                drawn[number] = next((name for name in CHANCES if name not in self._chances), None)
                if field := drawn[number]:
                    self._chances[field] = text
            return drawn[number]

        return draw

    def _rule(self, rule: Rule, state: State, place: _Place, chance: Chance) -> tuple[list[State], bool]:
        taken = branches(rule, state, chance)
        if taken.touched:
            self._touches.append(Touch(rule, taken.touched, len(self._told.all)))
        rest, after, changed = state, list[State](), False
        for branch in taken.branches:
            state = (
                branch.state.only(self._told.without_returning(branch.state.boxes)) if branch.changes else branch.state
            )
            came = self._branch(rule, branch, state, place)
            if came is not None:
                rest = rest.only(rest.boxes - state.boxes)
                after += came
                changed = True
        return [rest, *after], changed

    def _branch(self, rule: Rule, branch: Branch, state: State, place: _Place) -> list[State] | None:
        """Takes one branch of a rule; the states behind it where they are others than before, else None."""
        elsewhere = branch.taken is Taken.TRANSLATE and self._elsewhere(state, place)
        if elsewhere:
            branch = Branch(state=state, taken=Taken.UNKNOWN, why=elsewhere)
        if branch.changes:
            self._unclear(rule, state.boxes, place)
        came = [state] if branch.changes else None
        if branch.taken is Taken.JUMP:
            return self._jump(rule, branch, state, place) or came
        if branch.taken is not Taken.GO_ON:
            self._decide(rule, branch, state.boxes, place)
        return came

    def _decide(self, rule: Rule, branch: Branch, boxes: Boxes, place: _Place) -> None:
        kind = _KINDS[branch.taken]
        scope = {Taken.RETURN: place.returns, Taken.TRANSLATE: place.translates}.get(branch.taken, place.accepts)
        self._told.add(
            Decision(
                boxes=boxes,
                kind=kind,
                chain=place.base,
                scope=scope,
                rule=rule,
                may=branch.may,
                why=branch.why,
                how=branch.verdict.how,
            )
        )

    def _jump(self, rule: Rule, branch: Branch, state: State, place: _Place) -> list[State] | None:
        chain = self._target(rule, branch, place)
        goes = branch.verdict.kind is VerdictKind.GOTO
        returns = place.returns if goes else self._told.scope()
        inner = structs.replace(place, returns=returns, above=(*place.above, chain.key))
        after, changed = self._chain(chain, [state], inner)
        if goes:
            # Behind a chain that was gone to, the packet is where a return from this chain would bring it.
            for one in after:
                self._told.add(Decision(boxes=one.boxes, kind=Kind.SKIP, chain=place.base, scope=returns, rule=rule))
        else:
            self._told.close(returns)
        return after if changed else None

    def _elsewhere(self, state: State, place: _Place) -> str:
        """Why a translated packet may not stay on this route; "" where it does."""
        step = state.translations[-1]
        kind = step.kind
        if place.hook != "prerouting" or kind not in {"dnat", "redirect"}:
            return ""
        if self._forwards:
            return "redirect: the packet goes to this machine itself" if kind == "redirect" else self._perhaps_own(step)
        return "dnat: whether the packet still comes to this machine depends on its addresses" if kind == "dnat" else ""

    def _perhaps_own(self, step: Translate) -> str:
        if self._around is None or (step.certain and step.address is None):
            return ""
        others = self._around.others[step.family not in {2, 4}]
        sure = step.certain and step.address is not None and step.address in others
        return "" if sure else "dnat: whether the new address is this machine's own is not known"

    def _target(self, rule: Rule, branch: Branch, place: _Place) -> Chain:
        family, table, _ = rule.chain.split(" ", 2)
        chain = self._ruleset.chains.get(f"{family} {table} {branch.verdict.chain}")
        if chain is None:
            raise RulesetError(
                f"{rule.chain}: rule {rule.handle} jumps to {branch.verdict.chain}, which is not in table {table}"
            )
        if chain.key in place.above:
            raise RulesetError(
                f"{rule.chain}: rule {rule.handle} jumps to {branch.verdict.chain}, from which it came: a loop"
            )
        if len(place.above) > _DEEPEST:
            raise RulesetError(
                f"{rule.chain}: rule {rule.handle} jumps deeper than {_DEEPEST} chains, which the kernel refuses"
            )
        return chain

    def _unclear(self, rule: Rule, boxes: Boxes, place: _Place) -> None:
        """What may or may not have left the chain before, and is changed if not, is beyond telling."""
        for cloud in self._told.clouds:
            both = cloud.boxes & boxes
            if both:
                self._told.add(
                    Decision(
                        boxes=both,
                        kind=Kind.UNKNOWN,
                        chain=place.base,
                        scope=0,
                        rule=rule,
                        why=f"{cloud.may}, before a change",
                    )
                )

    def _after(self, event: Event, state: State) -> State:
        match event:
            case Event.TRACK:
                return state.binding(**self._brings) if state.value("ct_state") == CT_INVALID else state
            case Event.RESTORE_DESTINATION:
                return state.binding(**self._translated("daddr", "daddr6", "dport"))
            case Event.RESTORE_SOURCE:
                return state.binding(**self._translated("saddr", "saddr6", "sport"))

    def _translated(self, *names: str) -> dict[str, Value | None]:
        return {name: value for name, value in self._translates.items() if name in names}


def _no_chance(_number: int, _text: str) -> None:
    """A plain verdict that may be given or not needs no field."""


def _ties(way: tuple[Stop, ...]) -> dict[int, tuple[Stop, ...]]:
    """By the identity of the first of them, the stops that stand at one place of a hook."""
    groups = (tuple(group) for _, group in groupby(way, lambda stop: (stop.hook, stop.place)))
    return {id(group[0]): group for group in groups if len(group) > 1}


def _gate(chain: Chain, *, nat: bool) -> Boxes:
    gate = _PROTOCOLS.get(chain.family, Boxes.everything())
    if chain.devices:
        field = "oifname" if chain.hook == "egress" else "iifname"
        gate &= Boxes.of(**{field: Intervals.of(*map(_name, chain.devices))})
    return gate & _FIRST if nat else gate


def _lowered(field: str, now: Value | None) -> Value:
    match now:
        case None:
            return Seen(field, (1 << FIELDS[field]) - 1, less=1)
        case int():
            return now - 1 if now > 0 else now
        case _:
            return UNKNOWN


def _name(interface: str) -> int:
    return int.from_bytes(interface.encode().ljust(16, b"\0"), "big")
