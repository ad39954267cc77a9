"""Small rulesets by hand, and a second interpreter of them that knows nothing of boxes: one packet, one step at a time."""

from bellrock.firewall.verify.boxes import Boxes, Intervals
from bellrock.firewall.verify.ruleset import (
    Assign,
    Chain,
    Choose,
    Decide,
    Helper,
    Match,
    NoTrack,
    Rule,
    Ruleset,
    Translate,
    Verdict,
    VerdictKind,
)


def of(**fields):
    """A match: each field has a value, a (first, last), or a list of both."""
    return Match(boxes(**fields))


def boxes(**fields):
    return Boxes.of(**{name: intervals(values) for name, values in fields.items()})


def intervals(values):
    if isinstance(values, Intervals):
        return values
    if isinstance(values, int):
        return Intervals.of(values)
    if isinstance(values, tuple):
        return Intervals.span(*values)
    found = Intervals()
    for one in values:
        found |= intervals(one)
    return found


def do(kind, chain="", how=""):
    return Decide(Verdict(VerdictKind(kind), chain, how))


ACCEPT, DROP, RETURN = do("accept"), do("drop"), do("return")
REJECT = do("reject", how="tcp reset")


def chain(name, *rules, hook="", priority=0, policy="accept", kind="filter", family="inet", table="t", devices=()):
    """Rules are tuples of steps; their handles are 1, 2, …"""
    key = f"{family} {table} {name}"
    made = tuple(
        Rule(chain=key, handle=number, text=f"{name} rule {number}", steps=steps)
        for number, steps in enumerate(rules, 1)
    )
    return Chain(
        family=family, table=table, name=name, rules=made, hook=hook, priority=priority, type=kind,
        policy=VerdictKind(policy), devices=devices,
    )  # fmt: skip


def ruleset(*chains):
    return Ruleset(chains={one.key: one for one in chains})


class Interpreter:
    """Takes one packet through a route's base chains as the kernel does. `tracked`: whether conntrack has seen it yet."""

    def __init__(self, rules, packet):
        self.rules = rules
        self.packet = dict(packet)
        self.state = packet.get("ct_state", 0)
        self.tracked = False
        self.untracked = False
        self.helpers = set()

    def value(self, field):
        if field in {"ct_mark", "ct_direction", "ct_status_dnat"} and (
            not self.tracked or self.untracked or self.state in {0, 4}
        ):
            return None
        if field == "ct_state":
            if self.untracked:
                return 4
            return self.state if self.tracked else 0
        return self.packet.get(field, 0)

    def holds(self, wanted):
        def fits(name, values):
            now = self.value(name)
            return now is not None and any(first <= now <= last for first, last in values.ranges)

        return any(all(fits(name, values) for name, values in box.fields.items()) for box in wanted.boxes)

    def run(self, hooks):
        """`accept`, `drop` or `reject`, and the rule or chain that said so."""
        for hook, empty in hooks:
            for field in empty:
                self.packet[field] = 0
            at = [
                (one.priority, -number, one)
                for number, one in enumerate(self.rules.chains.values())
                if one.hook == hook
            ]
            if hook in {"prerouting", "output"}:
                at.append((-200, -1000, None))
            for _, _, one in sorted(at, key=lambda entry: entry[:2]):
                if one is None:
                    self.tracked = True
                    continue
                if (one.family == "ip" and self.value("nfproto") != 2) or (
                    one.family == "ip6" and self.value("nfproto") != 10
                ):
                    continue
                if one.family == "inet" and self.value("nfproto") not in {2, 10}:
                    continue
                verdict = self.chain(one)
                if verdict is None:
                    verdict = (one.policy.value, one.key)
                if verdict[0] != "accept":
                    return verdict
        return ("accept", "")

    def chain(self, one):
        """A verdict that ends the base chain, or None."""
        for rule in one.rules:
            verdict = self.rule(rule)
            if verdict is None:
                continue
            kind, where = verdict
            if kind == "return":
                return None
            if kind in {"jump", "goto"}:
                inner = self.chain(self.rules.chains[where])
                if inner is not None:
                    return inner
                if kind == "goto":
                    return None
                continue
            return kind, (rule.chain, rule.handle)
        return None

    def rule(self, rule):
        for step in rule.steps:
            if isinstance(step, Match):
                if not self.holds(step.boxes):
                    return None
            elif isinstance(step, Decide):
                if step.verdict.kind is not VerdictKind.CONTINUE:
                    return self.verdict(step.verdict, rule)
            elif isinstance(step, Choose):
                for wanted, verdict in step.cases:
                    if self.holds(wanted):
                        if verdict.kind is not VerdictKind.CONTINUE:
                            return self.verdict(verdict, rule)
                        break
            else:
                self.effect(step)
        return None

    def effect(self, step):
        if isinstance(step, Assign):
            now = self.value(step.field)
            if now is None:
                return
            mask = 0xFFFFFFFF if step.mask is None else step.mask
            self.packet[step.field] = (now & ~mask) | (step.value & mask)
        elif isinstance(step, NoTrack):
            if not self.tracked or self.state == 0:
                self.untracked = True
        elif isinstance(step, Helper):
            if self.value("ct_state") == 3 and self.value("l4proto") == step.l4proto:
                self.helpers.add(step.type)
        else:
            assert not isinstance(step, Translate)

    def verdict(self, verdict, rule):
        family, table, _ = rule.chain.split(" ", 2)
        return verdict.kind.value, f"{family} {table} {verdict.chain}"
