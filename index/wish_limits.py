"""What a query limits: how long it may take, and what must not be in it, with what is left to read."""

from __future__ import annotations

import re

from core.allergens import allergens_of
from index.conditions import Wishes
from index.kinds import kind_called
from index.wish_words import ALLERGEN_GROUPS

_NUMBERS = {
    "半": 0.5,
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
}
NUMBER = "[0-9]{1,3}|[一二三四五六七八九]?十[一二三四五六七八九]?|[半一二两三四五六七八九]"
_TIME = re.compile(
    rf"(?:只有|只需要?|只要|花|在|用)?(?P<n>{NUMBER})个?(?P<half>半)?(?P<unit>分钟|刻钟|小时|钟头)"
    "(?:以内|之内|内|以下|左右|就能|就可以|能|可以|可|之前)*(?:做好|做完|搞定|完成|上桌|出锅|吃上|做的|做|弄好|弄)?(?P<de>的)?"
)
_AND = "(?:和|跟|与|或者|或|及|以及|还有|、|也不要|也不吃|也不放|也不含|不要|不吃)"
_ITEM = "[^的吃做含放加要不没无过敏和跟与或及、，,和有么道个能什怎我他她想只就会]{1,5}?"
_ITEMS = rf"(?P<items>{_ITEM}(?:{_AND}{_ITEM}){{0,5}})"
_END = "(?:一类|之类|类|成分|食材)?(?P<de>的)?(?=$|(?<=的)|餐|吃|做|能|适合|推荐|早|午|晚|甜|主食|下饭|食谱)"
_FREE = re.compile(
    "(?:无|零|免|0)(?P<items>麸质|麦麸|糖|油|蛋|奶|乳糖|辣|盐|花生|坚果|肉|酒精|酒|味精)(?:无|零|免|0)?(?P<de>的)?"
)
_WHO = "(?:我们|我|他|她|孩子|宝宝|家人|家里人|老公|老婆|爸妈|有人|小孩)?"
_ALLERGY = re.compile(
    rf"{_WHO}(?:对)?(?P<items>{_ITEM}(?:{_AND}{_ITEM}){{0,5}})(?:过敏|不耐受?|不耐症)(?:的?人)?(?:能吃|可以吃|吃|适合)?(?P<de>的)?"
)
_WITHOUT = re.compile(
    rf"{_WHO}(?:可以|能|要|最好|想要|都)?(?P<how>不含有?|不放|不加|不要有?|不吃|不带|不能吃|不能有|不想吃|不爱吃|不喜欢吃?|不喝|忌口?|别放|别加|别有|去掉|避开|(?<!有)没有放?)"
    rf"(?:任何|太|那么|一点)?{_ITEMS}{_END}"
)
_NOT_HOT = re.compile(
    "(?:不要|不能|不|别|无|没那么|不太|不用)(?:太|那么|会|放|吃|加)?(?P<how>辣|麻辣)(?:味|椒|一点|点)?(?P<de>的)?"
)
_NOT_TASTE = re.compile("(?:不要|不|别)(?:太|那么)?(?P<how>甜|油腻|油|咸)(?:的(?=.)|的?$)")
_MILD = {"甜": "低糖"}


def limits_of(clause: str) -> tuple[Wishes, str, bool]:
    """Time and exclusions, what is left of the clause, and whether a 的 joins the two."""
    found, joined = Wishes(), False

    def without(match: re.Match[str]) -> str:
        nonlocal found, joined
        groups = match.groupdict()
        items = [item for item in re.split(_AND, groups["items"]) if item]
        strict = groups.get("how") in {None, "不含", "不含有", "不能吃", "不能有"}
        for item in items:
            found |= excluded(item, strict=strict, allergic=match.re is _ALLERGY)
        joined = joined or bool(groups["de"])
        return ""

    def not_hot(match: re.Match[str]) -> str:
        nonlocal found, joined
        found |= Wishes(without=("辣",))
        joined = joined or bool(match["de"])
        return ""

    def not_taste(match: re.Match[str]) -> str:
        nonlocal found
        found |= Wishes(tags=(_MILD.get(match["how"], "清淡"),))
        return ""

    rest = _ALLERGY.sub(without, clause)
    rest = _NOT_HOT.sub(not_hot, rest)
    rest = _NOT_TASTE.sub(not_taste, rest)
    rest = _WITHOUT.sub(without, _FREE.sub(without, rest))
    time = _TIME.search(rest)
    return found | time_limit_of(rest)[0], _TIME.sub("", rest), joined or bool(time and time["de"])


def time_limit_of(text: str) -> tuple[Wishes, str]:
    """How long it may take, the last that is said, and the text without that."""
    times = list(_TIME.finditer(text))
    return Wishes(max_minutes=_minutes(times[-1]) if times else None), _TIME.sub(" ", text)


def excluded(item: str, *, strict: bool, allergic: bool) -> Wishes:
    """What must not be in there: a group of allergens, a kind of food, or the thing of that name."""
    item = item.removesuffix("类")
    groups = ALLERGEN_GROUPS.get(f"{item}类") or ALLERGEN_GROUPS.get(item, ())
    if groups and (
        strict or item in {"花生", "坚果", "麸质", "鸡蛋", "蛋", "牛奶", "奶制品", "乳制品", "芝麻"}
    ):
        return Wishes(free_of=groups)
    kind = kind_called(item) or item
    if allergic:
        return Wishes(without=(kind,), free_of=allergens_of([item]))
    return Wishes(without=(kind,))


def _minutes(match: re.Match[str]) -> int:
    value = value_of(match["n"]) + (0.5 if match["half"] else 0)
    return max(1, round(value * {"分钟": 1, "刻钟": 15}.get(match["unit"], 60)))


def value_of(text: str) -> float:
    """The value of a match of `NUMBER`."""
    if text.isdigit():
        return float(text)
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return _NUMBERS[text]
    return 10 * _NUMBERS.get(tens, 1) + _NUMBERS.get(ones, 0)
