"""The three pages as HTML: the form, the result and an error. All values of the request are escaped."""

from __future__ import annotations

from html import escape as e
from typing import TYPE_CHECKING

from .texts import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .receipt import FileSeen, Journey, Language, Receipt
    from .texts import Texts

__all__ = ["error_page", "form_page", "result_page"]

JOINT = """
<svg class="joint joint-{active}" viewBox="0 40 624 190" role="img" aria-label="WSGI, ASGI">
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


def layout(texts: Texts, title: str, journey: Journey, main: str) -> str:
    """A whole document around ``main``. The drawing highlights the shaft for the protocol in ``journey``."""
    server = journey.server.partition("/")[0]
    served = e(texts.served).format(f"<b>{journey.protocol}</b>", f"<b>{e(server)}</b>")
    return f"""<!doctype html>
<html lang="{texts.code}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{e(title)} · cardan</title>
<link rel="icon" href="/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/style.css">
<script src="/upload.js" defer></script>
</head>
<body>
<header>
<div class="intro">
<p class="mark">cardan</p>
<p class="title">{e(texts.title)}</p>
<p class="lead">{e(texts.lead)}</p>
<p class="served" id="served" data-protocol="{journey.protocol}">{served}</p>
</div>
{JOINT.replace("{active}", journey.protocol.lower())}
</header>
<main id="main">{main}</main>
<footer><p>{e(texts.foot)}</p></footer>
</body>
</html>
"""


def form_page(language: Language, journey: Journey) -> str:
    """The form. It also works without scripts; upload.js adds the list of files and the progress bar."""
    t = language.texts
    options = "".join(f'<option value="{o.code}" lang="{o.code}">{e(o.endonym)}</option>' for o in LANGUAGES.values())
    main = f"""
<form id="form" class="card" method="post" action="/" enctype="multipart/form-data" autocomplete="on"
  data-decimal="{t.decimal}" data-sending="{e(t.sending)}" data-received="{e(t.received)}"
  data-chosen="{e(t.chosen)}" data-failed="{e(t.failed)}">
<h1>{e(t.form)}</h1>
<div class="columns">
<div>
<div class="field">
<label for="name">{e(t.name)}</label>
<input id="name" name="name" type="text" autocomplete="name" aria-describedby="name-hint">
<p class="hint" id="name-hint">{e(t.name_hint)}</p>
</div>
<div class="field">
<label for="message">{e(t.message)}</label>
<textarea id="message" name="message" rows="4"></textarea>
</div>
<div class="field">
<label for="language">{e(t.language)}</label>
<select id="language" name="language"><option value="">{e(t.language_auto)}</option>{options}</select>
</div>
</div>
<div class="field files">
<label for="files">{e(t.files)}</label>
<div class="drop">
<svg viewBox="0 0 24 24" aria-hidden="true">
<path d="M12 16V4m0 0L7 9m5-5 5 5M4 15v3a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-3"/></svg>
<p id="drop-text">{e(t.drop)}</p>
<input id="files" name="files" type="file" multiple aria-describedby="drop-text files-hint">
</div>
<ul id="chosen" class="chosen" hidden></ul>
<p class="hint" id="files-hint">{e(t.files_hint)}</p>
</div>
</div>
<div class="actions">
<button type="submit" id="send">{e(t.send)}</button>
<div id="progress" class="progress" hidden>
<p><span id="progress-text" role="status">{e(t.sending)}</span> <span id="progress-figures"></span></p>
<progress id="bar" max="1" value="0" aria-label="{e(t.sending)}"></progress>
</div>
<button type="button" id="cancel" class="quiet" hidden>{e(t.cancel)}</button>
</div>
<p id="failed" class="failed" role="alert" hidden></p>
</form>"""
    return layout(t, t.title, journey, main)


def result_page(receipt: Receipt, journey: Journey) -> str:
    """The result: fields, files, cookies, language, and how the request was transferred."""
    t = receipt.language.texts
    main = f"""
