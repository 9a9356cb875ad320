"""Kinds of food: what a recipe touches at all (to leave it out), and what it is made of (to find it).

Two questions that need two tables. Whoever wants no beef wants no beef tallow either, wherever it is
mentioned: `kinds_in` is wide. Whoever has beef at home cannot cook what asks for beef stock:
`ingredient_terms` is narrow.
"""

from __future__ import annotations

import re
from functools import lru_cache

from core.word_table import WordTable
from index.synonyms import spellings_of_word
from index.text import key_of, simplify

# Wide: every word that may mean the kind, in Simplified script. 肉 is any meat, 水产 what lives in water.
_WIDE = """
牛肉 肉: 牛肉末 牛肉沫 牛肉碎 牛肉丝 牛肉片 牛肉馅 牛里脊 牛里肌 牛排骨 牛肉丸 牛筒骨 牛棒骨 牛龙骨
牛肉 肉: 牛小排 牛大肠 牛肉松 牛肉肠 牛前腿 牛后腿 牛瘦肉
羊肉 肉: 羊肉末 羊肉碎 羊肉丝 羊肉片 羊肉馅 羊里脊 羊排骨 羊肉丸 羊蹄 羊龙骨 羊前腿 羊后腿 羊瘦肉
鸡肉 肉: 鸡肉末 鸡肉碎 鸡肉丝 鸡肉片 鸡肉馅 鸡里脊 鸡里肌 鸡肉丸 鸡肉肠 鸡肉松 鸡大排 鸡叉烧 鸡香肠
鸭肉 肉: 鸭肉末 鸭肉丝 鸭肉片 鸭肉肠
鱼 水产: 鱼肉末 鱼肉片 鱼肉馅 鱼肉松 鱼肉肠 鱼香肠 鱼排骨
虾 水产: 虾肉馅 虾肉丸 虾肉肠
牛肉 肉: 牛 肥牛 菲力 西冷 肉眼 战斧 雪花肉
羊肉 肉: 羊
猪肉 肉: 猪 五花 里脊 里肌 排骨 肋排 小排 大排 腔骨 棒骨 筒骨 扇骨 龙骨 肘 蹄 肥肠 大肠 腰花 肉末 肉沫
猪肉 肉: 肉馅 肉糜 肉碎 肉丝 肉片
猪肉 肉: 梅花肉 前腿 后腿 前尖 瘦肉 肥肉 肥膘 白肉 扣肉 腊肉 腊肠 香肠 烤肠 热狗 培根 火腿 午餐肉 叉烧
猪肉 肉: 肉松 肉皮 小酥肉 肉丸 狮子头
猪肉 肉: 猪油 蹄髈 蹄膀 梅肉 夹心肉 云腿 咸肉 熏肉 腊味 回锅肉 红烧肉 贡丸 肉燥 肉臊 大油 荤油 油渣
鸡肉 肉: 鸡 凤爪 翅中 翅根 翅尖 琵琶腿 大盘鸡
鸭肉 肉: 鸭
鹅肉 肉: 鹅
内脏 肉: 肝 腰花 腰子 猪肚 牛肚 羊肚 毛肚 百叶肚 金钱肚 肥肠 大肠 小肠 鸡胗 鸭胗 胗 郡肝 肫 鸭肠 鹅肠
内脏 肉: 黄喉 脑花 猪肺 猪心 鸡心 杂碎
肉: 肉 荤 兔 鹿 驴 鸽 鹌鹑 蛙 田鸡 蹄筋 骨汤 骨头 高汤 腩 排骨 血旺 鸭血
无: 肉桂 肉蔻 肉豆蔻 果肉 桂圆肉 龙眼肉 椰肉 椰子肉 枣肉 素肉 肉苁蓉 南瓜肉 芒果肉 百香果肉 柚子肉 柠檬肉
无: 橙肉 菌肉 番茄肉 苹果肉
奶: 牛奶 牛乳 羊奶 酸牛奶 山羊奶 牛初乳
无: 牛油果 牛蒡 牛至 牛肝菌 牛轧 牛角包 牛角面包 蜗牛 牛皮纸 牛皮菜 牛心菜 牛膝 牛奶枣 蓝牛 牛舌酥 牛舌饼
无: 羊乳 羊栖菜 羊角 羊羹 羊肚菌 羊肚菇 羊角蜜 羊角椒 羊角面包 淫羊藿
鸡蛋: 鸡蛋 鸭蛋 咸鸭蛋 鹅蛋 鸽蛋 鸽子蛋 鹌鹑蛋
无: 鸡毛菜 鸡枞 鸡腿菇 鸡头米 鸡油菌 鸡蛋果 鸡蛋花 鸡内金 鸡尾酒 鸡血藤 鸡冠花 鸡心果 鸡屎藤 鸡骨草
无: 猪猪 小猪 猪笼草 鸭梨 鸭舌草 鹅黄 鹅毛 排骨酱 蹄形 马蹄 马蹄粉 心肝宝贝 火腿菇
无: 素火腿 素鸡 素鸭 素鹅 素肠 素排骨 素肉松 素牛肉 素什锦
鱼 水产: 鱼 鳕 鲈 鲑 鳟 鲤 鲫 鳜 鲳 鳊 鲶 鲇 鲢 鳙 鲷 鳗 鳝 鲅 鲭 鲱 鲣 鳀 鲟 鲮 龙利 巴沙 石斑 三文鱼
鱼 水产: 花胶 木鱼花 柴鱼 出汁 味噌汤 关东煮
虾 水产: 虾 海米 开洋 金钩
蟹 水产: 蟹
贝 水产: 贝 蛤 蚬 蛏 蚝 蛎 瑶柱 带子 淡菜 花甲 青口 螺 鲍 扇贝 海瓜子 耗油
鱿鱼 水产: 鱿 墨鱼 墨斗 章鱼 八爪鱼 乌贼 花枝
水产: 海鲜 海参 海蜇 海胆 海肠 甲鱼 水产 河鲜 佛跳墙 海味 xo酱 鱼露 冬阴功 沙茶
无: 鱼香 鱼腥草 娃娃菜 蟹味菇 鲍菇 杏鲍菇 鲍鱼菇 海鲜菇 贝贝南瓜 川贝 贝母 宝贝 贝果 贝壳面 小鱼干形 螺旋
无: 螺丝 螺蛳椒 雪蛤 贝柱菇 虾夷葱
无: 素蚝油 香菇蚝油 素鱼 素虾
鸡蛋: 蛋
无: 蛋白质 蛋白粉 蛋黄果 打蛋器 打蛋盆 蛋抽
辣: 辣 小米椒 小米辣 尖椒 螺丝椒 泡椒 二荆条 杭椒 线椒 剁椒 朝天椒 美人椒 干椒 红椒 椒丝 椒圈 野山椒
辣: 灯笼椒干 红油 豆瓣酱 郫县豆瓣
辣: 豆瓣 老干妈 火锅底料 麻辣 香锅 芥末 咖喱 咖哩 泡菜 七味 冬阴功 韩式酱 韩国酱 叁巴 是拉差 tabasco
辣: 豆豉酱 川味 水煮鱼 水煮肉
无: 不辣 无辣 不用辣 免辣 零辣 不吃辣 甜椒 彩椒 红彩椒 红甜椒 青红彩椒 蚕豆瓣 豆瓣菜
花椒: 花椒 麻椒 藤椒 麻辣 椒麻 川味
胡椒: 胡椒 黑椒
葱: 葱
无: 洋葱
洋葱: 洋葱 圆葱 葱头
蒜: 蒜
姜: 姜
无: 姜黄粉
香菜: 香菜 芫荽 胡荽
糖: 糖 蜂蜜 蜜 炼乳 炼奶 甜酒酿 可乐 雪碧 果酱
无: 无糖 零糖 0糖 代糖 赤藓糖醇 木糖醇 糖尿 不放糖 不加糖 蜜瓜 哈密瓜 蜜桃 蜜桔 蜜柚 水蜜桃 蜜薯 糖蒜
无: 0卡糖 零卡糖 低聚糖 罗汉果糖 控糖 蜜豆
蜂蜜: 蜂蜜 蜜糖 槐花蜜 蜜汁
油: 油 黄油
无: 酱油 蚝油 耗油 豉油 油菜 油麦菜 无油 免油 不放油 零油 少油 吸油纸 油纸 牛油果 奶油生菜 奶油白菜 吸油
无: 抽油烟机 油烟 甘油 沥油
盐: 盐 酱油 生抽 老抽
无: 无盐 不放盐 不加盐 零盐 无盐黄油
味精: 味精 鸡精 鸡粉 蘑菇精 味素 松茸鲜
酒: 酒 花雕 女儿红 加饭 威士忌 朗姆 伏特加 清酒 味醂 醉虾 醉蟹 醉鸡
无: 下酒 酒店 酒楼 酒曲 酒窝 酒席
奶: 奶 黄油 芝士 乳酪 奶酪 起司 淡奶油 炼乳 酸奶 马苏里拉
无: 椰奶 奶白 豆奶 奶奶 燕麦奶 杏仁奶 奶锅 奶油生菜 奶油南瓜
生食: 生腌 刺身 溏心 生鱼片 醉虾 醉蟹 生蚝刺身 流心蛋 无菌蛋
咖啡因: 咖啡 浓茶 红茶 绿茶 抹茶 奶茶 可可 巧克力
豆制品: 豆腐 豆浆 豆干 豆皮 腐竹 千张 百叶 香干 豆花 豆泡 素鸡
坚果: 坚果 核桃 腰果 杏仁 榛 开心果 松子 松仁 巴旦木 碧根果 夏威夷果
油: 大油 荤油 油渣 猪油 红油
奶: 奶茶 炼奶 炼乳
鸡蛋: 无菌蛋 流心蛋
鱼 水产: 生鱼片 水煮鱼 鱼露 冬阴功 佛跳墙 xo酱 沙茶
虾 水产: 醉虾 冬阴功 xo酱 沙茶
蟹 水产: 醉蟹
贝 水产: 生蚝刺身 xo酱 佛跳墙
鸡肉 肉: 醉鸡 鸡精 鸡粉 鸡心 鸡胗
糖: 蜂蜜 蜜糖 蜜汁 槐花蜜
酒: 甜酒酿
肉: 水煮肉
猪肉 肉: 水煮肉 猪心 猪肚 猪肺 蹄筋
牛肉 肉: 牛肚 毛肚 百叶肚 金钱肚 蹄筋
内脏: 牛大肠
贝 水产: 蚝油 耗油
油 奶: 无盐黄油
酒: 鸡尾酒
鸡蛋: 蛋白粉
奶: 羊乳 牛轧
坚果: 杏仁奶
糖 蒜: 糖蒜
羊肉 肉: 羊肚
鸭肉 肉: 鸭胗 鸭肠 鸭血
鹅肉 肉: 鹅肠
"""

