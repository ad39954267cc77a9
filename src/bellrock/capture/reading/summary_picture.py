"""Who talks to whom, as a picture: for each VLAN those who ask on the left, whom they ask for what on the right, and a line for each pair.

SVG that needs nothing else: no script, no font, nothing from elsewhere.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple, TypeVar
from xml.sax.saxutils import escape

from bellrock.capture.reading.summary import Line, Summary
from bellrock.diagnosis.boot_picture import STYLE, clean

T = TypeVar("T")
WIDTH: Final = 1120
LEFT: Final = 360
"""Where lines begin; those who ask stand before it."""
RIGHT: Final = 620
"""Where lines end; what is asked of whom stands behind it."""
ROW: Final = 20
HEAD: Final = 58
FOOT: Final = 28
MAX_ROWS: Final = 60
"""On each side of a VLAN; a picture of more shows nothing."""
MAX_VLANS: Final = 40
_UNTAGGED: Final = -1
_DRAWN: Final = """
.paper{fill:var(--paper)}text{fill:var(--ink);font:13px system-ui,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif}
.soft{fill:var(--soft);font-size:12px}.head{font-weight:600;font-size:14px}.bad{fill:var(--bad)}.rule{stroke:var(--rule)}
path{fill:none;stroke:var(--soft);stroke-opacity:.65}path.good{stroke:var(--good)}path.slow{stroke:var(--slow)}path.bad{stroke:var(--bad);stroke-dasharray:6 4}
g:hover path{stroke-opacity:1}
""".strip()


class Part(NamedTuple):
    """What is drawn of one VLAN."""

    title: str
    lines: tuple[Line, ...]
    sources: tuple[str, ...]
    targets: tuple[tuple[str, str], ...]
    """(what is asked, of whom)."""
    left_out: int


def picture(summary: Summary) -> str:
    """An SVG document."""
    parts = _parts((*summary.flows, *summary.unexplained))
    tops = [0]
    for part in parts:
        tops.append(tops[-1] + HEAD + ROW * max(len(part.sources), len(part.targets)) + FOOT)
    height = tops[-1] + (0 if parts else HEAD)
    empty = [] if parts else [_text(12, 34, "nobody was seen to talk over IP", "soft")]
    drawn = [line for part, top in zip(parts, tops, strict=False) for line in _part(part, top)]
    return "\n".join([*_opening(height), *drawn, *empty, "</svg>\n"])


def _parts(lines: Sequence[Line]) -> list[Part]:
    by_vid: dict[int, list[Line]] = {}
    for line in lines:
        for vid in (*line.vlans, *((_UNTAGGED,) if line.untagged else ())):
            by_vid.setdefault(vid, []).append(line)
    return [_of(vid, by_vid[vid]) for vid in sorted(by_vid)[:MAX_VLANS]]


def _of(vid: int, lines: list[Line]) -> Part:
    """Those with most packets, as many as there is room for."""
    sources: dict[str, None] = {}
    targets: dict[tuple[str, str], None] = {}
    kept = []
    for line in sorted(lines, key=lambda one: -one.packets):
        source, target = _source(line), _target(line)
        if _has_room(sources, source) and _has_room(targets, target):
            sources[source] = targets[target] = None
            kept.append(line)
    title = "Without a VLAN tag" if vid == _UNTAGGED else f"VLAN {vid}"
    return Part(title, tuple(kept), tuple(sources), tuple(targets), len(lines) - len(kept))


def _has_room(rows: Mapping[T, None], one: T) -> bool:
    return one in rows or len(rows) < MAX_ROWS


def _source(line: Line) -> str:
    """Who asks: of those without an address by their network cards."""
    if not line.stations:
        return line.source
    more = f" and {len(line.stations) - 1} more" if len(line.stations) > 1 else ""
    return f"{line.stations[0]}{more} ({line.source})"


def _target(line: Line) -> tuple[str, str]:
    port = f"/{line.ports[0]}" if len(line.ports) == 1 else ""
    return line.flow or f"{line.protocol}{port}", line.destination


def _opening(height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        'aria-label="Who talks to whom">',
        f"<style>{STYLE}\n{_DRAWN}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
    ]


def _part(part: Part, top: int) -> Iterator[str]:
    left = {name: top + HEAD + ROW * place for place, name in enumerate(part.sources)}
    right = {name: top + HEAD + ROW * place for place, name in enumerate(part.targets)}
    more = f" · {part.left_out} more pairs are not drawn" if part.left_out else ""
    yield f'<line class="rule" x1="12" y1="{top + 38}" x2="{WIDTH - 12}" y2="{top + 38}"/>'
    yield _text(12, top + 28, f"{part.title}{more}", "head")
    for line in part.lines:
        yield from _curve(line, left[_source(line)], right[_target(line)])
    for name, y in left.items():
        yield _text(LEFT - 8, y + 4, name, "", "end")
    for (what, whom), y in right.items():
        yield _text(RIGHT + 8, y + 4, f"{what} · {whom}")


def _curve(line: Line, begin: int, end: int) -> Iterator[str]:
    silent = line.replies == 0
    kind = "bad" if not line.flow else "slow" if silent else "good"
    width = min(9.0, 1.0 + math.log10(max(1, line.bytes)) - 1.5)
    middle = (LEFT + RIGHT) / 2
    back = "no replies" if silent else f"{line.replies} of them replies"
    yield f"<g><title>{_escaped(f'{_source(line)} → {line.destination}: {line.packets} packets, {back}, {line.bytes} octets')}</title>"
    yield f'<path class="{kind}" stroke-width="{max(1.0, width):.1f}" d="M{LEFT} {begin}C{middle:.0f} {begin} {middle:.0f} {end} {RIGHT} {end}"/></g>'


def _text(x: float, y: float, said: str, kind: str = "", anchor: str = "") -> str:
    attributes = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text x="{x:g}" y="{y:g}"{attributes}>{_escaped(said)}</text>'


def _escaped(text: str) -> str:
    return escape(clean(text))
