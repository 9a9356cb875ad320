"""The answers of all models beside the reference, as one HTML file that needs nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path

from finetune.evaluate.evaluation import Evaluation
from finetune.evaluate.measures import HIGHER_IS_BETTER, Figures

MEASURES = {
    "character_f1": "字符 F1",
    "rouge_l": "ROUGE-L",
    "ingredient_recall": "食材召回",
    "invented_rate": "编造食材",
    "amounts_preserved": "用量保持",
    "format_valid": "格式正确",
    "refusal_correct": "拒答正确",
    "grounded": "忠于菜谱",
    "judged": "评分员",
}
_STYLE = Path(__file__).with_name("page.css")
_HEAD = """<!doctype html>
<html lang="zh-CN">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>微调前后</title>
"""


def page_of(evaluations: Sequence[Evaluation]) -> str:
    """The page; every text in it is escaped, and no script is."""
    samples = evaluations[0].samples
    blocks = "".join(_block(number, evaluations) for number in range(len(samples)))
    note = f"{len(samples)} 个没有学过的问题。数值从 0 到 1，越高越好；「编造食材」越低越好。"
    style = _STYLE.read_text(encoding="utf-8")
    return (
        f"{_HEAD}<style>\n{style}</style>\n<h1>微调前后</h1>\n<p>{note}</p>\n"
        f"{_summary(evaluations)}\n{blocks}</html>\n"
    )


def best_of(name: str, rows: Sequence[Figures]) -> float | None:
    """The best value of a measure, if the models differ in it."""
    values = [row[name] for row in rows if name in row]
    if len(values) < 2 or min(values) == max(values):
        return None
    return max(values) if HIGHER_IS_BETTER[name] else min(values)


def _summary(evaluations: Sequence[Evaluation]) -> str:
    rows = [evaluation.means() for evaluation in evaluations]
    names = [name for name in MEASURES if any(name in row for row in rows)]
    head = "".join(f"<th>{escape(evaluation.name)}</th>" for evaluation in evaluations)
    body = "".join(_row(name, rows) for name in names)
    return f"<table><tr><th></th>{head}</tr>{body}</table>"


def _row(name: str, rows: Sequence[Figures]) -> str:
    best = best_of(name, rows)
    cells = "".join(_cell(row.get(name), best) for row in rows)
    return f"<tr><th>{MEASURES[name]}</th>{cells}</tr>"


def _cell(value: float | None, best: float | None) -> str:
    mark = ' class="best"' if value is not None and value == best else ""
    return f"<td{mark}>{'–' if value is None else f'{value:.3f}'}</td>"


def _block(number: int, evaluations: Sequence[Evaluation]) -> str:
    sample = evaluations[0].samples[number]
    about = " · ".join(filter(None, (sample.kind, sample.variant)))
    heads = "".join(f"<th>{escape(name)}</th>" for name in ("参考答案", *(e.name for e in evaluations)))
    cells = [f"<td><pre>{escape(sample.reference)}</pre></td>"]
    for evaluation in evaluations:
        figures = " ".join(f"{MEASURES[k]} {v:.2f}" for k, v in evaluation.figures[number].items())
        answer = escape(evaluation.answers[number])
        cells.append(f"<td><pre>{answer}</pre><small>{escape(figures)}</small></td>")
    return (
        f"<details{' open' if number < 3 else ''}><summary><b>{escape(sample.question)}</b> "
        f"<small>{escape(about)}</small></summary><table><tr>{heads}</tr><tr>{''.join(cells)}</tr></table></details>\n"
    )
