"""The page of signing in: plain HTML that works without scripts."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

STYLES = ("tokens.css", "vitrine.css")
MARK = (
    '<svg width="28" height="28" viewBox="0 0 28 28" aria-hidden="true">'
    '<path class="mark-line" d="M4 8.5 14 3l10 5.5v11L14 25 4 19.5z"/>'
    '<path class="mark-line mark-faint" d="M4 8.5 14 14l10-5.5M14 14v11"/>'
    '<circle class="mark-heart" cx="14" cy="14" r="3"/></svg>'
)
WRONG = '<span class="hint wrong" id="wrong" role="alert">{}</span>'
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Sign in · Vitrine</title>
<link rel="icon" href="data:,">
{styles}
</head>
<body>
<main class="sign-in">
<div>
<div class="brand">{mark}<span>Vitrine</span></div>
<section class="box">
<div class="title"><h1>Sign in</h1><p class="t2">{host}</p></div>
{notice}
<form method="post" action="{base}/auth/sign-in">
<input type="hidden" name="proof" value="{proof}">
<input type="hidden" name="next" value="{next}">
<div class="field"><label for="token">API token</label>
<input class="input big" id="token" name="token" type="password" autocomplete="current-password" required autofocus{invalid}>
{wrong}</div>
<button class="btn primary big" type="submit">Sign in</button>
</form>
</section>
<p class="small t3">No token? On the machine that runs Vitrine, <code>vitrine open</code> prints a link that signs you in,
and <code>vitrine token create NAME</code> a token.</p>
</div>
<p class="tiny t3">Vitrine {version}</p>
</main>
</body>
</html>
"""


def draw_sign_in(
    *,
    base: str,
    host: str,
    proof: str,
    next: str,
    version: str,
    asset_url: Callable[[str], str] | None,
    notice: str = "",
    wrong: str = "",
) -> str:
    """The page. `notice` says why it is shown, `wrong` what was wrong with the token."""
    addresses = [asset_url(name) for name in STYLES] if asset_url else []
    styles = "\n".join(
        f'<link rel="stylesheet" href="{escape(one)}">' for one in [*addresses, f"{base}/auth/sign-in.css"]
    )
    return PAGE.format(
        styles=styles,
        mark=MARK,
        base=escape(base),
        host=escape(host),
        proof=escape(proof),
        next=escape(next),
        notice=f'<p class="note" role="status">{escape(notice)}</p>' if notice else "",
        wrong=WRONG.format(escape(wrong)) if wrong else "",
        invalid=' aria-invalid="true" aria-describedby="wrong"' if wrong else "",
        version=escape(version),
    )
