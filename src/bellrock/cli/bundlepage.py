"""The page that leads through an evidence bundle: no scripts, nothing from elsewhere, everything escaped."""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from typing import Any, Final

_STYLE: Final = """
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 64rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #8884 }
td:last-child { text-align: right; white-space: nowrap }
.error { border-left: .3rem solid #c33 } .warning { border-left: .3rem solid #c90 } .notice { border-left: .3rem solid #888 }
article { padding: .1rem 1rem; margin: 1rem 0; background: #8881 }
h3 { margin: .5rem 0 } small { opacity: .7 } pre { white-space: pre-wrap }
"""
MAX_FINDINGS: Final = 200


def page(manifest: Mapping[str, Any], findings: Sequence[tuple[str, Any]]) -> str:
    """HTML, for a browser that opens it in the directory where the archive was unpacked."""
    made = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(manifest["made"]))
    title = f"Evidence from {manifest['host']}"
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
            '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; style-src \'unsafe-inline\'">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
            f"<h1>{escape(title)}</h1><p>{escape(made)}, Bellrock {escape(manifest['bellrock'])}</p>",
            *_findings(findings),
            "<h2>Parts</h2><table>", *map(_part, manifest["parts"]), "</table>",
            *_left_out(manifest["left_out"]),
            "</body></html>",
        )
    )  # fmt: skip


def _findings(findings: Sequence[tuple[str, Any]]) -> Iterator[str]:
    import msgspec

    for origin, found in findings:
        documents = msgspec.to_builtins(found)
        yield f"<h2>What is wrong, by {escape(origin)}</h2>"
        if not documents:
            yield "<p>Nothing was found.</p>"
        for one in documents[:MAX_FINDINGS]:
            yield from _finding(one)
        if len(documents) > MAX_FINDINGS:
            yield f"<p>And {len(documents) - MAX_FINDINGS} more, in its file.</p>"


def _finding(one: Mapping[str, Any]) -> Iterator[str]:
    kind = one.get("severity") if one.get("severity") in ("error", "warning") else "notice"
    yield f'<article class="{kind}"><h3>{_text(one, "what")}</h3>'
    yield f"<small>{_text(one, 'id')}, {_text(one, 'confidence')}</small><p>{_text(one, 'cause')}</p>"
    yield from _list("Proof", one.get("proof"))
    yield from _list("What to do", one.get("fix"))
    yield "</article>"


def _list(heading: str, lines: object) -> Iterator[str]:
    if isinstance(lines, Iterable) and not isinstance(lines, str) and (shown := [escape(str(line)) for line in lines]):
        yield f"<b>{heading}</b><ul><li>{'</li><li>'.join(shown)}</li></ul>"


def _text(one: Mapping[str, Any], key: str) -> str:
    return escape(str(one.get(key) or ""))


def _part(one: Mapping[str, Any]) -> str:
    path = escape(one["path"])
    return f'<tr><td><a href="{path}">{path}</a></td><td>{escape(one["about"])}</td><td>{one["octets"]}</td></tr>'


def _left_out(left_out: Sequence[Mapping[str, str]]) -> Iterator[str]:
    if left_out:
        lines = [f"{one['what']}: {one['why']}" for one in left_out]
        yield from ("<h2>Left out</h2>", *_list("", lines))
