"""The three pages as HTML: the form with its code, a receipt, and an error. All values of the request are escaped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from html import escape as e
from typing import Any

from .handlers import UploadRequest, receipt, turn
from .source import lines_of, source_of
from .texts import LANGUAGES, Texts

__all__ = ["View", "error_page", "form_page", "receipt_page"]

LIMIT = UploadRequest.max_content_length or 0
TOO_MUCH = LIMIT + 10_000_000

#: the texts that upload.js uses
SCRIPTED = (
    "anyway", "answer", "both", "chosen", "code", "decimal", "different", "drop", "empty", "equal", "handler", "lost",
    "no_fields", "nothing", "received", "refused", "sending", "server", "streamed", "unreadable", "upload",
)  # fmt: skip

JOINT = """
<svg class="joint" viewBox="0 40 624 190" aria-hidden="true">
  <g class="shaft asgi" transform="rotate(-14 318 140)">
    <path d="M318 114 h84 l26 8 h174 v36 h-174 l-26 8 h-84 a26 26 0 0 1 0 -52 z"/>
    <path class="edge" d="M402 114 v52 M428 122 v36"/>
    <text x="520" y="147">ASGI</text>
  </g>
  <g class="shaft wsgi">
    <path d="M0 122 h182 l26 -8 v-20 q0 -16 16 -16 h94 a18 18 0 0 1 0 36 h-52 q-10 0 -10 10 v32 q0 10 10 10 h52
      a18 18 0 0 1 0 36 h-94 q-16 0 -16 -16 v-20 l-26 -8 h-182 z"/>
    <path class="edge" d="M182 122 v36 M208 114 v52"/>
    <text x="92" y="147">WSGI</text>
  </g>
  <g class="cross">
    <rect x="309" y="66" width="18" height="148" rx="6"/>
    <circle cx="318" cy="140" r="17"/>
    <circle class="hole" cx="318" cy="140" r="6"/>
  </g>
</svg>"""

MARKS = "".join(f'<path d="M50 9 v6" transform="rotate({30 * hour} 50 50)"/>' for hour in range(12))
DIAL = f"""<svg viewBox="0 0 100 100" aria-hidden="true"><circle cx="50" cy="50" r="46"/>{MARKS}
<path class="hand" d="M50 50 V20"/><circle class="hub" cx="50" cy="50" r="5"/></svg>"""


@dataclass(frozen=True, slots=True)
class View:
    """What the pages depend on besides what was sent: the language, the servers, and which of them answers."""

    texts: Texts
    language_kept: str
    protocol: str
    server: str
    servers: Mapping[str, str]
    """The origin of the server for each protocol; "" for the only one."""
    origin: str

    @property
    def others(self) -> dict[str, str]:
        """The servers that did not send this page."""
        return {protocol: origin for protocol, origin in self.servers.items() if protocol != self.protocol}


def layout(view: View, title: str, head: str, main: str, *, script: str = "") -> str:
    """A whole document."""
    t = view.texts
    served = e(t.served).format(f"<b>{view.protocol}</b>", f"<b>{e(view.server.partition('/')[0])}</b>")
    links = "".join(f' <a href="{e(url)}/">{e(t.other.format(other))}</a>' for other, url in view.others.items())
    return f"""<!doctype html>
