"""The words in which people wish for dishes: what `index.wishes` reads, and what each word means.

Classes: `noun` names a group of dishes by itself (川菜, 早餐); `how` only describes (清淡, 夏天); `type`
Classes: is a
kind of dish that also ends the names of single dishes (汤, 面), so it counts only after 的 or beside 什么;
`eater` is for whom it is; `head` is a dish in general; `ask` turns the sentence into a question for ideas;
`fill` says nothing.
"""

from __future__ import annotations

from core.ingredient_words import VOCABULARY
from core.word_table import any_word

_TOKENS = """
noun 早餐: 早餐 早饭 早点 早饭菜 早餐菜
noun 夜宵: 夜宵 宵夜
noun 便当: 便当 便当菜 盒饭 带饭
noun 下饭: 下饭菜 米饭杀手 送饭菜
noun 快手: 快手菜 懒人菜 懒人餐 快手餐
noun 家常菜: 家常菜 家常小菜 家常小炒
noun 素菜: 素菜 素食 素食菜 素的 吃素 素菜类 素
noun 全素: 全素 纯素 全素菜 纯素菜 净素
noun 荤菜: 荤菜 肉菜 荤的
noun 凉菜: 凉菜 冷菜 凉拌菜 冷盘
noun 下酒: 下酒菜 下酒小菜
noun 宴客: 硬菜 宴客菜 请客菜 大菜 待客菜
noun 减脂: 减脂餐 减肥餐 减脂菜 减肥菜 轻食 健身餐 低卡餐 瘦身餐 减脂食谱
noun 宝宝: 宝宝辅食 辅食 宝宝餐 宝宝菜 婴儿辅食
noun 儿童: 儿童餐 儿童菜 学生餐
noun 月子: 月子餐 月子汤
noun 甜品: 甜品 甜点 糖水 点心 甜食 小甜品
noun 烘焙: 烘焙 烘焙点心
noun 饮品: 饮品 饮料 冷饮 热饮
noun 主食: 主食
noun 小吃: 小吃 零食 小零食 小食
noun 沙拉: 沙拉
how 低糖: 低糖 少糖
noun 汤: 汤水 汤羹 汤品 老火汤
noun 年夜饭: 年夜饭 年菜 年夜饭菜
noun 热菜: 热菜 热炒
noun 川菜: 川菜 四川菜 重庆菜 川味菜
noun 湘菜: 湘菜 湖南菜
noun 粤菜: 粤菜 广东菜 广式菜 潮汕菜 潮州菜
noun 鲁菜: 鲁菜 山东菜
noun 苏菜: 苏菜 江苏菜 淮扬菜 苏帮菜
noun 浙菜: 浙菜 浙江菜 杭帮菜 杭州菜
noun 江浙菜: 江浙菜
noun 本帮菜: 本帮菜 上海菜
noun 闽菜: 闽菜 福建菜
noun 徽菜: 徽菜 安徽菜
noun 东北菜: 东北菜
noun 京菜: 京菜 北京菜
noun 西北菜: 西北菜 陕西菜
noun 新疆菜: 新疆菜
noun 云贵菜: 云贵菜 云南菜 贵州菜
noun 湖北菜: 湖北菜
noun 河南菜: 河南菜
noun 江西菜: 江西菜 赣菜
noun 台湾菜: 台湾菜 台菜
noun 西餐: 西餐 西式菜 意大利菜 法国菜 法餐
noun 日本料理: 日本料理 日料 日本菜 日式料理 日餐
noun 韩国料理: 韩国料理 韩餐 韩国菜 韩料 韩式料理
noun 泰国菜: 泰国菜 泰餐
noun 东南亚菜: 东南亚菜
noun 印度菜: 印度菜
how 辣: 辣 辣的 够辣 重辣 香辣 辣味 辣一点 辣点 微辣
how 麻辣: 麻辣
how 酸辣: 酸辣
how 酸: 酸 酸的 酸一点 开胃
how 酸甜: 酸甜 酸甜口 酸酸甜甜
how 糖醋: 糖醋
how 甜: 甜 甜的 甜一点 甜口 甜味
how 咸鲜: 咸鲜
how 清淡: 清淡 清淡一点 清淡点 清淡些 清爽 爽口 口味淡 淡一点 不油腻 少油
how 蒜香: 蒜香
how 酱香: 酱香
how 奶香: 奶香
how 咖喱: 咖喱 咖喱味
how 孜然: 孜然 孜然味
how 下饭: 下饭 配饭 下饭一点 拌饭吃 配米饭
how 快手: 快手 快速 快捷 快点 快一点 省时 省事 懒人 简单 简单易做 容易做 容易 方便 好做 做得快 简单快手
how 家常: 家常
how 减脂: 减脂 减肥 低脂 低卡 低热量 健身 瘦身 减脂期 减肥期 健康减脂 减肥期间 减脂期间
how 宴客: 宴客 请客 招待客人 待客 家宴
how 聚会: 聚会 聚餐 派对
how 节日: 节日 过节
how 年夜饭: 过年 春节 新年 除夕
how 端午: 端午 端午节
how 中秋: 中秋 中秋节
how 元宵: 元宵节
how 冬至: 冬至
how 圣诞: 圣诞 圣诞节
how 生日: 生日 过生日
how 野餐: 野餐 春游
how 下酒: 下酒 配酒
how 春: 春天 春季
how 夏: 夏天 夏季 夏日 天热 大热天 解暑 消暑
how 秋: 秋天 秋季
how 冬: 冬天 冬季 天冷 大冷天 暖身 暖胃 驱寒
how 炒: 炒 炒的 小炒
how 蒸: 蒸 蒸的 清蒸
how 炖: 炖 炖的 煲
how 烤: 烤 烤的
how 炸: 炸 油炸 炸的
how 煎: 煎的
how 凉拌: 凉拌 凉拌的
how 空气炸锅: 空气炸锅
how 电饭锅: 电饭锅 电饭煲
how 烤箱: 烤箱
how 微波炉: 微波炉
how 高压锅: 高压锅 压力锅
how 砂锅: 砂锅
how 免烤: 免烤
how 川菜: 四川 川味
how 粤菜: 广东 广式
how 东北菜: 东北
how 韩国料理: 韩式 韩国
how 日本料理: 日式 日本
how 西餐: 西式 意式 法式
how 东南亚菜: 东南亚
how 泰国菜: 泰式 泰国
type 汤: 汤 羹
type 粥: 粥
type 面: 面 面条 面食 粉面
type 饺子: 饺子
type 饼: 饼
type 甜品: 蛋糕
type 火锅: 火锅
eater 宝宝: 宝宝 婴儿 幼儿 一岁宝宝 小宝宝 周岁宝宝
eater 儿童: 孩子 小孩 小孩子 儿童 小朋友 娃 学生 孩子们
eater 老人: 老人 老人家 爸妈 爷爷奶奶 长辈 老年人 奶奶 爷爷 外婆 姥姥
eater 孕妇: 孕妇 怀孕 孕期
eater 月子: 产妇 坐月子 月子
eater 减脂: 减肥的人 减脂的人 减肥人士 减脂人士
head -: 菜 菜谱 食谱 菜肴 菜式 菜品 美食 料理 吃的 好吃的 东西 餐 大餐 家里菜 小菜 晚餐 晚饭 午餐 午饭
head -: 中饭 中餐 正餐 一日三餐 食物 美味 好菜 拿手菜 一顿饭 一桌菜
ask -: 什么 啥 哪些 推荐 有没有 推荐一下 求推荐 介绍 安排 随便 推荐点 有哪些 什么好 哪道 来点 来些 整点
ask -: 整个 来个 来道 来份 来一道 来一个 来几道 来几个 换个 换成 想吃点 想吃些 想喝点
ask -: 随机 吃点 喝点 做点 做些 弄点 搞点 给点 换点 找个 找点 想吃个 想做点 想做个 想来点 有什么 有啥 想要点
fill -: 我 我们 咱 咱们 想 要 想要 吃 喝 做 来 给 有 吗 呢 呀 啊 吧 嘛 点 些 个 道 几 一 一下 一些 一点
fill -: 一道 一个 今天 今晚 明天 晚上 中午 早上 今日 周末 平时 现在 在家 家里 自己
fill -: 适合 比较 最 很 特别 好 好吃 好喝 可以 能 能吃 可 会 该 应该 请 请问 帮 帮我 你 您 知道 说说 看看
fill -: 用 用来 拿 类 类的 款 种 样 味 口味 味道 口 口感 营养 健康 美味 怎么做 做法 的做法
fill -: 怎样做 如何做 时候 时 期间 多 一点的 再 还 也 都 就 那 那就 更 些的 点的 又 又要 而且 并且 但 且
fill -: 同时 和 跟 与 配 当 作为 弄 煮 烧 整 搞 上 里 下 日子 天 季节 这 几个人 两个人 一个人
name -: 老婆饼 外婆菜 日式咖喱 韩式泡菜 泰式咖喱
fill -: 软烂 软 嫩 烂 好消化 清爽可口 可口 一人食 一家三口 三口之家 老公 老婆 家人 全家 朋友 大家 男朋友
fill -: 女朋友 爱吃 喜欢吃 爱 喜欢 吃得 不错 经典 传统 地道 正宗 特色 有名 关于 方面 系列 大全 合适 让
fill -: 胃口 没 心情 下班 回家 冰箱 只
"""

