"""Boots as a picture: a timeline for each, as SVG that needs nothing else: no script, no font, nothing from elsewhere."""

import math
from collections.abc import Iterator, Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from bellrock.diagnosis.boot import Boot, Outcome, Step

WIDTH: Final = 1120
LEFT: Final = 190
"""Where the time begins; names of steps stand before it."""
RIGHT: Final = 470
"""Room for sentences behind it."""
ROW: Final = 22
HEAD: Final = 56
FOOT: Final = 30
MAX_BOOTS: Final = 50
"""That are drawn; a picture of more shows nothing."""
MAX_TEXT: Final = 68
"""Characters of a sentence that fit; the whole of it is in its title."""
MARKS: Final[dict[Outcome, str]] = {
    "worked": "✓", "slow": "◷", "failed": "✗", "unanswered": "?", "not-seen": "·", "not-needed": "–"
}  # fmt: skip
"""Outcomes are told by a sign and a word as well: colours are not seen by everybody."""
UNSEEN: Final = ("not-seen", "not-needed")
STYLE: Final = """
:root{color-scheme:light dark;--paper:#fcfbf8;--card:#fff;--rule:#dcd8cf;--ink:#1c2327;--soft:#596269;--good:#2a7438;--slow:#ab4c00;--bad:#a3271b}
@media (prefers-color-scheme:dark){:root{--paper:#11161a;--card:#1f272d;--rule:#2c363d;--ink:#dde5ea;--soft:#95a2ab;--good:#7ccb8d;--slow:#f0a250;--bad:#ff9685}}
@media print{:root{--paper:#fff;--card:#fff;--rule:#ccc;--ink:#000;--soft:#444;--good:#2a7438;--slow:#ab4c00;--bad:#a3271b}}
""".strip()
"""Colours of picture and page: 4.5:1 on their paper, in light and dark."""
_DRAWN: Final = """
.paper{fill:var(--paper)}text{fill:var(--ink);font:13px system-ui,"Segoe UI","Noto Sans","DejaVu Sans",sans-serif}
.soft{fill:var(--soft);font-size:12px}.head{font-weight:600;font-size:14px}.rule{stroke:var(--rule)}
.worked{fill:var(--good)}.slow{fill:var(--slow)}.failed,.unanswered,.stopped{fill:var(--bad)}.not-seen,.not-needed{fill:var(--soft)}
""".strip()


def picture(boots: Sequence[Boot]) -> str:
    """An SVG document: each boot with its steps under each other, each from its first packet to its last."""
    drawn, left = boots[:MAX_BOOTS], len(boots) - MAX_BOOTS
    tops = [0]
    for boot in drawn:
        tops.append(tops[-1] + _height(boot))
    height = tops[-1] + (FOOT if left > 0 or not drawn else 0)
    said = f"and {left} more boots" if left > 0 else "nobody was seen to boot" if not drawn else ""
    last = [_text(12, height - 10, said, "soft")] if said else []
    parts = [line for boot, top in zip(drawn, tops, strict=False) for line in _boot(boot, top)]
    return "\n".join([*_opening(height), *parts, *last, "</svg>\n"])


_GOOD: Final = ("worked", "slow")
_LATE: Final = ("metadata", "proxy", "mirror", "syslog", "reboot")
"""Steps that firmware and what it loads do not take: the system that they were to start runs."""


def title(boot: Boot) -> str:
    """`52:54:00:12:34:56 · 10.0.0.57 · UEFI x64 · stopped at tftp`."""
    return " · ".join(part for part in (boot.mac, boot.address, boot.firmware, _end(boot)) if part)


def _end(boot: Boot) -> str:
    """That nothing stopped it is known of a boot alone of which the installed system was seen at work; of others, how far they were seen."""
    if boot.stopped_at:
        return f"stopped at {boot.stopped_at}"
    good = [one for one in boot.steps if one.outcome in _GOOD]
    if any(one.step in _LATE for one in good):
        return "nothing stopped it"
    seen = max(good, key=lambda one: one.time, default=None)
    return f"seen as far as {seen.step} ({seen.time:.1f} s)" if seen else "seen without a step that worked"


