"""Markdown as a document that is safe to show. Runs in the worker process: a hostile text may take long."""

from __future__ import annotations

from html import escape

RENDERED_LIMIT_BYTES = 2_000_000  # longer ones are shown as they were written
LINK_SCHEMES = {"http", "https", "mailto", "data"}  # data only for images, see `keep_attribute`
IMAGE_DATA = ("data:image/png", "data:image/jpeg", "data:image/gif", "data:image/webp")

DOCUMENT = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Markdown</title>
<style>
:root {{ color-scheme: light dark; font: 14px/1.55 system-ui, sans-serif; overflow-wrap: break-word }}
body {{ margin: 16px 20px; max-width: 78ch; color: light-dark(#1b2029, #e6e9ee); background: light-dark(#fff, #171a20) }}
h1, h2, h3, h4 {{ line-height: 1.25; margin: 1.4em 0 .5em }} h1 {{ font-size: 1.7em }} h2 {{ font-size: 1.35em }} h3 {{ font-size: 1.15em }}
:is(h1, h2, h3, h4, p, ul, ol, pre, table):first-child {{ margin-top: 0 }}
a {{ color: light-dark(#0b5cad, #74b6ff) }} img {{ max-width: 100% }}
code, pre {{ font: 12.5px/1.5 ui-monospace, monospace; background: light-dark(#f3f4f7, #20242c); border-radius: 4px }}
code {{ padding: .1em .3em }} pre {{ padding: 10px 12px; overflow: auto }} pre code {{ padding: 0 }}
pre.whole {{ white-space: pre-wrap }}
table {{ border-collapse: collapse; display: block; overflow: auto; font-variant-numeric: tabular-nums }}
th, td {{ border: 1px solid light-dark(#dfe3ea, #343a45); padding: 4px 10px; text-align: left }} th {{ background: light-dark(#f3f4f7, #20242c) }}
blockquote {{ margin: 1em 0; padding-left: 12px; border-left: 3px solid light-dark(#cdd3dd, #434a57); color: light-dark(#565e6c, #a7afbd) }}
hr {{ border: 0; border-top: 1px solid light-dark(#dfe3ea, #343a45) }}
</style></head><body>
{body}
</body></html>
"""


def render_markdown(text: bytes) -> bytes:
    """An HTML document of the text: no HTML of its own, no scripts, images only from within."""
    import nh3
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": 100}).enable(["table", "strikethrough"])
    html = parser.render(text.decode("utf-8", "replace"))
    return _document(nh3.clean(html, url_schemes=LINK_SCHEMES, attribute_filter=keep_attribute))


def show_as_written(text: bytes) -> bytes:
    """An HTML document with the text itself, for one that is too long or too hard to render."""
    return _document(f'<pre class="whole">{escape(text.decode("utf-8", "replace"))}</pre>')


def keep_attribute(element: str, attribute: str, value: str) -> str | None:
    is_data = value.lstrip().lower().startswith("data:")
    if is_data and not (element == "img" and attribute == "src" and value.startswith(IMAGE_DATA)):
        return None
    return value


def _document(body: str) -> bytes:
    return DOCUMENT.format(body=body).encode()
