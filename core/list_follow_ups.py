"""What is said about a list of dishes that was offered: 「换一批」「第二道」「不要牛肉的」「再清淡一点」.

A list is the bot's latest message when it has the question that found it, and no recipe. What is wished
for in addition is said after that question; which dish of it is meant, in the words of `of_list`.
"""

from __future__ import annotations

import re

from core.answering import AnotherDish, Turn, Understanding, WholeRecipe
from core.conversation import Conversation, HistoryMessage
from core.question_text import prepared

MORE = "换一批"
"""What the button under a list says."""

_LINE = re.compile(r"^([0-9]{1,2})\. 「([^」\n]+)」", re.MULTILINE)
_LONGEST_WISHES = 90
"""A question that has grown longer is not added to any more; what is said then is a question of its own."""
_MORE = re.compile(
    "(?:再|还|另外)?(?:换|来|推荐|给我?看?)(?:一批|一组|几[道个样]|一些|些|点|别的|其他的?|一下|一轮)(?:别的|其他的?)?(?:菜)?"
    "|换一?[道个样种]|下一[批组页]|还有(?:别的|其他的?|呢|没有|吗|哪些)?(?:吗|菜)?|别的呢?|其他的?呢?|都?不(?:喜欢|想吃|要)(?:这些|这几[道个])?|再来(?:几道|一批)?"
)
_ANY_TIME = re.compile("(?:再|还)?换一[批组]|再来一批|下一批")
_PICK = re.compile(
    "(?:就|要|选|来|做|看|我要|我选|看看)*第?(?P<n>[0-9]{1,2}|[一二两三四五六七八九十])(?:道菜?|个菜?|号|种)?(?:菜|吧|怎么做|的?做法)*"
)
_REFINES = re.compile(
    "(?:也|都|还|但|要)?(?:不要|不吃|不放|不加|不含|不想吃|别放|别有|去掉|别太|不能有|没有|无)[^的吗怎么办]{1,10}(?:的菜?)?"
    "|(?:我|孩子|宝宝|家人)?对?[^，。怎什]{1,8}过敏(?:的)?"
    "|(?:再|更|要|想要|想吃|来点|换点|换个|换成|有没有|最好|能不能|可以)*(?:不[太要那么]*)?"
    "(?:清淡|辣|麻辣|酸|甜|酸甜|下饭|快手?|简单|素|荤|凉|热乎|家常|便宜|营养|软烂|开胃|减脂|低脂)(?:一?点儿?|一?些|的)+(?:菜|吗)?"
    "|(?:要|最好|只有|能在)?[0-9一二两三四五六七八九十半]{1,3}个?(?:分钟|小时|刻钟)(?:以内|之内|内|能做好|就能做)*的?"
    "|(?:要|最好|再|只要|换成)?有[^，。什怎没]{1,6}的"
)


def line_of_list(number: int, name: str, facts: str) -> str:
    """A line of a list, so that `about_list` can read the name in it."""
    return f"{number}. 「{name}」{facts}"


def of_list(query: str, name: str) -> str:
    """The question for a dish of the list that `query` found: what must not be in it still counts."""
    return f"{query}里的「{name}」"


def lists_shown(conversation: Conversation, query: str) -> int:
    """How many dishes the lists for `query` have offered in this conversation."""
    return sum(len(_names(m)) for m in conversation.messages if _is_list(m) and m.query == query)


def may_be_about_list(words: str) -> bool:
    """Whether `words` would say something about a list, were one offered."""
    text = prepared(words)
    return any(pattern.fullmatch(text) is not None for pattern in (_MORE, _REFINES, _PICK))


def about_list(turn: Turn) -> Understanding | None:
    """What a turn says about the list that was offered last; None when it is about something else."""
    text = prepared(turn.question)
    answers = [m for m in turn.conversation.messages if m.role == "assistant"]
    latest = next(filter(_is_list, reversed(answers)), None)
    if not text or latest is None:
        return None
    is_open = latest is answers[-1]
    if (_MORE if is_open else _ANY_TIME).fullmatch(text):
        return Understanding(AnotherDish(), query=latest.query)
    if not is_open:
        return None
    # 「没有别的了」 belongs to a list as well; what can be picked is what was named last.
    named = next((m for m in reversed(answers) if m.query == latest.query and _names(m)), latest)
    return _about(text, latest, named)


def _about(text: str, latest: HistoryMessage, named: HistoryMessage) -> Understanding | None:
    if name := _picked(text, named):
        return Understanding(WholeRecipe(), query=of_list(latest.query, name))
    if _REFINES.fullmatch(text) and len(latest.query) + len(text) <= _LONGEST_WISHES:
        return Understanding(WholeRecipe(), query=f"{latest.query.rstrip('。？?！! ')}，{text}")
    return None


def _is_list(message: HistoryMessage) -> bool:
    return message.role == "assistant" and message.recipe is None and bool(message.query)


def _names(message: HistoryMessage) -> dict[int, str]:
    return {int(number): name for number, name in _LINE.findall(message.text)}


def _picked(text: str, offered: HistoryMessage) -> str:
    """The name that was picked, by its number or by itself; "" for none."""
    names = _names(offered)
    by_number = _PICK.fullmatch(text)
    if by_number is not None:
        number = by_number["n"]
        return names.get(int(number) if number.isdigit() else _DIGITS.get(number, 0), "")
    said = re.sub("^(?:我?想吃|我?要|来个?|做|就做?)|(?:怎么做|的?做法|吧)$", "", text)
    return next((name for name in names.values() if prepared(name) == said), "")


_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九十")} | {"两": 2}