WIDE_KINDS = WordTable(_WIDE)
_KIND_NAMES = frozenset(
    group for row in _WIDE.strip().splitlines() for group in row.partition(":")[0].split()
)


def kinds_in(simplified: str) -> frozenset[str]:
    """Every kind that a `simplify`-ed text touches, be it in passing."""
    return WIDE_KINDS.groups(simplified)


def kind_called(word: str) -> str:
    """The kind that `word` names (牛肉, 羊肉 …), or "" for a word that is compared as it is."""
    word = _OTHER_NAMES.get(word, word)
    return word if word in _KIND_NAMES else ""


_OTHER_NAMES = {
    name: kind
    for kind, names in {
        "肉": "肉类 荤 荤的 荤菜 荤食 荤腥 大肉荤 肉肉",
        "牛肉": "牛 牛肉类 牛腩 牛排",
        "羊肉": "羊 羊肉类",
        "猪肉": "猪 大肉 猪肉类",
        "鸡肉": "鸡 鸡肉类",
        "鸭肉": "鸭 鸭子",
        "鹅肉": "鹅",
        "内脏": "动物内脏 下水",
        "鱼": "鱼肉 鱼类",
        "虾": "虾子 虾类 大虾",
        "蟹": "螃蟹 蟹类",
        "贝": "贝类 贝壳类",
        "水产": "海鲜 水产品 鱼虾 海产品 河鲜",
        "鸡蛋": "蛋 蛋类 鸡子",
        "辣": "辣椒 辣的 辣味 辣子 小米辣",
        "花椒": "麻 麻的 麻味 麻椒",
        "葱": "大葱 小葱 葱花 香葱",
        "蒜": "大蒜 蒜头 蒜末 蒜味",
        "姜": "生姜 姜片",
        "糖": "白糖 砂糖 糖分 甜味剂",
        "油": "食用油",
        "味精": "鸡精",
        "酒": "酒精 料酒 酒类",
        "奶": "牛奶 奶制品 乳制品 奶类 乳糖",
        "豆制品": "豆类制品 豆腐",
        "生食": "生的 生食 生冷",
    }.items()
    for name in names.split()
}