_EXTRA_INGREDIENTS = """
牛肉 羊肉 猪肉 鸡肉 鸭肉 鱼 虾 虾仁 大虾 鲜虾 螃蟹 排骨 五花肉 肉末 肉丝 里脊 猪蹄 牛腩 牛排 肥牛 鸡腿
鸡翅 鸡胸 鸡胸肉 鸡爪 鸭腿 鲈鱼 草鱼 鲫鱼 三文鱼 龙利鱼 带鱼 鱿鱼 花甲 蛤蜊 生蚝 扇贝
鸡蛋 鸭蛋 皮蛋 咸蛋 咸鸭蛋 鹌鹑蛋 豆腐 嫩豆腐 老豆腐 内酯豆腐 豆干 香干 腐竹 千张 豆皮 油豆腐 番茄 西红柿
土豆 马铃薯 洋芋 红薯 地瓜 紫薯 芋头 山药 莲藕 萝卜 白萝卜 胡萝卜 白菜 大白菜 娃娃菜 小白菜
圆白菜 包菜 卷心菜 菠菜 生菜 油菜 上海青 空心菜 油麦菜 菜心 芥兰 韭菜 蒜苔 蒜苗 芹菜 西芹 西兰花 花菜
菜花 茄子 黄瓜 丝瓜 冬瓜 南瓜 苦瓜 西葫芦 青椒 彩椒 尖椒 辣椒 豆角 四季豆 豇豆 荷兰豆 豌豆 毛豆
蚕豆 豆芽 绿豆芽 黄豆芽 香菇 平菇 金针菇 杏鲍菇 口蘑 蘑菇 菌菇 木耳 银耳 海带 紫菜 裙带菜 洋葱 大葱 小葱
香菜 竹笋 春笋 冬笋 笋 莴笋 茭白 玉米 玉米粒 年糕 粉丝 粉条 面条 挂面 意面 米饭 剩饭 剩米饭
米 大米 糯米 小米 黑米 燕麦 红豆 绿豆 黄豆 黑豆 花生 核桃 腰果 红枣 枸杞 莲子 百合 牛奶 酸奶 芝士 奶酪
黄油 淡奶油 面粉 吐司 面包 饺子皮 馄饨皮 火腿 火腿肠 培根 腊肠 香肠 腊肉 午餐肉 苹果 香蕉 梨 雪梨
芒果 菠萝 草莓 蓝莓 橙子 柠檬 葡萄 西瓜 木瓜 火龙果 牛油果 椰子 百香果 泡菜 酸菜 榨菜 梅干菜 猪肝 鸡肝
鸡胗 毛肚 鸭血 羊排 猪肚 大肠 肥肠 腰花 魔芋 凉皮 方便面 泡面 螺蛳粉 鸡 鸭 肉 牛腱子 乌鸡 鸽子 兔肉
"""
_NOT_LISTED = """
食材 主料 料汁 葱段 葱白 米 肉 油 水 酒 盐 糖 醋 面 蛋 姜 蒜 葱
"""


