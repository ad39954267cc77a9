"""A diagnosis as one HTML page that a person can send: no script, nothing from elsewhere, every text escaped."""

import re
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from bellrock.diagnosis.boot import Boot, Step
from bellrock.diagnosis.boot_causes import cause
from bellrock.diagnosis.boot_picture import MARKS, STYLE, clean, picture, title, told, unseen
from bellrock.diagnosis.findings_document import key
from bellrock.diagnosis.packet_words import ends, when, words
from bellrock.diagnosis.packets import Packet, Wire
from bellrock.model import Finding

MAX_BOOTS: Final = 500
"""That are told; the findings are told all the same."""
_PACKET: Final = re.compile(r"packet ([0-9]{1,12})")
_STYLE: Final = f"""
{STYLE}
body{{margin:0 auto;max-width:1160px;padding:16px;background:var(--paper);color:var(--ink);font:14px/1.5 system-ui,"Segoe UI","Noto Sans",sans-serif}}
a{{color:inherit}}h1{{font-size:20px}}h2{{font-size:17px;margin-top:28px}}h3{{font-size:15px;margin-bottom:4px}}
table{{border-collapse:collapse;width:100%;background:var(--card)}}th,td{{border:1px solid var(--rule);padding:4px 8px;text-align:left;vertical-align:top}}
th{{font-weight:600}}td.n{{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}}code{{font:13px ui-monospace,"DejaVu Sans Mono",monospace;overflow-wrap:anywhere}}
.soft{{color:var(--soft)}}.worked{{color:var(--good)}}.slow,.warning{{color:var(--slow)}}.failed,.unanswered,.error{{color:var(--bad)}}
section{{margin-bottom:24px}}article{{border-left:4px solid var(--rule);padding-left:12px;margin:16px 0}}svg{{max-width:100%;height:auto}}.wide{{overflow-x:auto}}
""".strip()


def page(wire: Wire, boots: Sequence[Boot], findings: Sequence[Finding]) -> str:
    """The page: what is wrong with its proof, each boot as a ladder and in time, and the packets that prove it."""
    body = [
        f"<h1>{_e(heading(boots, findings))}</h1>", *_about(wire), *_findings(findings), *_boots(boots, findings),
        *_packets(wire, boots, findings),
    ]  # fmt: skip
    return "\n".join([*_HEAD, *body, "</body></html>\n"])


def heading(boots: Sequence[Boot], findings: Sequence[Finding]) -> str:
    """`2 boots, 1 stopped; 1 finding`."""
    stopped = sum(bool(boot.stopped_at) for boot in boots)
    count = f"{len(boots)} boot{'' if len(boots) == 1 else 's'}, {stopped} stopped"
    return f"{count}; {len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'}"


_HEAD: Final = (
    '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">',
    # Whoever opens it fetches nothing and runs nothing, whatever names were in the capture.
    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
    '<meta name="viewport" content="width=device-width"><meta name="referrer" content="no-referrer">',
    f"<title>Boots</title><style>{_STYLE}</style></head><body>",
)


def _about(wire: Wire) -> Iterator[str]:
    seconds = (wire.last - wire.first) / 1e9
    yield f'<p class="soft">{wire.seen} packets in {seconds:.1f} s, captured at {_e(", ".join(one.name for one in wire.points) or "no point")}.</p>'
    notes = [
        *wire.troubles,
        *(f"{count} more packets of {kind} than were looked at" for kind, count in wire.left_out.items()),
    ]
    if notes:
        yield f"<p>What could not be seen: {_e('; '.join(notes))}.</p>"


def _findings(findings: Sequence[Finding]) -> Iterator[str]:
    if findings:
        yield "<section><h2>What is wrong</h2>"
        for one in findings:
            yield f'<article id="{_e(key(one))}"><h3><span class="{one.severity}">{one.severity}</span>: {_e(one.what)}</h3>'
            yield f"<p>{_e(one.cause)} ({one.confidence})</p>" if one.cause else f'<p class="soft">{one.confidence}</p>'
            yield from _listed("Seen", [_linked(text) for text in one.proof])
            yield from _listed("What to do", [_commands(text) for text in one.fix])
            if one.recheck:
                yield f"<p>Then: <code>{_e(one.recheck)}</code></p>"
            yield from _listed("What follows from it", [_e(text) for text in one.symptoms])
            yield f'<p class="soft">Rule {_e(one.id)}; <code>bellrock explain {_e(one.id)}</code></p></article>'
        yield "</section>"


def _listed(name: str, items: Sequence[str]) -> Iterator[str]:
    if items:
        yield f"<p>{name}:</p><ul>{''.join(f'<li>{item}</li>' for item in items)}</ul>"


def _boots(boots: Sequence[Boot], findings: Sequence[Finding]) -> Iterator[str]:
    yield "<section><h2>Boots</h2>"
    for boot in boots[:MAX_BOOTS]:
        yield f"<h3>{_e(title(boot))}</h3>"
        why = cause(boot, findings)
        if why:
            yield f'<p>Because: <a href="#{_e(key(why))}">{_e(why.what)}</a></p>'
        yield "<table><tr><th>Time</th><th>Step</th><th>Outcome</th><th>What was seen</th><th>Packets</th></tr>"
        yield from (_row(step) for step in boot.steps if told(step))
        yield f'</table><p class="soft">{_e(unseen(boot))}</p>'
        yield f'<div class="wide">{picture([boot])}</div>'
    if len(boots) > MAX_BOOTS:
        yield f"<p>And {len(boots) - MAX_BOOTS} more.</p>"
    yield "</section>"


def _row(step: Step) -> str:
    stage = f' <span class="soft">({_e(step.stage)})</span>' if step.stage else ""
    packets = " ".join(f'<a href="#p{number}">{number}</a>' for number in step.packets)
    return (
        f'<tr><td class="n">{step.time:.3f} s</td><td>{_e(step.step)}{stage}</td>'
        f'<td class="{step.outcome}">{MARKS[step.outcome]} {step.outcome}</td><td>{_e(step.what)}</td><td>{packets}</td></tr>'
    )


def _packets(wire: Wire, boots: Sequence[Boot], findings: Sequence[Finding]) -> Iterator[str]:
    wanted = {number for boot in boots[:MAX_BOOTS] for step in boot.steps for number in step.packets}
    wanted |= {
        int(number)
        for one in findings
        for text in (*one.proof, *one.evidence)
        for number in _PACKET.findall(text.lower())
    }
    shown = [one for one in wire.packets if one.number in wanted]
    if shown:
        yield "<section><h2>Packets</h2><table><tr><th>Number</th><th>Time</th><th>Where</th><th>From, to</th><th>What it says</th></tr>"
        yield from (_packet(one, wire.first) for one in sorted(shown, key=lambda one: one.number))
        yield "</table></section>"


def _packet(one: Packet, begin: int) -> str:
    tag = f" VLAN {' in '.join(map(str, reversed(one.vids)))}" if one.vids else ""
    return (
        f'<tr id="p{one.number}"><td class="n">{one.number}</td><td class="n">{when(one, begin)}</td><td>{_e(one.point)}{tag}</td>'
        f"<td><code>{_e(ends(one))}</code></td><td>{_e(words(one))}</td></tr>"
    )


def _linked(text: str) -> str:
    """A sentence of proof; where it names a packet, a link to it."""
    return re.sub(r"\b([Pp]acket) ([0-9]{1,12})", r'<a href="#p\2">\1 \2</a>', _e(text))


def _commands(text: str) -> str:
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _e(text))


def _e(text: str) -> str:
    return escape(clean(text))
