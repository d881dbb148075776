"""The HTML of the evaluation report: plain tables and SVG, light and dark, with nothing to fetch."""

from html import escape

import numpy as np
import pandas as pd

MOST_MISTAKES = 24
STYLE = """
:root { color-scheme: light dark; --ink: light-dark(#14171c, #e9ebee); --soft: light-dark(#626a77, #8e96a3);
  --line: light-dark(#e4e6ea, #272b31); --paper: light-dark(#fff, #15181c); --bar: light-dark(#357ba6, #539cc6);
  --bad: light-dark(#c02a10, #ff7c5e) }
body { font: 14px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 24px; max-width: 960px }
h1 { font-size: 20px; margin: 0 0 4px } h2 { font-size: 16px; margin: 32px 0 8px } p { color: var(--soft); margin: 0 0 16px }
.facts { display: flex; gap: 32px; margin: 16px 0 } .facts b { display: block; font-size: 28px; line-height: 36px; font-weight: 600 }
.facts span { color: var(--soft) } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
td, th { padding: 3px 10px; text-align: right; border-bottom: 1px solid var(--line); font-weight: 400 } th { color: var(--soft) }
.bar { width: 320px; height: 10px; border-radius: 5px; background: var(--line); overflow: hidden }
.bar i { display: block; height: 100%; background: var(--bar) }
.mistakes { display: grid; grid-template-columns: repeat(auto-fill, minmax(96px, 1fr)); gap: 12px }
.mistakes figure { margin: 0 } .mistakes svg { width: 100%; border-radius: 6px; border: 1px solid var(--line); display: block }
figcaption { font-size: 12px; color: var(--soft) } figcaption b { color: var(--bad) }
"""


def draw_page(title: str, predictions: pd.DataFrame, test_set: pd.DataFrame, counts: np.ndarray) -> str:
    """A whole document. `counts[digit, predicted]` are pictures of the test set."""
    wrong = predictions[predictions["digit"] != predictions["predicted"]]
    worst = wrong.sort_values("sureness", ascending=False).head(MOST_MISTAKES)
    pixels = test_set.drop(columns="digit").to_numpy()
    pictures = "".join(draw_mistake(row, pixels[int(str(index))]) for index, row in worst.iterrows())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1><p>Test set of {len(predictions)} handwritten digits.</p>
<div class="facts">
<div><b>{1 - len(wrong) / len(predictions):.2%}</b><span>accuracy</span></div>
<div><b>{len(wrong)}</b><span>mistakes</span></div>
<div><b>{predictions["sureness"].mean():.2f}</b><span>mean sureness</span></div></div>
<h2>By digit</h2>{draw_bars(counts)}
<h2>Surest mistakes</h2><p>What the model took them for, and how sure it was.</p>
<div class="mistakes">{pictures or "None."}</div>
</body></html>"""


def draw_bars(counts: np.ndarray) -> str:
    rows = []
    for digit, row in enumerate(counts):
        share = row[digit] / max(1, row.sum())
        confused = np.where(np.arange(10) == digit, 0, row)
        taken = f"{confused.argmax()} ({confused.max()})" if confused.any() else ""
        bar = f'<div class="bar"><i style="width:{share:.1%}"></i></div>'
        rows.append(
            f"<tr><td>{digit}</td><td>{row.sum()}</td><td>{share:.1%}</td><td>{bar}</td><td>{taken}</td></tr>"
        )
    return f"<table><tr><th>digit</th><th>pictures</th><th>found</th><th></th><th>most often taken for</th></tr>{''.join(rows)}</table>"


def draw_mistake(row: pd.Series, pixels: np.ndarray) -> str:
    cells = "".join(
        f'<rect x="{place % 8}" y="{place // 8}" width="1.02" height="1.02" fill-opacity="{value / 16:.2f}"/>'
        for place, value in enumerate(pixels)
        if value > 0
    )
    caption = f"{row['digit']:.0f} taken for <b>{row['predicted']:.0f}</b>, {row['sureness']:.0%}"
    return f'<figure><svg viewBox="0 0 8 8" fill="currentColor">{cells}</svg><figcaption>{caption}</figcaption></figure>'