<html lang="{t.code}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{e(title)} · cardan</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
{script}
</head>
<body data-protocol="{view.protocol}">
<header>
<div class="bar"><p class="logo">cardan</p>{languages(view)}</div>
{head}
<p class="served" id="served">{served}{links}</p>
</header>
<main>{main}</main>
<footer><p>{e(t.foot)}</p></footer>
</body>
</html>
"""


def languages(view: View) -> str:
    """The links that choose a language."""
    choices = [(texts.code, texts.endonym, f' lang="{texts.code}"') for texts in LANGUAGES.values()]
    links = "".join(
        f'<li><a href="/?language={code}"{lang}{current(code == view.language_kept)}>{e(name)}</a></li>'
        for code, name, lang in [("", view.texts.as_asked, ""), *choices]
    )
    return f'<nav aria-label="{e(view.texts.languages)}"><ul>{links}</ul></nav>'


def current(yes: bool) -> str:
    """The attribute of the link that is chosen."""
    return ' aria-current="true"' if yes else ""


def form_page(view: View) -> str:
    """The page with the form. It works without scripts; upload.js adds progress, both receipts, and the events."""
    t = view.texts
    title = e(t.title).replace(", ", ",<br>")
    head = f'<div class="intro"><div><h1>{title}</h1><p class="lead">{e(t.lead)}</p></div>{JOINT}</div>'
    too_much = e(t.too_much.format(t.bytes(TOO_MUCH)))
    zeros = f"head -c {TOO_MUCH} /dev/zero | curl -F files=@-"
    main = f"""
<section aria-labelledby="h-send">
<h2 id="h-send">{e(t.send_title)}</h2>
<p class="lead">{e(t.send_lead)}</p>
<div class="columns">
{form(view)}
{quoted(receipt, t)}
</div>
{answers("receipts", t.receipts, t)}
{terminal(t.terminal, [f"curl -F name=Ada -F files=@photo.jpg {url}/receipt" for url in urls(view)])}
</section>
<section aria-labelledby="h-limit">
<div class="columns">
<div>
<h2 id="h-limit">{e(t.limit_title)}</h2>
<p class="lead">{e(t.limit_lead)}</p>
<div class="scripted" hidden><button type="button" id="too-much">{too_much}</button></div>
<noscript>{terminal(t.needs_script, [f"{zeros} {url}/receipt" for url in urls(view)])}</noscript>
</div>
{quoted(UploadRequest, t)}
</div>
{answers("refusals", t.refusals, t)}
</section>
<section aria-labelledby="h-stream">
<div class="columns">
<div>
<h2 id="h-stream">{e(t.stream_title)}</h2>
<p class="lead">{e(t.stream_lead)}</p>
<div class="scripted" hidden>
<div class="dials">{"".join(dial(protocol) for protocol in view.servers)}</div>
<button type="button" id="listen">{e(t.listen)}</button>
<p id="streamed" role="status"></p>
</div>
<noscript>{terminal(t.needs_script, [f"curl -N {url}/turn" for url in urls(view)])}</noscript>
</div>
{quoted(turn, t)}
</div>
</section>"""
    shared = {
        "texts": {name: getattr(t, name) for name in SCRIPTED},
        "servers": view.servers,
        "limit": LIMIT,
        "tooMuch": TOO_MUCH,
    }
    script = f'<script src="/upload.js" defer data-shared="{e(json.dumps(shared))}"></script>'
    return layout(view, t.title, head, main, script=script)


def form(view: View) -> str:
    """The form, with a button for each server."""
    t = view.texts
    buttons = "".join(
        f'<button formaction="{e(url)}/" value="{protocol}">{e(t.over.format(protocol))}</button>'
        for protocol, url in view.servers.items()
    )
    return f"""<form id="form" class="card" method="post" action="/" enctype="multipart/form-data">
<div class="field">
<label for="name">{e(t.name)}</label>
<input id="name" name="name" type="text" autocomplete="name">
</div>
<div class="field">
<label for="message">{e(t.message)}</label>
<textarea id="message" name="message" rows="2"></textarea>
</div>
<div class="field">
<label for="files">{e(t.files)}</label>
<div class="drop">
<svg viewBox="0 0 24 24" aria-hidden="true">
<path d="M12 16V4m0 0L7 9m5-5 5 5M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3"/></svg>
<p id="drop-text">{e(t.drop)}</p>
<input id="files" name="files" type="file" multiple aria-describedby="drop-text files-hint">
</div>
<ul id="chosen" class="chosen" hidden></ul>
<p class="hint" id="files-hint">{e(t.files_hint.format(t.bytes(LIMIT)))}</p>
</div>
<div class="actions" id="actions">{buttons}</div>
</form>"""


def answers(name: str, title: str, t: Texts) -> str:
    """The place where upload.js shows how far it is, and the answers of the servers."""
    return f"""<div class="answers" id="{name}" hidden>