def _read() -> dict[str, tuple[str, str]]:
    foods = {*_EXTRA_INGREDIENTS.split(), *(VOCABULARY - set(_NOT_LISTED.split()))}
    tokens: dict[str, tuple[str, str]] = {word: ("food", word) for word in foods}
    for line in _TOKENS.strip().splitlines():
        head, _, words = line.partition(": ")
        kind, value = head.split()
        tokens |= dict.fromkeys(words.split(), (kind, value))
    return tokens


TOKENS = _read()
"""Word → (class, tag); `food` for an ingredient, `name` for a dish made of words that say nothing."""
ANY_TOKEN = any_word(TOKENS)

IMPLIED_WITHOUT = {
    "素菜": ("肉", "水产"),
    "全素": ("肉", "水产", "鸡蛋", "奶", "蜂蜜"),
    "宝宝": ("蜂蜜", "酒", "辣", "咖啡因", "生食"),
    "儿童": ("酒", "辣", "咖啡因", "生食"),
    "孕妇": ("酒", "生食", "咖啡因"),
    "月子": ("生食", "辣"),
}
"""Whom it is for, or what it is called, forbids these kinds; never relaxed."""

ALLERGEN_GROUPS = {
    "花生": ("花生",),
    "花生酱": ("花生",),
    "鸡蛋": ("鸡蛋",),
    "蛋": ("鸡蛋",),
    "蛋类": ("鸡蛋",),
    "牛奶": ("乳制品",),
    "奶": ("乳制品",),
    "奶制品": ("乳制品",),
    "乳制品": ("乳制品",),
    "乳糖": ("乳制品",),
    "奶类": ("乳制品",),
    "麸质": ("麸质",),
    "麦麸": ("麸质",),
    "面筋": ("麸质",),
    "小麦": ("麸质",),
    "面粉": ("麸质",),
    "坚果": ("坚果", "花生"),
    "大豆": ("大豆",),
    "黄豆": ("大豆",),
    "豆制品": ("大豆",),
    "贝壳类": ("贝类",),
    "软体动物": ("贝类",),
    "甲壳动物": ("甲壳类",),
    "海鲜": ("鱼", "甲壳类", "贝类"),
    "水产": ("鱼", "甲壳类", "贝类"),
    "海产": ("鱼", "甲壳类", "贝类"),
    "虾蟹": ("甲壳类",),
    "甲壳类": ("甲壳类",),
    "贝类": ("贝类",),
    "芝麻": ("芝麻",),
}
"""What names a whole group of allergens, however it is said that it must not be in there."""

TAG_LABELS = {"春": "春天", "夏": "夏天", "秋": "秋天", "冬": "冬天", "家常": "家常菜", "下酒": "下酒菜"}
"""How a tag is told to a user, where it is not its own name."""
