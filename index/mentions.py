"""Names of dishes in the middle of a sentence: 「老公非要吃煎牛排，怎么煎啊，几分熟才好」 → 煎牛排.

People tell a story around a dish, and little of the story is in the dish's name; compared as a whole, the two
are unlike. What a form ends with (a title has its decoration in front) and the sentence has letter by letter,
between words that no name goes on with, is what the sentence is about, if it asks how to cook at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from index.latin import in_chinese
from index.subjects import MAX_QUERY_CHARACTERS, other_purpose_of
from index.synonyms import canonical_spelling
from index.text import MARKS, simplify, strip_shell
from index.wish_words import TOKENS

MAX_MENTIONS = 4
_FOODS = frozenset(canonical_spelling(word) for word, (kind, _) in TOKENS.items() if kind == "food")
"""What a title ends with may be what the dish is made of: 「白菜」 of 「醋溜白菜」 is no dish."""
_MIN_CHARACTERS = 2

_MANNERS = "做煮炒烧烤蒸炖煎炸煲焖卤拌腌包泡熬烙摊搓打擀酿炝焯涮灌"
_HOW = (
    "(?:怎么|怎样|咋样?|如何|点样|哪能)(?!样了|保存|存放|储存|冷藏|解冻|挑|选|洗|养|种|读|念|写|画|译|说|称呼"
    "|那么|这么|又|还|没|卖|买|去|走|退|订|点餐|来的|评价|形容|用英)"
)
_WANTS = (
    "想(?:给|帮|为|跟|要|学|在家|自己|亲手|试|尝|再|也|着)?.{0,6}[吃喝学整弄搞来酱M]|[馋求教]|想念|怀念|要[做吃喝]"
    "|[会打学]算?着?[整弄搞M]|自己[整弄搞M]|自制|在家|露一手|[来整弄搞]一?[点个道碗锅份盘下]|[做打算]上?[个道]|复刻"
    "|咋(?=[个整弄搞M])|点(?=[整M])|搜一?下|找找|可唔可以整"
).replace("M", _MANNERS)
_SPEAKS_OF_COOKING = (
    "做法|方子|配方|步骤|菜谱|食谱|教程|教学|诀窍|窍门|秘诀|攻略|流程|越详细|原因|(?:为啥|为什么).{0,4}我|我[^，,]{0,12}(?:为啥|为什么)|救命|补救|失败"
    "|几耐|多久|几分钟|多长时间|放多少|火候"
)
_ASKS = re.compile(f"{_HOW}|{_WANTS}|{_SPEAKS_OF_COOKING}")
_REFUSES = re.compile("[不别没勿戒](?:想|要|爱|喜欢|能|会)?再?[吃喝做来给放点]?$")

_BEFORE = re.compile(
    "(?:[的个道碗锅盘份只条款种顿块把给拿用我你他她它这那些下做弄整搞吃喝来上点学教会想要馋叨念说问求搓包熬煲泡带买是有家己样次回桌壶杯口于拌"
    "嘛呢啊吧了着过一儿爱从对手和跟与同]"
    "|请教|正宗|传统|家常|地道|好吃|简单|自制|复刻|关于|推荐|打算|准备|长沙|四川|重庆|广东|东北|北京"
    "|(?:[想要会来我你他她去在么何样能天起始试算帮给末里再先妈爸婆公儿]|块儿|自己|一下|试着|过年|吃不完)"
    f"[{_MANNERS}])$"
)
"""What a name may follow in a sentence, as no part of it."""
_GOES_ON = re.compile(
    "[饭面粉汤饼包煲锅粥卷饺丁丝片块条酱肉鸡鸭鹅鱼虾蟹蛋糕羹丸串排翅爪腿心肝肚筋皮头尾菜豆腐茄瓜菇笋藕薯芋米馍馒馄饨饮茶奶酪冰沙派挞"
    "酥粿粑糖果干盖拼店馆机器节猪牛羊骨筒仔煮炒烧烤蒸炖煎炸焖卤拌]"
)
_STOPS = re.compile(
    f"[{_MANNERS}](?:[的了着得出好多几到]|.{{0,2}}[怎咋吗])|头[天一几]|面[和揉]|家[里常]|干[嘛啥什]"
)
"""What goes on with a name so that it is another, and what only looks like it."""


def mentioned(query: str, forms: Iterable[str]) -> list[str]:
    """Dishes that `query` asks to cook, by what `forms` end with: the longest first, `MAX_MENTIONS` at most.

    Args:
        query: as it was typed.
        forms: names in `index.synonyms.canonical_spelling`.
    """
    question = canonical_spelling(in_chinese(simplify(query[:MAX_QUERY_CHARACTERS])))
    if _ASKS.search(question) is None or other_purpose_of(question):
        return []
    found: dict[str, None] = {}
    for form in set(forms):
        for start in range(len(form) - _MIN_CHARACTERS + 1):
            name = form[start:]
            if start and name in _FOODS:
                break
            if _is_word_in(question, name):
                found[name] = None
                break
    names = sorted(found, key=lambda name: (-len(name), name))
    return [name for place, name in enumerate(names) if not any(name in longer for longer in names[:place])][
        :MAX_MENTIONS
    ]


def _is_word_in(question: str, name: str) -> bool:
    """Whether `name` stands in `question` as a word of its own."""
    place = question.find(name)
    while place >= 0:
        before, after = question[:place], question[place + len(name) :]
        begins = not before or MARKS.match(before[-1]) or _BEFORE.search(before)
        ends = not after or not _GOES_ON.match(after) or _STOPS.match(after)
        if begins and ends and not _REFUSES.search(before):
            return strip_shell(name) == name
        place = question.find(name, place + 1)
    return False