<h3>{e(title)}</h3>
<p class="verdict" role="status"></p>
<p class="failed" role="alert"></p>
<div class="progress" hidden>
<p><span class="step" id="{name}-step" role="status"></span> <span class="figures"></span></p>
<progress max="1" value="0" aria-labelledby="{name}-step"></progress>
<button type="button" class="cancel">{e(t.cancel)}</button>
</div>
<div class="slips"></div>
</div>"""


def receipt_page(view: View, document: dict[str, Any]) -> str:
    """The receipt for a browser without scripts. ``document`` is what ``/receipt`` gives as JSON."""
    t = view.texts
    lead = "".join(f'<p class="lead">{e(t.receipt_lead.format(other))}</p>' for other in view.others)
    main = f"""
<section class="result">
<h1>{e(t.receipt)}</h1>
{lead}
<div class="slips"><article class="slip"><h2>{view.protocol}</h2>
<dl>{rows([(t.server, view.server)], t)}</dl>
<dl>{rows(lines_on(document, t), t)}</dl></article></div>
<p><a class="button" href="/">{e(t.back)}</a></p>
</section>"""
    return layout(view, t.receipt, "", main)


def error_page(view: View, code: int, title: str, detail: str) -> str:
    """An HTTP error as a page, with a link to the form."""
    t = view.texts
    main = f"""
<section class="error">
<p class="code">{code}</p>
<div><h1>{e(title)}</h1><p class="lead">{e(detail)}</p>
<p><a class="button" href="/">{e(t.back)}</a></p></div>
</section>"""
    return layout(view, f"{t.error}: {title}", "", main)


def lines_on(document: dict[str, Any], t: Texts) -> list[tuple[str, str]]:
    """The lines of a receipt: names and values. upload.js has the same function."""
    lines: list[tuple[str, str]] = list(document["fields"])
    for file in document["files"]:
        lines += [(file["name"], f"{t.bytes(file['size'])}, {file['type']}"), ("SHA-256", file["sha256"])]
    return lines or [("", t.no_fields)]


def rows(lines: Iterable[tuple[str, str]], t: Texts) -> str:
    """Lines of a receipt as HTML."""
    return "".join(f"<div><dt>{e(name)}</dt><dd>{e(value or t.empty)}</dd></div>" for name, value in lines)


def quoted(shown: Callable[..., Any], t: Texts) -> str:
    """The source of a function or class, with a line that says where it stands."""
    note = t.code_note.format(lines_of(shown), "examples/upload/handlers.py")
    return f"<figure>{code(source_of(shown), shown.__name__)}<figcaption>{e(note)}</figcaption></figure>"


def terminal(note: str, commands: Iterable[str]) -> str:
    """Commands for a terminal."""
    return f'<p class="hint">{e(note)}</p>{code(e(chr(10).join(commands)), note)}'


def code(html: str, label: str) -> str:
    """Code, which the keyboard can scroll where the window is narrow."""
    return f'<pre tabindex="0" role="region" aria-label="{e(label)}"><code>{html}</code></pre>'


def dial(protocol: str) -> str:
    """The dial that upload.js turns by the events of one server."""
    caption = f'<figcaption>{protocol} <code class="data"></code></figcaption>'
    return f'<figure class="dial" id="dial-{protocol}">{DIAL}{caption}</figure>'


def urls(view: View) -> list[str]:
    """The URL of each server, as a terminal needs it."""
    return [url or view.origin for url in view.servers.values()]