<article class="result">
<div class="head">
<div><h1 tabindex="-1">{e(t.result)}</h1><p class="lead">{e(t.result_lead)}</p></div>
<a class="button" href="/">{e(t.again)}</a>
</div>
<section class="card wide" aria-labelledby="h-files"><h2 id="h-files">{e(t.files)}</h2>
{files(receipt.files, t)}</section>
<section class="card" aria-labelledby="h-fields"><h2 id="h-fields">{e(t.fields)}</h2>
{pairs(receipt.fields, t.no_fields, t.empty)}</section>
<section class="card" aria-labelledby="h-cookies"><h2 id="h-cookies">{e(t.cookies)}</h2>
{pairs(receipt.cookies, t.no_cookies, t.empty)}</section>
<section class="card" aria-labelledby="h-language"><h2 id="h-language">{e(t.language_seen)}</h2>
{language(receipt.language)}</section>
<section class="card" aria-labelledby="h-journey"><h2 id="h-journey">{e(t.journey)}</h2>
{how(journey, t)}</section>
<section class="card wide"><p>{e(t.as_json)}</p>
<pre><code>curl -F name=Ada -F files=@photo.jpg http://{e(journey.host)}/receipt</code></pre></section>
</article>"""
    return layout(t, t.result, journey, main)


def error_page(language: Language, journey: Journey, code: int, name: str, description: str) -> str:
    """An HTTP error as a page: the error, and a link to the form."""
    t = language.texts
    main = f"""
<article class="card error">
<p class="code">{code}</p>
<div><h1 tabindex="-1">{e(t.error)}</h1><p lang="en"><b>{e(name)}</b>: {e(description)}</p>
<p><a class="button" href="/">{e(t.back)}</a></p></div>
</article>"""
    return layout(t, t.error, journey, main)


def files(seen: Iterable[FileSeen], t: Texts) -> str:
    """The list of files, each with its size, type and checksum."""
    rows = "".join(
        f"""<li>
<p class="filename">{e(file.filename)}</p>
<dl class="facts"><div><dt>{e(t.size)}</dt><dd title="{file.size} bytes">{t.bytes(file.size)}</dd></div>
<div><dt>{e(t.type)}</dt><dd>{e(file.mimetype or "–")}</dd></div>
<div class="hash"><dt>SHA-256</dt><dd><code>{file.sha256}</code></dd></div></dl></li>"""
        for file in seen
    )
    return f'<ul class="filelist">{rows}</ul>' if rows else f'<p class="none">{e(t.no_files)}</p>'


def pairs(items: Iterable[tuple[str, str]], none: str, empty: str) -> str:
    """Names and values in the order of the request; names may repeat."""
    rows = "".join(
        f"<div><dt>{e(name)}</dt><dd>{e(value) if value else f'<i>{e(empty)}</i>'}</dd></div>" for name, value in items
    )
    return f'<dl class="pairs">{rows}</dl>' if rows else f'<p class="none">{e(none)}</p>'


def language(seen: Language) -> str:
    """The language, and what its choice is based on."""
    t = seen.texts
    why = {
        "field": t.language_by_field,
        "cookie": t.language_by_cookie,
        "header": t.language_by_header,
        "default": t.language_by_default,
    }[seen.by]
    accepted = f"<code>{e(seen.accepted)}</code>" if seen.accepted else "–"
    return f"""<dl class="pairs"><div><dt>{e(t.endonym)}</dt><dd>{e(why)}</dd></div>
<div><dt>Accept-Language</dt><dd>{accepted}</dd></div></dl>"""


def how(journey: Journey, t: Texts) -> str:
    """Protocol, server, handler and body."""
    body = t.body_wsgi if journey.protocol == "WSGI" else t.body_asgi
    rows = [
        (t.protocol, f"{journey.protocol}, {journey.http}"),
        (t.server, journey.server),
        (t.handler, t.handler_thread.format(journey.thread)),
        (t.body, body),
    ]
    return pairs(rows, "", "")
