"""Which allergens an ingredient list plainly carries, told from the ingredients' names.

The ten groups are those of GB 7718 (China) and Regulation (EU) 1169/2011 that Chinese home cooking meets.
In doubt a group is named: one too many is a nuisance, a missing one is a danger. The table knows words,
not labels: packaged food may carry more than its name says.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from core.word_table import WordTable

ALLERGENS = ("鸡蛋", "乳制品", "麸质", "花生", "坚果", "大豆", "鱼", "甲壳类", "贝类", "芝麻")
"""The groups, in the order in which they are told to a cook."""

_TABLE = """
鸡蛋: 蛋 蛋黄酱 玉子 日本豆腐 鸡蛋豆腐 玉子豆腐 沙拉酱 沙律酱 色拉酱 美乃滋 塔塔酱 千岛酱 凯撒酱 溏心 egg
鸡蛋: mayo
鸡蛋 乳制品: 吉士粉 卡仕达 卡士达 奶黄 吉士酱 蛋奶 custard
鸡蛋 麸质: 天妇罗 全蛋面 鸡蛋面 蛋面 蛋饺 沙琪玛 萨其马
鸡蛋 乳制品 麸质: 蛋糕 蛋挞 蛋卷 泡芙 手指饼干 华夫 松饼 戚风 玛德琳 铜锣烧 司康 cake
鸡蛋 乳制品 坚果: 马卡龙
乳制品: 奶 黄油 芝士 起司 起士 乳酪 酪 马苏里拉 莫扎里拉 马斯卡彭 帕玛森 帕马森 切达 里科塔 炼乳 牛乳 羊乳
乳制品: 酸乳 乳清 乳清蛋白 乳脂 乳粉 乳饮 乳扇 乳饼 发酵乳 优格 优酪乳 养乐多 益力多 酥油 忌廉 冰淇淋 冰激凌
乳制品: 雪糕 布丁 太妃 植脂末 麦淇淋 焦糖酱 无盐牛油 有盐牛油 拿铁 奶豆腐 milk butter cheese cream yogurt
乳制品: yoghurt whey
乳制品 大豆: 巧克力 朱古力 chocolate
乳制品 大豆 鸡蛋: 蛋白粉
乳制品 麸质: 方包 饼干 曲奇 可颂 牛角包 餐包 披萨 比萨 奥利奥 奇福 威化 吐司 土司 派皮 挞皮 酥皮 cookie
乳制品 麸质: biscuit
乳制品 麸质 大豆: 咖喱块 浓汤宝
乳制品 花生 鸡蛋: 牛轧糖
乳制品 坚果: 杏仁豆腐
麸质: 油酥 法国粉 青稞 脆酥粉 预拌粉 料酒 黄酒 绍兴酒 绍酒 花雕 加饭酒 女儿红 面 面粉 面条 面包 面片 面饼
麸质: 面团 麦 麸 谷朊粉 筋粉 高粉 中粉 低粉 自发粉 饺子粉 澄粉 小麦蛋白 燕麦奶 馒头 花卷 包子 饺 馄饨 云吞
麸质: 抄手 春卷 烧卖 锅贴 法棍 贝果 汉堡 三明治 三文治 饼 油条 馓子 麻花 馍 馕 意粉 通心粉 螺旋粉 贝壳粉
麸质: 贝壳面 乌冬 炸粉 炸鸡粉 脆浆粉 脆皮粉 裹粉 啤酒 甜不辣 flour wheat bread noodle pasta oatmeal oatmilk
麸质: beer
大豆: 熏干 豆油皮 方火腿 火腿肠 三明治火腿 午餐肉 热狗肠 大豆 大豆蛋白 植物蛋白 黄豆 黑豆 青豆 毛豆 枝豆
大豆: 豆腐 豆浆 豆干 豆皮 豆泡 豆卜 豆花 豆奶 豆乳 豆渣 豆芽 豆油 豆面 豆粉 豆筋 豆衣 豆饼 腐竹 腐皮 腐乳
大豆: 南乳 香干 臭干 茶干 干丝 千张 百叶 百页 兰花干 素鸡 素鸭 素肉 素火腿 人造肉 植物肉 纳豆 天贝 丹贝
大豆: 卵磷脂 soy soymilk soja tofu edamame natto
大豆 麸质: 海鲜酱油 油皮 春酱 黑椒汁 黑椒酱 黑胡椒酱 黑胡椒汁 bbq酱 炭烧酱 酱汁 酱牛肉 酱肉 卤牛肉 叉烧 肉松
大豆 麸质: 干锅底料 干锅料 甜面酱 面酱 酱油 生抽 老抽 头抽 豉油 蒸鱼豉油 味极鲜 六月鲜 一品鲜 味达美 鲜味汁
大豆 麸质: 辣鲜露 美极 捞汁 红烧汁 豆瓣 豆酱 黄酱 大酱 味噌 味增 豆豉 豉汁 排骨酱 照烧 烧烤酱 烧烤汁 烤肉酱
大豆 麸质: 蒲烧汁 烤鳗汁 卤汁 卤水 炸酱 杂酱 辣酱 辣椒酱 香辣酱 香锅底料 仙贝 miso gochujang
大豆 麸质 花生: 老干妈 沙嗲 沙爹
大豆 麸质 芝麻: 火锅料 海鲜酱 柱侯酱 火锅底料
大豆 麸质 贝类: 蚝油 耗油 蚝汁 鲍汁 鲍鱼汁
大豆 麸质 鱼: 喼汁 伍斯特 辣酱油 鱼豆腐
大豆 麸质 花生 鱼 甲壳类 芝麻: 沙茶
大豆 麸质 鱼 甲壳类 贝类: xo酱
大豆 鱼 甲壳类: 冬阴功 冬荫功
麸质 鱼: 鱼丸 鱼饼 鱼糕 鱼板 竹轮
麸质 鱼 鸡蛋: 鱼蛋
麸质 鱼 鸡蛋 大豆 甲壳类: 蟹棒 蟹柳 蟹肉棒 蟹足棒 虾滑 虾丸 龙虾丸
麸质 鱼 鸡蛋 大豆 贝类: 章鱼丸 章鱼小丸子 墨鱼丸
鱼: 黄腊丁 黄颡 江团 鮰 罗非 巴沙 昂刺 dashi 鱼 鳕 鲈 鲑 鳟 鲤 鲫 鳜 鲳 鳊 鲶 鲇 鲢 鳙 鲷 鳗 鳝 鲅 鲭 鲱 鲣
鱼: 鳀 鲟 鲮 鲨 泥鳅 龙利 石斑 花胶 出汁 日式高汤 fish salmon tuna codfish anchov sardine
鱼 甲壳类: 韩式泡菜 韩国泡菜 辣白菜 叁巴酱 参巴酱
鱼 甲壳类 贝类: 海鲜 海味 佛跳墙
甲壳类: 虾 蟹 海米 开洋 金钩 濑尿 shrimp prawn crab lobster
贝类: 海瓜子 薄壳 贝 蛤 蚬 蛏 蚝 蛎 瑶柱 江珧 带子 淡菜 海虹 花甲 青口 螺 鲍 鲍鱼 鱿 鱿鱼 墨鱼 墨斗 墨斗鱼
贝类: 章鱼 八爪鱼 乌贼 花枝 透抽 蚌 蜗牛 oyster clam squid scallop mussel octopus abalone
花生: 花生 花生奶 花生豆腐 长生果 peanut peanutbutter
坚果: 坚果 果仁 桃仁 核桃 核桃奶 胡桃 杏仁 杏仁奶 北杏 南杏 腰果 腰果奶 开心果 榛子 榛子奶 榛果 榛仁 巴旦木
坚果: 巴达木 扁桃 夏威夷果 碧根果 松子 松仁 板栗 栗子 香榧 almond almondmilk walnut cashew hazelnut
坚果: pistachio pecan
坚果 花生 芝麻: 五仁
芝麻: 芝麻 芝麻豆腐 麻酱 麻汁 麻油 香油 小磨油 七味粉 拌饭料 鹰嘴豆泥 sesame tahini
无: 椰奶 椰子奶 米奶 牛油果 酪梨 奶白菜 奶油白菜 奶油生菜 奶油南瓜 奶油小白菜 牛奶枣 coconutmilk
无: coconutcream 蛋白质 豌豆蛋白 胶原蛋白 蛋黄果 鸡蛋果 鸡蛋花 eggplant creamoftartar butternut 绿豆面
无: 豌豆面 小米面 玉米面 糯米面 大米面 黑米面 红薯面 地瓜面 高粱面 魔芋面 蒟蒻面 辣椒面 花椒面 胡椒面 孜然面
无: 五香面 表面 上面 里面 外面 两面 正面 反面 麦冬 麦门冬 麦芽糖 麦芽糊精 藜麦 油麦菜 莜麦菜 麦卢卡 柿饼
无: 茶饼 米饼 越南春卷皮 披萨草 土豆粉 豌豆粉 绿豆粉 红豆粉 蚕豆粉 土豆干 豇豆干 刀豆干 土豆皮 绿豆芽 豌豆芽
无: 豆瓣菜 血豆腐 米豆腐 魔芋豆腐 牛百叶 甜辣酱 亚麻油 火麻油 芝麻菜 胡桃南瓜 板栗南瓜 栗子南瓜 鱼香 鱼腥草
无: 甲鱼 娃娃鱼 鳄鱼 虾夷葱 蟹味菇 海鲜菇 杏鲍菇 鲍菇 鲍鱼菇 贝贝南瓜 贝贝 川贝 浙贝 贝母 宝贝 螺丝椒
无: 螺丝辣椒 螺丝青椒 螺丝尖椒 螺丝菜 螺旋 雪蛤 蛤蟆 蛤蚧
无: 一面 翻面 另一面 每面 反一面 水面 液面 单面 双面 侧面 底面 全面 切面 面朝 面上 面儿 打蛋器 打蛋盆
"""

# What is bought or mixed ready, and whose name does not tell what is in it; 无 for what tells enough.
_OPAQUE_TABLE = """
未知: 料包 调料包 调味包 酱包 粉包 酱料 料汁 蘸料 调料 底料 拌料 腌料 卤料 浇头 馅料 馅 酱 沙司 半成品
未知: 速冻 罐头 预制
未知: 丸子 肉丸 贡丸 牛肉丸 狮子头 香肠 腊肠 烤肠 热狗 肉肠 鱼肠 火腿 午餐肉 培根 素肉 关东煮 麻辣烫
未知: 火锅料 混合香料
未知: 代餐粉 预拌粉 调味粉 调味料 调味汁 复合 复配 零食 点心 配菜 其他 其它 各种 等等 随意 任意 喜欢 爱吃
未知: 家里有 糖果
未知: 夹心 馅饼 流心 酥饼 月饼 粽子 寿司 便当 外卖 剩菜 剩饭 高汤块 浓汤 汤料 汤包 酱汤 咖喱
无: 番茄酱 西红柿酱 茄汁 番茄沙司 蓝莓酱 草莓酱 苹果酱 果酱 枣泥酱 甜面酱 面酱 黄豆酱 豆瓣酱 大酱 黄酱
无: 芝麻酱 花生酱
无: 剁椒酱 蒜蓉酱 香菇酱 虾酱 蛋黄酱 沙拉酱 沙茶酱 海鲜酱 柱侯酱 排骨酱 酱油 酱牛肉 酱肉 蘑菇酱 榛子酱
无: 杏仁酱
无: 红豆馅 豆沙馅 绿豆馅 莲蓉馅 枣泥馅 芋泥馅 紫薯馅 南瓜馅 肉馅 猪肉馅 牛肉馅 羊肉馅 鸡肉馅 虾肉馅
无: 咖喱粉 金华火腿 生火腿
无: 酱香 酱爆 酱焖 酱烧 酱色 酱红
"""

_SIMPLIFIED = str.maketrans(
    "雞醬麵麥麩魚蝦蠔蠣貝鮑魷鱈鱸鮭鱒鯉鯽鱖鯧鰱鰻鱔鮪鯛蟶蜆餅餃餛飩饅頭漿乾黃鮮燒優煉條烏龍堅開製鹹滷鹵蘇蔥凱達"
    "龐遜納豬臘蘭爾",
    "鸡酱面麦麸鱼虾蚝蛎贝鲍鱿鳕鲈鲑鳟鲤鲫鳜鲳鲢鳗鳝鲔鲷蛏蚬饼饺馄饨馒头浆干黄鲜烧优炼条乌龙坚开制咸卤卤苏葱凯达"
    "庞逊纳猪腊兰尔",
)


_WORDS = WordTable(_TABLE)
_OPAQUE = WordTable(_OPAQUE_TABLE)


def allergens_of(ingredient_names: Iterable[str]) -> tuple[str, ...]:
    """The allergens that the named ingredients carry, each once, in the order of `ALLERGENS`.

    Names may be decorated, joined (盐、生抽), in Traditional characters or English.
    """
    found: set[str] = set()
    for name in ingredient_names:
        found |= _allergens_in(name)
    return tuple(group for group in ALLERGENS if group in found)


def allergens_in_text(text: str) -> frozenset[str]:
    """The allergens that a text of any length, such as a step, speaks of."""
    return _WORDS.groups(_plain(text))


def hides_its_content(ingredient_name: str) -> bool:
    """Whether the name leaves open what is in it, so that any allergen may be: 火锅底料, 酱料, 喜欢的配菜."""
    return bool(_OPAQUE.groups(_plain(ingredient_name)))


@lru_cache(maxsize=8192)
def _allergens_in(name: str) -> frozenset[str]:
    return allergens_in_text(name)


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split()).translate(_SIMPLIFIED)