def unseen(boot: Boot) -> str:
    """`not seen: lacp, ntp; not needed: http-boot`; empty where all was seen."""
    parts = []
    shown = {one.step for one in boot.steps if told(one)}
    for outcome in UNSEEN:
        names = [one.step for one in boot.steps if one.outcome == outcome and one.step not in shown]
        parts += [f"{outcome.replace('-', ' ')}: {', '.join(dict.fromkeys(names))}"] if names else []
    return "; ".join(parts)


def told(step: Step) -> bool:
    """Whether the step stands in the ladder by itself: something was seen of it, or it says why not."""
    return step.outcome not in UNSEEN or bool(step.packets)


def clean(text: str) -> str:
    """Without characters that XML cannot hold (XML 1.0 §2.2); what comes from the network may have any."""
    return "".join(one if one.isprintable() or one == " " else "\N{REPLACEMENT CHARACTER}" for one in text)


def _opening(height: int) -> list[str]:
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-label="Boots">',
        f"<style>{STYLE}\n{_DRAWN}</style>",
        f'<rect class="paper" width="{WIDTH}" height="{height}"/>',
    ]


def _height(boot: Boot) -> int:
    return HEAD + ROW * len([one for one in boot.steps if told(one)]) + FOOT


def _boot(boot: Boot, top: int) -> Iterator[str]:
    steps = [one for one in boot.steps if told(one)]
    begin = min((one.time for one in steps), default=0.0)
    end = max((one.time + one.seconds for one in steps), default=0.0)
    ticks = ticks_of(end - begin)
    scale = (WIDTH - LEFT - RIGHT) / max(ticks[-1], end - begin)
    bottom = top + HEAD + ROW * len(steps)
    yield _text(12, top + 24, title(boot), "head stopped" if boot.stopped_at else "head")
    for tick in ticks:
        x = LEFT + tick * scale
        yield f'<line class="rule" x1="{x:.1f}" y1="{top + HEAD - 8}" x2="{x:.1f}" y2="{bottom}"/>'
        yield _text(
            x, top + HEAD - 14, f"{round(begin, 3):g} s" if tick == ticks[0] else f"+{tick:g} s", "soft", "middle"
        )
    for place, step in enumerate(steps):
        yield from _row(step, top + HEAD + ROW * place, (step.time - begin) * scale, step.seconds * scale)
    yield _text(12, bottom + 18, unseen(boot), "soft")


def _row(step: Step, top: int, x: float, width: float) -> Iterator[str]:
    name = f"{step.step} ({step.stage})" if step.stage else step.step
    sentence = f"{step.outcome}: {step.what}" if step.what else step.outcome
    short = sentence if len(sentence) <= MAX_TEXT else f"{sentence[: MAX_TEXT - 1]}…"
    packets = f" (packets {', '.join(map(str, step.packets))})" if step.packets else ""
    yield f"<g><title>{_escaped(f'{name}: {sentence}{packets}')}</title>"
    yield _text(12, top + 15, MARKS[step.outcome], step.outcome)
    yield _text(30, top + 15, name)
    yield f'<rect class="{step.outcome}" x="{LEFT + x:.1f}" y="{top + 5}" width="{max(3.0, width):.1f}" height="{ROW - 10}" rx="2"/>'
    yield _text(
        WIDTH - RIGHT + 14,
        top + 15,
        short,
        f"soft {step.outcome}" if step.outcome not in ("worked", *UNSEEN) else "soft",
    )
    yield "</g>"


def ticks_of(seconds: float) -> list[float]:
    """Four to eight round times from 0 to at least `seconds`: 1, 2 or 5 times a power of ten apart."""
    rough = max(seconds, 0.001) / 5
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(round(factor * power, 9) for factor in (1, 2, 5, 10) if factor * power >= rough * 0.999)
    return [round(step * place, 9) for place in range(math.ceil(max(seconds, 0.001) / step) + 1)]


def _text(x: float, y: float, text: str, style: str = "", anchor: str = "start") -> str:
    where = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x:.1f}" y="{y}"{f" class={quoteattr(style)}" if style else ""}{where}>{_escaped(text)}</text>'


def _escaped(text: str) -> str:
    return escape(clean(text))
