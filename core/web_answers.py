"""When the recipes do not know a dish: whether to look on the web, for what, and how its pages are cited.

Nothing of a page is taken for a recipe: its title and address are named, and the reader judges.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import urlsplit

from core.messages import Button
from core.question_text import simplified
from core.web_ports import WebPage

_ASKS_HOW = re.compile(
    r"(?:怎么|怎样|如何|咋)(?:才能|能)?(?:做|弄|烧|炒|煮|蒸|炖|烤|煎|炸|熬|煲|焖|卤|拌|腌|包)[^，。？?！!]{0,8}"
    r"|的?(?:家常|正宗|详细|具体)?(?:做法|作法|菜谱|食谱|配方|教程)(?:是什么|有哪些)?"
)
_ON_THE_WEB = re.compile(
    r"^(?:请|帮我|给我|你)*(?:去|到)?(?:上网|在?网上)(?:找找|找|搜搜|搜索|搜|查查|查)?(?:一下|看看)?"
)
_AROUND = re.compile(
    r"^(?:请问|请|你好|帮我|我?想(?:知道|学|做|吃)|教我做?|一下)+|[呢啊吗吧呀？?。！!，,\s]+$"
)
_LONGEST_SUBJECT = 20
_LONGEST_DISH = 12
_HAN = re.compile("[\u3400-\u9fff]{2,}")


def web_query(question: str) -> str:
    """What to ask search engines for `question`, or "" when it does not ask how a dish is made.

    The dish alone leaves the house, not the sentence around it.
    """
    text = simplified(question)
    if not (_ASKS_HOW.search(text) or _ON_THE_WEB.search(text)):
        return ""
    subject = _AROUND.sub("", _ASKS_HOW.sub("", _ON_THE_WEB.sub("", _AROUND.sub("", text))))
    is_dish = 2 <= len(subject) <= _LONGEST_SUBJECT and subject.isprintable()
    return f"{subject} 做法" if is_dish else ""


def web_button(question: str) -> tuple[Button, ...]:
    """Offers to look on the web for what may be a dish, although the question did not say so."""
    name = simplified(question).strip(" 。？?！!")
    if len(name) > _LONGEST_DISH or not _HAN.fullmatch(name):
        return ()
    return (Button("上网找找", f"上网找{name}的做法"),)


def web_text(query: str, pages: Sequence[WebPage]) -> str:
    """The answer that only cites `pages`."""
    dish = query.removesuffix(" 做法")
    lines = [f"我的菜谱里没有「{dish}」。网上有这些，我没有核对过，内容以原网页为准：", *source_lines(pages)]
    return "\n".join(lines)


def source_lines(pages: Sequence[WebPage]) -> list[str]:
    """The pages, numbered: title, host, address."""
    return [
        f"[{number}] {page.title}（{urlsplit(page.address).hostname}）\n{page.address}"
        for number, page in enumerate(pages, 1)
    ]
