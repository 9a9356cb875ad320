"""Small corpora in each format, written by tests."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def own_row(name: str, **more: Any) -> dict[str, Any]:
    """A row of our own JSONL."""
    return {
        "name": name,
        "ingredients": [{"name": "鸡蛋", "amount": "2个"}, {"name": "盐", "amount": "2克"}],
        "steps": ["鸡蛋打散。", "中火炒1分钟。"],
        "source": "测试",
    } | more


def xiachufang_row(name: str, **more: Any) -> dict[str, Any]:
    """A row as in the XiaChuFang corpus."""
    return {
        "name": name,
        "dish": "Unknown",
        "description": "",
        "recipeIngredient": ["2个鸡蛋", "5克盐"],
        "recipeInstructions": ["打散", "炒熟"],
        "author": "author_1",
        "keywords": [],
    } | more


def xtuner_sample(name: str, ingredients: object = None, steps: object = None) -> dict[str, Any]:
    """A sample as in XTuner's JSON."""
    shown = ["2个鸡蛋", "5克盐"] if ingredients is None else ingredients
    done = ["打散", "炒熟"] if steps is None else steps
    output = f"您好，{name}的食材：\n{shown}\n接下来是制作：\n{done}"
    return {"conversation": [{"system": "你是厨师", "input": f"{name}的做法", "output": output}]}


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any] | str]) -> Path:
    """Write rows; a text is written as it stands."""
    lines = [row if isinstance(row, str) else json.dumps(row, ensure_ascii=False) for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def write_json(path: Path, value: object) -> Path:
    """Write one JSON value."""
    path.write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    return path


HOWTOCOOK_PAGE = """# 水煮蛋的做法

![成品](./egg.jpg)

预估烹饪难度：★★

## 必备原料和工具

- 鸡蛋
- 锅

## 计算

- 鸡蛋 2 个
- 水 500 毫升

## 操作

- 水烧开。
  - 放鸡蛋，[转](https://example.invalid/)**小火**。
- 煮 8 分钟。

## 附加内容

- 冷水冲一下好剥壳。

如果您遵循本指南的制作流程而发现有问题或可以改进的流程，请提出 Issue 或 Pull request 。
"""


def write_howtocook(folder: Path) -> Path:
    """A folder as HowToCook keeps it: `dishes`-like categories with a page each, and a README."""
    (folder / "breakfast").mkdir(parents=True)
    (folder / "breakfast" / "水煮蛋.md").write_text(HOWTOCOOK_PAGE, encoding="utf-8")
    (folder / "README.md").write_text("# 程序员做饭指南\n", encoding="utf-8")
    return folder
