"""How people call ingredients, and which lines of a recipe they mean: 酱油 is 生抽 and 老抽.

A *kind* is a set of words found inside an ingredient's name, and of words that look like it but are
something else (无糖酸奶 is no 糖). What is in no kind is compared as it is: equal, or one contained in
the other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from core.recipe import Ingredient, Recipe
from core.word_table import word_set


@dataclass(frozen=True, slots=True)
class Kind:
    """Names that contain one of `words`, once `lookalikes` are taken out of them."""

    words: tuple[str, ...]
    lookalikes: tuple[str, ...] = ()

    def is_in(self, text: str) -> bool:
        """Whether `text` (a name, or a step of a recipe) speaks of this kind."""
        for lookalike in self.lookalikes:
            text = text.replace(lookalike, "□")
        return any(word in text for word in self.words)


def _kinds(rows: str) -> dict[str, Kind]:
    """Read rows of 「names = words ! lookalikes」; every name stands for the same kind."""
    kinds = {}
    for row in rows.strip().splitlines():
        names, _, rest = row.partition(" = ")
        words, _, lookalikes = rest.partition("!")
        for name in names.split():
            kinds[name] = Kind(tuple(words.split()), tuple(lookalikes.split()))
    return kinds


_KINDS = _kinds("""
盐 食盐 = 盐 ! 无盐 低盐 减盐 椒盐 盐水 盐焗
糖 = 糖 ! 无糖 低糖 耐高糖 糖蒜 棉花糖 糖冬瓜 糖醋 糖葫芦
白糖 白砂糖 砂糖 细砂糖 绵白糖 = 白糖 砂糖 绵糖
酱油 = 酱油 生抽 老抽 豉油 味极鲜 头抽
生抽 = 生抽 味极鲜 头抽 酱油
老抽 = 老抽
蒸鱼豉油 豉油 = 豉油
醋 = 醋 ! 糖醋 醋溜
油 食用油 = 油 ! 酱油 蚝油 豉油 油菜 油条 油麦 油豆腐 油面 油皮 奶油 黄油 牛油果 油浸 油炸 油渣 抽油
植物油 = 食用油 植物油 花生油 玉米油 大豆油 菜籽油 葵花籽油 色拉油 调和油
香油 芝麻油 麻油 = 香油 芝麻油
蚝油 耗油 = 蚝油
奶油 = 奶油 ! 奶油奶酪
黄油 牛油 = 黄油
葱 = 葱 ! 洋葱 干葱 红葱
小葱 香葱 葱花 = 小葱 香葱 葱花
姜 生姜 姜片 姜末 老姜 = 姜 ! 姜黄 南姜 泡姜
蒜 大蒜 蒜头 蒜末 蒜蓉 蒜瓣 = 蒜 ! 蒜苗 蒜苔 蒜薹 青蒜 糖蒜
蒜苗 青蒜 = 蒜苗 青蒜
蒜苔 蒜薹 = 蒜苔 蒜薹
洋葱 圆葱 = 洋葱
香菜 芫荽 = 香菜 芫荽
辣椒 = 辣椒 小米椒 小米辣 尖椒 螺丝椒 泡椒 二荆条 红椒 青椒 杭椒 线椒 剁椒 泡红椒 朝天椒 ! 甜椒 胡椒
辣椒油 红油 = 辣椒油 红油
辣酱 = 辣酱 辣椒酱
花椒 = 花椒 麻椒
胡椒 胡椒粉 = 胡椒
白胡椒 白胡椒粉 = 白胡椒
黑胡椒 = 黑胡椒
青椒 菜椒 = 青椒 菜椒 柿子椒
料酒 黄酒 绍兴酒 花雕 花雕酒 = 料酒 黄酒 绍兴酒 花雕
酒 = 酒 ! 酒酿 酒糟
水 清水 = 清水 热水 温水 开水 凉水 冰水 沸水 饮用水 凉白开 高汤
热水 开水 = 热水 开水 沸水
淀粉 生粉 太白粉 芡粉 = 淀粉 生粉
面粉 = 面粉
酵母 发酵粉 = 酵母
豆瓣酱 郫县豆瓣 郫县豆瓣酱 豆瓣 = 豆瓣酱 郫县豆瓣
豆豉 = 豆豉 ! 豆豉鲮鱼
鸡蛋 = 鸡蛋 蛋液 蛋清 蛋黄 蛋白 ! 咸蛋黄 蛋黄酱 鹌鹑蛋
蛋 = 蛋 ! 蛋挞 蛋黄酱
牛奶 鲜奶 = 牛奶
芝士 奶酪 = 芝士 奶酪
番茄 西红柿 = 番茄 西红柿 ! 番茄酱 番茄膏 番茄沙司
番茄酱 番茄沙司 = 番茄酱 番茄沙司
土豆 马铃薯 洋芋 = 土豆 马铃薯 洋芋 ! 土豆淀粉
红薯 地瓜 番薯 = 红薯 地瓜 番薯 ! 红薯淀粉 红薯粉
花生 花生米 = 花生 ! 花生油
肉 = 肉 里脊 排骨 牛腩 肘 五花 鸡腿 鸡胸 ! 肉桂 肉豆蔻 蒸肉 桂圆肉
猪肉 = 猪肉 五花肉 里脊 梅花肉 猪瘦肉 肉末 肉馅 后腿肉 前腿 ! 牛里脊 牛肉末
牛肉 = 牛肉 牛里脊 牛腩 牛腱 肥牛 牛排 ! 牛肉高汤
羊肉 = 羊肉 羊腿
鸡肉 = 鸡腿 鸡胸 鸡块 三黄鸡 鸡翅 母鸡 公鸡 乌鸡 鸡肉
鸡 = 鸡 ! 鸡蛋 鸡精 鸡汤 鸡高汤
鱼 = 鱼 ! 鱼露 鱼香 豉鱼 鱼汤 木鱼花 蒸鱼
虾 = 虾 ! 虾皮 虾酱
豆腐 = 豆腐 ! 豆腐皮 豆腐乳 油豆腐
木耳 = 木耳
香菇 冬菇 = 香菇 花菇 冬菇
面条 面 = 面条 挂面 拉面 手擀面 碱水面 意大利面 荞麦面 魔芋面 油面
米 大米 = 大米 丝苗米 糯米 粳米
米饭 = 米饭
鸡精 味精 = 鸡精 味精
""")

_MORE_WORDS = word_set("""
冰糖 红糖 蜂蜜 麦芽糖 糖粉 香醋 陈醋 米醋 白醋 八角 大料 桂皮 香叶 草果 孜然 五香粉 十三香 咖喱 咖喱粉 咖喱块
小米椒 小米辣 干辣椒 辣椒面 辣椒粉 花椒粉 泡椒 剁椒 甜面酱 黄豆酱 沙茶酱 海鲜酱 芝麻酱 花生酱 腐乳 南乳 鱼露
味噌 味醂 米酒 白酒 啤酒 红酒 白葡萄酒 可乐 泡打粉 小苏打 吉利丁 淡奶油 炼乳 酸奶 奶粉 椰浆 柠檬 柠檬汁 芝麻
白芝麻 五花肉 里脊 排骨 鸡腿 鸡翅 鸡胸肉 鸭肉 虾仁 胡萝卜 白萝卜 萝卜 黄瓜 茄子 白菜 菠菜 韭菜 芹菜 生菜 豆芽
西兰花 南瓜 冬瓜 莲藕 山药 玉米 金针菇 粉丝 粉条 腐竹 紫菜 海带 枸杞 红枣 高筋面粉 中筋面粉 低筋面粉 糯米粉
玉米淀粉 红薯淀粉 土豆淀粉 木薯淀粉 水淀粉 大葱 葱白 葱段 葱姜 葱姜蒜 料汁 猪油 橄榄油 食材 主料
""")

VOCABULARY = _MORE_WORDS.union(_KINDS)
"""Words that name an ingredient, and no dish."""

_SEASONINGS = word_set("""
盐 食盐 糖 白糖 冰糖 红糖 酱油 生抽 老抽 醋 香醋 陈醋 米醋 白醋 油 食用油 香油 蚝油 葱 小葱 姜 蒜 大蒜 花椒
胡椒 胡椒粉 料酒 水 清水 淀粉 豆瓣酱 豆豉 味精 鸡精 八角 桂皮 香叶 辣椒 干辣椒 小米椒 五香粉 孜然 酵母 黄油
泡打粉 小苏打 香菜
""")
_AND = frozenset("、和跟与及")
_LONGEST_WORD = max(map(len, VOCABULARY))


def is_seasoning(word: str) -> bool:
    """Whether `word` alone asks for an amount rather than for dishes made of it (盐, but not 土豆)."""
    return word in _SEASONINGS


def kind_named(word: str) -> Kind:
    """What `word` stands for; a word in no kind stands for itself."""
    return _KINDS.get(word) or Kind((word,))


def ingredients_called(word: str, recipe: Recipe) -> tuple[Ingredient, ...]:
    """The ingredients that `word` may mean: those of exactly this name first, else all of its kind."""
    if not word:
        return ()
    exact = tuple(i for i in recipe.ingredients if i.name == word)
    if exact:
        return exact
    kind = kind_named(word)
    return tuple(i for i in recipe.ingredients if kind.is_in(i.name) or _is_part(i.name, word))


def steps_about(words: Iterable[str], recipe: Recipe) -> tuple[int, ...]:
    """Numbers (from 1) of the steps that speak of any of `words`."""
    kinds = [kind_named(word) for word in words if word]
    return tuple(n for n, step in enumerate(recipe.steps, 1) if any(kind.is_in(step) for kind in kinds))


def split_ingredient(text: str) -> tuple[str, str]:
    """Split 「红烧肉冰糖」 or 「红烧肉的冰糖」 into what comes before and the ingredient at the end.

    Several ingredients (盐和糖) stay together. A text without a known one at its end is one as a whole.
    """
    before, the, after = text.rpartition("的")
    if the and after:
        return before, after
    for length in range(min(len(text), _LONGEST_WORD), 0, -1):
        rest, word = text[:-length], text[-length:]
        if word in VOCABULARY and len(rest) != 1:
            if rest[-1:] in _AND:
                before, others = split_ingredient(rest[:-1])
                return before, f"{others}{rest[-1]}{word}"
            return rest, word
    return "", text


def split_list(text: str) -> list[str]:
    """The ingredients in 「葱姜蒜」, 「盐和糖」, 「鸡蛋、牛奶」."""
    parts = [part for part in re.split("[、,，和跟与及/ ]+", text) if part]
    if len(parts) == 1 and 2 <= len(text) <= 3 and set(text) <= set("葱姜蒜油盐酱醋糖"):
        return list(text) if text not in VOCABULARY or text in {"葱姜", "葱姜蒜"} else [text]
    return parts


def _is_part(name: str, word: str) -> bool:
    """Whether the ingredient's name ends what was asked for: 豆瓣酱 for 「红油豆瓣酱」."""
    return len(name) >= 2 and word.endswith(name)


TASTES = _kinds("""
辣 = 辣 小米椒 尖椒 螺丝椒 泡椒 泡红椒 二荆条 杭椒 线椒 剁椒 朝天椒 花椒 胡椒 豆瓣酱 红油 咖喱 火锅底料
麻 = 花椒 麻椒 藤椒
盐 = 盐 酱油 生抽 老抽 豉油 味极鲜 豆瓣酱 黄豆酱 甜面酱 豆豉 蚝油 鱼露 味噌 腐乳 南乳 榨菜 虾酱 ! 无盐 低盐
糖 = 糖 蜂蜜 炼乳 味醂 ! 无糖 低糖 耐高糖 糖蒜 棉花糖 糖冬瓜 糖醋
酸 = 醋 柠檬汁 青柠汁 柠檬 酸菜 泡菜 番茄酱 酸豆角 酸笋 ! 柠檬叶
油 = 油 猪肥膘 ! 酱油 蚝油 豉油 油菜 油条 油麦 油豆腐 油面 油皮 奶油 牛油果 油浸 油炸 油渣
""")
"""What makes a dish hot, numbing, salty, rich, sweet or sour."""
