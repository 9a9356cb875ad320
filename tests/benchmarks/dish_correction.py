"""Correcting misheard names among very many: time, memory and how often the right one is found.

Run as:
    python -m tests.benchmarks.dish_correction --names 1000000 --questions 200
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import time
from itertools import product

import numpy as np

from index.spoken_calibrate import Mishearing
from index.spoken_confidence import load_confidence
from index.spoken_names import SpokenNames

_WAYS = (
    "红烧 清蒸 糖醋 酸辣 麻辣 葱爆 干锅 水煮 蒜蓉 凉拌 香煎 油焖 鱼香 宫保 孜然 咖喱 椒盐 白灼 家常 "
    "爆炒 酱香 剁椒 泡椒 黑椒 茄汁 蚝油"
)
_MAINS = (
    "牛肉 排骨 鸡翅 鲈鱼 豆腐 茄子 土豆 虾仁 五花肉 羊肉 鸭腿 鱿鱼 带鱼 花蛤 牛腩 里脊 肥肠 香菇 金针菇 "
    "莲藕 冬瓜 白菜 豆角 西兰花 鸡胸肉"
)
_WITH = "炒 烧 炖 焖 拌 蒸 煮 配 烩 煲"
_KINDS = ("", "丝", "片", "丁", "块", "汤", "粥", "面", "饭", "煲", "饼", "卷", "丸", "羹", "锅", "串")


def synthetic_names(count: int) -> list[str]:
    """`count` different names of four to nine characters, made of ways, ingredients and kinds."""
    every = (
        "".join(parts)
        for parts in product(*(words.split() for words in (_WAYS, _MAINS, _WITH, _MAINS)), _KINDS)
    )
    names = list(dict.fromkeys(every))
    if len(names) < count:
        raise SystemExit(f"at most {len(names)} names can be made")
    return random.Random(1).sample(names, count)  # noqa: S311 - reproducible


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--names", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=200)
    options = parser.parse_args()
    names = synthetic_names(options.names)
    before, start = _resident_mb(), time.perf_counter()
    known = SpokenNames(names, load_confidence())
    built, after = time.perf_counter() - start, _resident_mb()
    chance = random.Random(2)  # noqa: S311 - reproducible
    mishearing = Mishearing(names[:2000], chance)
    wall, processor, right = [], [], 0
    for _ in range(options.questions):
        name = chance.choice(names)
        heard = mishearing.of(f"{name}怎么做", 0.3)
        began, began_cpu = time.perf_counter(), time.process_time()
        right += known.correct_now(heard).dish == name
        wall.append(time.perf_counter() - began)
        processor.append(time.process_time() - began_cpu)
    figures = {
        "names": len(known),
        "build_seconds": round(built, 2),
        "memory_mb": round(after - before),
        "right": round(right / options.questions, 3),
        "p50_ms": _milliseconds(wall, 50),
        "p99_ms": _milliseconds(wall, 99),
        "cpu_p50_ms": _milliseconds(processor, 50),
        "cpu_p99_ms": _milliseconds(processor, 99),
    }
    print(json.dumps(figures))


def _milliseconds(seconds: list[float], percentile: int) -> float:
    return round(float(np.percentile(seconds, percentile)) * 1000, 1)


def _resident_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
