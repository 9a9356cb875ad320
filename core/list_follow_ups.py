"""What is said about a list of dishes that was offered: 「换一批」「第二道」「不要牛肉的」「再清淡一点」.

A list is the bot's latest message when it has the question that found it, and no recipe. What is wished
for in addition is said after that question; which dish of it is meant, in the words of `of_list`.
"""

from __future__ import annotations

import re

from core.answering import AnotherDish, Turn, Understanding, WholeRecipe
from core.conversation import Conversation, HistoryMessage
from core.question_text import prepared, simplified
from core.recipe import Recipe

MORE = "换一批"
"""What the button under a list says."""

_LINE = re.compile(r"^([0-9]{1,2})\. 「([^」\n]+)」", re.MULTILINE)
_LONGEST_WISHES = 90
"""A question that has grown longer is not added to any more; what is said then is a question of its own."""
_MORE = re.compile(
    "(?:再|还|另外)?(?:换|来|推荐|给我?看?)(?:一批|一组|几[道个样]|一些|些|点|别的|其他的?|一下|一轮)(?:别的|其他的?)?(?:菜)?"
    "|换一?[道个样种]|下一[批组页]|还有(?:别的|其他的?|呢|没有|吗|哪些)?(?:吗|菜)?|别的呢?|其他的?呢?|都?不(?:喜欢|想吃|要)(?:这些|这几[道个])?|再来(?:几道|一批)?|再?多(?:推荐|来|给我?看)(?:几[个道样种]|一些|些|点)(?:菜)?"
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


_ADDS = re.compile(
    "(?:也|都|还|但|那|最好|就|只|必须|得|别|不|没)*(?:想?要|带|有|含|用|能|可以|适合|给|弄|做|放|加|配|少|多|更|来|家里|冰箱里)[^,，]{1,14}"
    "(?:的|口味?|类|种|行|就好|最好|有没有|有吗|没有)"
    "|[^,，]{1,14}(?:的|口味?|那种|那类|风味)(?:最好|就行|就好|也行|都行|优先|有没有|有吗|有么)?"
    "|(?:还|也|另外|家里|冰箱里?)+(?:有|剩|买了|想用|要用)[^什啥哪]{1,10}|[^什啥哪]{1,6}也有[,，]?[^什啥哪]{0,6}"
    "|(?:也|最好|要|必须|得|一定)+(?:要|有|带|含|放|加)+[^什啥哪]{1,8}"
    "|(?:家里|我们?)?(?:孩子|小孩|宝宝|娃|老人|爸妈|老婆|老公|女儿|儿子|客人).{0,6}(?:吃|在家|喝|怕|不).{0,8}"
    "|(?:炒|煮|炖|蒸|烤|煎|炸|拌|做)[个点]?(?:什么|啥|哪[个道])(?:菜|好)*|[0-9一二两三四五六七八九十半]+个?(?:分钟|小时|刻钟).{0,8}"
    "|.{0,6}(?:清淡|爽口|下饭|开胃|快手|简单|省事|酸甜|酸辣|麻辣|香辣|凉|冰|热乎)(?:一?点儿?|一?些|的|口味?|就行|就好|最好){0,2}"
)
"""What adds to a wish, for all that its form tells: 「爽口一点的」「里面要有虾」「还有半个南瓜」."""
_LONGEST_ADDITION = 20
_WHICH = re.compile(
    "(?:那?都?有(?:哪些|什么|啥|哪几[道样个])(?:推荐|好吃的|菜|可以?做的)?|(?:给我?)?(?:推荐|介绍|说)(?:几|一)[个道样](?:菜)?)"
)
_ASKED_WHETHER = re.compile(
    "^(?:也|都|那|但|就|最好是?|必须|一定)+|(?:有没有|有吗|就行|就好|也行|都行|优先|最好)$"
)
_WITH = re.compile(
    "(?:要|想)?(?:带|有|含|还有|也有|用)(?:[0-9一二两三四五六七八九十半几]+[个只根片斤两克块条颗把盒包]?)?(?P<food>[^的什啥哪,，]{1,6}?)(?:做)?的?"
)
_NOT_WITH = re.compile("(?:别|不要|不能|别太)[弄做整放加吃有]?(?P<food>[^的什啥哪,，]{1,6}?)的?")
_AT_HOME = re.compile("家里|冰箱|买了|剩|手[头边上]|^(?:我|只)?有[^什啥哪]")
_WISHING = re.compile(
    "^(?:今天|今晚|晚上|中午|早上|晚饭|午饭|我|我们)*(?:想|要)?(?:做|吃|喝|来|弄)?[个条碗点份道些]?"
)
_TASTE_OF = re.compile("(?:口味?|味道?|那种|那类)的?$|的(?:那种|那类)$")
_IN_TIME = re.compile(
    "^(?P<time>[0-9一二两三四五六七八九十半]+个?(?:分钟|小时|刻钟))(?:[以之]?内)?(?:能|就|可以|搞|做|弄|好|得|定|出锅|上桌|的)+$"
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


def refined(query: str, text: str) -> str:
    """The question `query` with the wish `text` added, in the words that a search reads best."""
    if _WHICH.fullmatch(text):
        return f"{_WISHING.sub('', query)}有哪些"
    at_home = _AT_HOME.search(query) is not None
    added = (_plain_wish(clause, at_home=at_home) for clause in re.split("[,，]", text))
    return "，".join((query.rstrip("。？?！! "), *filter(None, added)))


def _plain_wish(clause: str, *, at_home: bool) -> str:
    """「带蘑菇的吧」 as 「要有蘑菇的」, or 「还有蘑菇」 where the question says what is at home."""
    wish = _ASKED_WHETHER.sub("", clause)
    if (food := _WITH.fullmatch(wish)) is not None:
        return f"还有{food['food']}" if at_home else f"要有{food['food']}的"
    if (food := _NOT_WITH.fullmatch(wish)) is not None:
        return f"不要{food['food']}的"
    return _IN_TIME.sub(r"\g<time>以内的", _TASTE_OF.sub("的", wish))


def adds_to_wish(text: str) -> bool:
    """Whether `text`, prepared for the rules, has the form of something wished for in addition."""
    if len(text) > _LONGEST_ADDITION:
        return False
    return _ADDS.fullmatch(text) is not None or _WHICH.fullmatch(text) is not None


def open_wish(conversation: Conversation) -> str:
    """The question that an addition goes on from, or "".

    It found a list, or a dish that it does not name, or nothing at all so that it may be said more closely.
    """
    messages, asked = conversation.messages, ""
    for n, answer in reversed(list(enumerate(messages))):
        if answer.role != "assistant":
            continue
        asked = next((m.text for m in reversed(messages[:n]) if m.role == "user"), "")
        said = prepared(asked)
        if answer.recipe is not None:
            is_open = (answer.query in asked or asked in answer.query) and not _names_it(
                answer.query, answer.recipe
            )
            return _if_short(answer.query) if is_open else ""
        if answer.query or not adds_to_wish(said):  # What adds to a wish and was refused is forgotten.
            return _if_short(answer.query or said)
    return _if_short(prepared(asked))


def _if_short(query: str) -> str:
    return query if len(query) + _LONGEST_ADDITION <= _LONGEST_WISHES else ""


def _names_it(question: str, recipe: Recipe) -> bool:
    said = simplified(question)
    return any(simplified(name) in said for name in (recipe.name, *recipe.aliases))


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
        return Understanding(WholeRecipe(), query=refined(latest.query, text))
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