# Narrow: what an ingredient line names, spelled as `key_of` does. The first group of a row is its own name.
_NARROW = """
牛肉: 牛肉末 牛肉丝 牛肉片 牛肉馅 牛瘦肉 牛前腿肉 牛后腿肉 牛肉 牛腩 牛柳 牛腱 牛里脊 肥牛 牛排 牛尾 牛霖
牛肉: 牛肩 雪花牛 牛小排 牛仔骨 牛上脑 牛肋 牛胸 牛蹄筋
羊肉: 羊肉片 羊肉末 羊肉丝 羊肉馅 羊前腿肉 羊后腿肉 羊瘦肉 羊肉 羊排 羊腿 羊蝎子 羊里脊 羊肋 羊腩
猪肉: 猪肉 五花肉 里脊 排骨 猪排 肉末 肉丝 肉片 肉馅 梅花肉 前腿肉 后腿肉 瘦肉 肥肉 猪里脊 猪小排 猪蹄
猪肉: 猪肘 肘子 夹心肉 猪颈肉
鸡肉: 鸡肉末 鸡肉丝 鸡肉片 鸡肉馅 鸡里脊 鸡肉 鸡腿 鸡翅 鸡胸肉 三黄鸡 土鸡 乌鸡 鸡块 鸡丁 童子鸡 仔鸡
鸡肉: 老母鸡 公鸡 柴鸡 整鸡 鸡丝 鸡全腿 鸡柳 清远鸡 走地鸡 鸡架
鸭肉: 鸭肉 鸭腿 鸭翅 老鸭 鸭子 仔鸭 鸭胸 整鸭
鱼: 鱼 鲈鱼 草鱼 鲫鱼 鲤鱼 三文鱼 龙利鱼 鳕鱼 带鱼 黄鱼 鳜鱼 金枪鱼 黑鱼 鲢鱼 鱼片 鱼头 鱼块 鱼肉 鱼肉片
鱼: 鱼肉末
虾: 虾 虾仁 大虾 鲜虾 河虾 青虾 白虾 黑虎虾 明虾 虾肉
蘑菇: 蘑菇 香菇 平菇 口蘑 金针菇 杏鲍菇 菌菇 蟹味菇 白玉菇 茶树菇 草菇 鸡腿菇 海鲜菇 蘑
辣椒: 辣椒 青椒 尖椒 小米椒 小米辣 干辣椒 红辣椒 青辣椒 螺丝椒 线椒 杭椒 二荆条 朝天椒 美人椒
面条: 面条 挂面 手擀面 拉面 碱水面 切面 鲜面
米饭: 米饭 剩饭 隔夜饭 白饭 冷饭
鸡蛋: 鸡蛋 蛋液 全蛋 土鸡蛋 蛋清 蛋黄 蛋白
番茄: 番茄 圣女果
土豆: 土豆 小土豆
豆腐: 豆腐 嫩豆腐 老豆腐 北豆腐 南豆腐 内酯豆腐 冻豆腐 油豆腐
白菜: 白菜 大白菜 娃娃菜
葱: 葱 大葱 小葱 香葱 葱花 葱白
蒜: 蒜 大蒜 蒜蓉 蒜瓣
姜: 姜 生姜 老姜 嫩姜
洋葱: 洋葱
无: 牛肉高汤 牛肉汤 牛肉粉 牛肉酱 牛肉味 牛肉丸 牛肉干 羊肉汤 猪肉松 猪肉脯 鸡肉松 鸡肉肠 鸡肉味 鸡肉丸
无: 牛肉粒罐头 肉片汤
无: 鱼露 鱼豆腐 鱼丸 鱼饼 鱼香 鱼子 鱼籽 鱼腥草 鱿鱼 墨鱼 章鱼 鲍鱼 甲鱼 娃娃鱼 鳄鱼 鱼油 鱼汤 鱼粉
无: 蒸鱼豉油 木鱼花 鱼泡
无: 虾皮 虾米 虾酱 虾油 虾片 虾滑 虾饺 虾丸 虾粉 虾籽 虾夷葱 蘑菇酱 蘑菇精 香菇酱 香菇粉 香菇精 辣椒油
无: 辣椒酱 辣椒粉 辣椒面 干辣椒粉
无: 鸡蛋面 鸡蛋豆腐 鸡蛋干 鸡蛋卷 鸡蛋果 鸡蛋花 蛋白粉 蛋白质 蛋黄酱 蛋黄派 咸蛋黄 鹌鹑蛋 番茄酱 番茄膏
无: 番茄汁 番茄沙司 番茄罐头 番茄火锅底料
无: 土豆淀粉 土豆粉 土豆泥粉 土豆片零食 豆腐皮 豆腐乳 豆腐干 豆腐脑 鸡蛋豆腐 鱼豆腐 米豆腐 血豆腐
无: 魔芋豆腐 鱼丸豆腐 臭豆腐 豆腐花 奶豆腐
无: 葱油 葱酥 洋葱粉 蒜粉 蒜香粉 蒜薹 蒜苔 蒜苗 蒜油 姜黄 姜粉 南姜 沙姜 白菜干 泡白菜 酸白菜 辣白菜
无: 面条鱼 米饭团
"""
_INGREDIENTS = WordTable(_NARROW, key_of)
_LISTED_PARTS = re.compile(r"[、，,;；/／+＋:：()（）【】\[\]\s。.·|｜&]|以及|或者|和|或|与|及")
_CUT = re.compile(
    "(?:丁|丝|片|块|末|碎|粒|条|段|泥|蓉|茸|肉|叶|花|仁|干|球|圈|碎粒|切片|切丝|切块|适量|少许)$"
)
_AMOUNT = re.compile(
    r"\d+(?:[.~～\-]\d+)?(?:克|g|千克|kg|斤|两|ml|毫升|个|只|根|颗|片|块|勺|把|包|盒|袋|瓣|条|粒|杯)?"
    "|适量|少许|若干|半[个根颗块只]"
)
MAX_INGREDIENT_CHARACTERS = 12
_KIND_CHARACTERS = frozenset("鱼虾蟹鸡鸭鹅蛋笋瓜菇藕")


