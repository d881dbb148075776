"""The one HTML document of the dashboard. No inline script or style: the policy is `script-src 'self'`.

Beside the element that the page grows in stands its outline, shown while that is empty: the frame is there at once, and
nothing moves when it comes alive.
"""

from __future__ import annotations

from functools import cache
from html import escape

from vitrine_ui.address import asset, base_path
from vitrine_ui.assets import HERE, client_folder

ROOT_COMPONENT = "vitrine_ui.app.Root"
STYLES = ("tokens", "vitrine", "islands", "pages")
PRELOADED = ("islands/url/index.js", "islands/bind.js")
OUTLINE = """<div class="app outline" aria-hidden="true">
<aside class="side"><span class="project"><span class="glyph"></span><i class="skel"></i></span>
<div class="nav"><i class="skel"></i><i class="skel"></i><i class="skel"></i><i class="skel"></i><i class="skel"></i></div></aside>
<header class="top"><i class="skel"></i></header>
<main class="case"></main>
</div>"""


@cache
def sprite() -> str:
    """The icons as one hidden SVG. Never in a tree that is rendered again."""
    drawn = (HERE / "static" / "icons.svg").read_text(encoding="utf-8").strip()
    return drawn.replace("<svg ", '<svg class="sprite" width="0" height="0" aria-hidden="true" ', 1)


def shell_html() -> str:
    """The document; the same for every page."""
    styles = "\n".join(
        f'<link rel="stylesheet" href="{escape(asset(f"static/{name}.css"))}">'
        for name in STYLES
        if (HERE / "static" / f"{name}.css").exists()
    )
    client = sorted((asset(f"reactpy/{name}") for name in client_files()), key=len)
    preloads = "\n".join(
        f'<link rel="modulepreload" href="{escape(one)}">' for one in [*client, *map(asset, PRELOADED)]
    )
    boot = (
        f'<script type="module" blocking="render" data-boot data-base="{escape(base_path())}" '
        f'data-client="{escape(asset("reactpy/index.js"))}" data-component="{ROOT_COMPONENT}/" '
        f'src="{escape(asset("static/boot.js"))}"></script>\n'
        f'<script type="module" src="{escape(asset("static/page.js"))}"></script>'
    )
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Vitrine</title>
<link rel="icon" type="image/svg+xml" href="{escape(asset("static/favicon.svg"))}">
{styles}
{boot}
{preloads}
</head>
<body>
{sprite()}
<div id="app"></div>
{OUTLINE}
<noscript><p class="boot-wait">Vitrine needs JavaScript, all of it from this server.</p></noscript>
</body>
</html>
"""


@cache
def client_files() -> tuple[str, ...]:
    """The modules of ReactPy's client that every page loads: its entry and the chunks named beside it."""
    return tuple(path.name for path in client_folder().glob("index*.js"))
