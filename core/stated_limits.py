"""What somebody said in this conversation that they must not or will not eat: later searches keep to it.

「我对花生过敏」 said once, and a recipe with peanuts is offered no more, whatever is asked for next, until
「我对花生不过敏了」 or a new conversation.
"""

from __future__ import annotations

import re

from core.conversation import Conversation
from core.question_text import simplified

_LONGEST_STATEMENT = 200
_MOST_STATED = 6
_LONGEST_QUERY = 100
"""A search looks at a bounded text; what must not be in a dish may never be what it does not see."""
_WHO = "(?:我们家?|我家?|家里人?|孩子|小孩|娃|宝宝|老人|老公|老婆|女儿|儿子|爸妈|客人)"
_THING = "[^，。,.;；!！?？、对吃不的都什么啥哪吗会容易\\s]{1,8}"
_ALLERGIC = re.compile(f"{_WHO}?(?:有人)?对?(?P<thing>{_THING})过敏(?![原源吗了?？]|怎么|的话)")
_NOT_EATEN = re.compile(
    f"{_WHO}(?:从来|都|也)?(?:不吃|不能吃|忌口)(?P<thing>{_THING})(?:的)?(?=$|[，。,.;；!！])"
)
_NOT_A_BIT = re.compile("(?:一点儿?|半点)(?P<thing>[^，。,.;；!！?？、都不\\s]{1,6})都?不(?:能|敢)?[吃沾碰]")
_STATEMENTS = ((_ALLERGIC, "对{}过敏"), (_NOT_EATEN, "不吃{}"), (_NOT_A_BIT, "不吃{}"))
_TAKEN_BACK = re.compile(f"(?:对?(?P<thing>{_THING})不过敏|(?:可以|能|又)吃(?P<eaten>{_THING})了)")
_IS_SOMEBODY = re.compile(f"^(?:{_WHO}|有人|容易|可能)+")


def with_stated_limits(query: str, conversation: Conversation) -> str:
    """`query` with what was stated before added to it as conditions."""
    added = [limit for limit in _stated(conversation).values() if limit not in simplified(query)]
    return "，".join((query[:_LONGEST_QUERY], *added)) if query and added else query


def _stated(conversation: Conversation) -> dict[str, str]:
    """What must not be in a dish, and how that is said, the latest of it."""
    stated: dict[str, str] = {}
    for message in conversation.messages:
        if message.role != "user" or len(message.text) > _LONGEST_STATEMENT:
            continue
        text = simplified(message.text)
        for match in _TAKEN_BACK.finditer(text):
            stated.pop(match["thing"] or match["eaten"], None)
        for pattern, limit in _STATEMENTS:
            for match in pattern.finditer(text):
                if thing := _IS_SOMEBODY.sub("", match["thing"]):
                    stated[thing] = limit.format(thing)
    return dict(list(stated.items())[-_MOST_STATED:])
