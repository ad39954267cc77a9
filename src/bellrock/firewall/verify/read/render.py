"""Rules as a person reads them, close to how nft prints them: its JSON carries no text."""

from collections.abc import Callable
from typing import Any, Final

_LONGEST: Final = 12
"""Elements of a set that are written out."""
_BARE_META: Final = {"iif", "oif", "iifname", "oifname", "iifgroup", "oifgroup", "skuid", "skgid"}


def rule(statements: list[Any], comment: str = "") -> str:
    """The text of a rule."""
    words = [statement(one) for one in statements]
    if comment:
        words.append(f'comment "{comment}"')
    return " ".join(word for word in words if word)


def statement(one: Any) -> str:  # noqa: ANN401 -- JSON
    """The text of one statement."""
    match one:
        case {"match": {"left": left, "right": right, **rest}}:
            return _match(str(rest.get("op", "==")), left, right)
        case dict() if len(one) == 1:
            ((name, body),) = one.items()
            known = _STATEMENTS.get(name)
            return known(name, body) if known else _other(name, body)
        case _:
            return expression(one)


def expression(value: Any) -> str:  # noqa: ANN401 -- JSON
    """The text of a left-hand or right-hand side."""
    match value:
        case dict() if len(value) == 1:
            ((name, body),) = value.items()
            known = _EXPRESSIONS.get(name)
            return known(name, body) if known else _other(name, body)
        case list():
            return ",".join(expression(part) for part in value)
        case bool():
            return "exists" if value else "missing"
        case None:
            return ""
        case _:
            return f"{value}"


def _match(op: str, left: Any, right: Any) -> str:  # noqa: ANN401 -- JSON
    between = "" if op in {"==", "in"} and not _is_mask(left) else f"{op} "
    is_name = isinstance(right, str) and not right.startswith("@") and "if" in f"{left}" and "name" in f"{left}"
    return f"{expression(left)} {between}" + (f'"{right}"' if is_name else expression(right))


def _is_mask(left: Any) -> bool:  # noqa: ANN401 -- JSON
    return isinstance(left, dict) and "&" in left


def _keyed(name: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(body, dict):
        return f"{name} {expression(body)}"
    words = [str(body.get("dir", "")), str(body.get("key", ""))]
    if name == "meta" and body.get("key") in _BARE_META:
        name = ""
    return " ".join(word for word in (name, *words) if word)


def _payload(_: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    match body:
        case {"protocol": protocol, "field": field}:
            return f"{protocol} {field}"
        case {"base": base, "offset": offset, "len": length}:
            return f"@{base},{offset},{length}"
        case _:
            return _other("payload", body)


def _joined(name: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    parts = body if isinstance(body, list) else [body]
    between = {"concat": " . ", "range": "-"}.get(name, f" {name} ")
    return between.join(expression(part) for part in parts)


def _set(_: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    elements = body if isinstance(body, list) else [body]
    shown = [_element(element) for element in elements[:_LONGEST]]
    if len(elements) > _LONGEST:
        shown.append(f"… {len(elements) - _LONGEST} more")
    return f"{{ {', '.join(shown)} }}"


def _element(element: Any) -> str:  # noqa: ANN401 -- JSON
    match element:
        case [key, data]:
            return f"{expression(key)} : {statement(data)}"
        case _:
            return expression(element)


def _prefix(_: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    return f"{expression(body.get('addr'))}/{body.get('len')}" if isinstance(body, dict) else f"{body}"


def _wrapped(_: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    return expression(body.get("val")) if isinstance(body, dict) else f"{body}"


def _map(name: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(body, dict):
        return _other(name, body)
    return f"{expression(body.get('key'))} {name} {expression(body.get('data'))}".strip()


def _bare(name: str, _: Any) -> str:  # noqa: ANN401 -- JSON
    return name


def _target(name: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    return f"{name} {body.get('target', '')}" if isinstance(body, dict) else name


def _counter(_: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    match body:
        case {"packets": packets, "bytes": octets}:
            return f"counter packets {packets} bytes {octets}"
        case str():
            return f'counter name "{body}"'
        case _:
            return "counter"


def _limit(name: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    match body:
        case {"rate": rate, "per": per, **rest}:
            over = "over " if rest.get("inv") else ""
            unit = f" {rest['rate_unit']}" if rest.get("rate_unit", "packets") != "packets" else ""
            return f"limit rate {over}{rate}{unit}/{per}"
        case {"val": value, **rest}:
            over = "over " if rest.get("inv") else ""
            return f"{name} {over}{value} {rest.get('val_unit', '')}".rstrip()
        case _:
            return f'{name} name "{body}"' if isinstance(body, str) else f"{name} name {expression(body)}"


def _log(_: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(body, dict):
        return "log"
    prefix = f' prefix "{body["prefix"]}"' if "prefix" in body else ""
    return f"log{prefix}" + "".join(f" {name} {body[name]}" for name in ("level", "group") if name in body)


def _reject(_: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(body, dict) or "type" not in body:
        return "reject"
    return f"reject with {body['type']} {expression(body.get('expr'))}".rstrip()


def _mangle(_: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(body, dict):
        return f"{body}"
    return f"{expression(body.get('key'))} set {expression(body.get('value'))}"


def _translate(name: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(body, dict):
        return name
    family = f" {body['family']}" if "family" in body else ""
    address, port = expression(body.get("addr")), expression(body.get("port"))
    target = (f"[{address}]" if ":" in address and port else address) + (f":{port}" if port else "")
    return f"{name}{family} to {target}" if target else name


def _update(_: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(body, dict):
        return f"{body}"
    return f"{body.get('op', 'add')} {body.get('set', body.get('map', ''))} {{ {expression(body.get('elem'))} }}"


def _fib(_: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    if not isinstance(body, dict):
        return f"fib {body}"
    return f"fib {_joined('concat', body.get('flags', []))} {body.get('result', '')}"


def _helper(name: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    return f'{name} set "{body}"'


def _foreign(_: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    return f"iptables {body.get('name', '')}" if isinstance(body, dict) else "iptables"


def _other(name: str, body: Any) -> str:  # noqa: ANN401 -- JSON
    if isinstance(body, dict):
        inner = " ".join(f"{key} {expression(value)}".strip() for key, value in body.items())
        return f"{name} {inner}".strip()
    return f"{name} {expression(body)}".strip()


_Writer = Callable[[str, Any], str]
_STATEMENTS: Final[dict[str, _Writer]] = {
    **dict.fromkeys(("accept", "drop", "return", "continue", "notrack"), _bare),
    **dict.fromkeys(("jump", "goto"), _target),
    **dict.fromkeys(("limit", "quota", "ct count"), _limit),
    **dict.fromkeys(("dnat", "snat", "masquerade", "redirect"), _translate),
    **dict.fromkeys(("set", "map"), _update),
    **dict.fromkeys(("ct helper", "ct timeout", "ct expectation"), _helper),
    "counter": _counter,
    "log": _log,
    "reject": _reject,
    "mangle": _mangle,
    "vmap": _map,
    "xt": _foreign,
}
_EXPRESSIONS: Final[dict[str, _Writer]] = {
    **dict.fromkeys(("meta", "ct", "rt", "socket", "osf"), _keyed),
    **dict.fromkeys(("concat", "range", "&", "|", "^", "<<", ">>"), _joined),
    "payload": _payload,
    "set": _set,
    "prefix": _prefix,
    "elem": _wrapped,
    "map": _map,
    "fib": _fib,
}