@lru_cache(maxsize=100_000)
def ingredient_terms(name: str) -> frozenset[str]:
    """What a line of an ingredient list answers to.

    「新鲜嫩豆腐」 → 豆腐, 嫩豆腐 …; 「葱姜蒜 料酒」 → 葱, 姜, 蒜, 料酒. The name, the ends of it (the
    kind stands last in Chinese), what is left without the cut, and the kinds
    of `_NARROW` that it names.
    """
    terms: set[str] = set()
    for part in _LISTED_PARTS.split(_AMOUNT.sub(" ", simplify(name))):
        key = key_of(part)[:MAX_INGREDIENT_CHARACTERS] if part else ""
        if not key:
            continue
        terms |= {f"={group}" for group in _INGREDIENTS.groups(key)}
        for stem in {key, _CUT.sub("", key)}:
            terms.update(stem[i:] for i in range(max(1, len(stem) - 1)))
        if key[-1] in _KIND_CHARACTERS:
            terms.add(key[-1])
        if set(key) <= set("葱姜蒜"):
            terms.update(key)
    return frozenset(terms - {""})


@lru_cache(maxsize=10_000)
def ingredient_term(word: str) -> str:
    """The term that `word`, as a cook calls an ingredient, is looked up by."""
    key = key_of(word)
    own = next((group for group in _INGREDIENTS.of(key) if key_of(group) == key), None)
    return f"={own}" if own else key


def kind_of(word: str) -> str:
    """The kind of food that an ingredient is of: 羊肉 for 羊腿, "" when none is known."""
    return min(_INGREDIENTS.groups(key_of(word)), default="")


def spellings(word: str) -> frozenset[str]:
    """The ways to write `word`, for looking it up in a `simplify`-ed text."""
    simple = simplify(word)
    return frozenset({simple, *spellings_of_word(simple)})
