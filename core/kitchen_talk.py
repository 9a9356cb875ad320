"""Whether words that no rule reads are about the dish at hand: talk of a kitchen, and no new wish.

「蒸出来全是孔，哪步错了」 names no dish and fits no pattern. What speaks for the dish at hand is a word of
its recipe or of cooking, in a sentence rather than in a name; what speaks against it is a wish for a dish
(「想吃鱼」「土豆丝怎么炒」), or a word of another world (「冰箱坏了找谁修」).
"""

from __future__ import annotations

import re

from core.ingredient_words import VOCABULARY, ingredients_called, is_seasoning, kind_named, steps_about
from core.question_rules.pieces import any_of
from core.question_text import simplified
from core.recipe import Recipe

_LONGEST_TALK = 40
_SHORT = 9
_MOST_STRANGE = 2
_MOST_STRANGE_READ = 4
"""In talk about a dish hardly a character is strange to recipe and kitchen; elsewhere three or more are."""
_EVERYDAY = frozenset(
    "的了吗呢吧么嘛是要能会用有在和还就都也它那这我你他她们不个一二两三四五六七八九十半几俩上下中里把再先到让给与及以为后前时"
    "可没去来好大小多少些点样怎咋啥什哪为何得该应行成否太很更最别总老刚才过着地出起完事回办弄做吃喝放加买家人孩子朋友口份次遍"
    "说讲听看想知道算够差直接必须原因搞整头外边面底热透拿斤高低久天贵换改调量合适费候儿慢快提忘记普通怕又跟但作普眼吸厉害"
)
_PUTS_IN = re.compile("换|代|替|顶|[能可].{0,3}[放加用]|[放加配搭].{0,6}(?:吗|不|行|好)|没有?|不[放加用要]")
_ELSEWHERE = re.compile(
    any_of(
        """
        天气 下雨 刮风 笑话 故事 新闻 唱 首歌 的歌 音乐 电影 电视 视频 游戏 手机 电脑 网络 电话 短信
        微信 快递 外卖 闹钟 提醒我 几点[了钟] 星期 礼拜 周[一二三四五六日末] 月份 放假 上班 下班
        作业 考试 数学 英语 翻译 学校 学费 大学 老师 公司 股[票市] 基金 市值 银行 贷款 彩票 多少钱
        价[格钱] 贵不贵 块钱 一斤钱 打折 优惠 投诉 加盟 招聘 工资 品牌 牌子 哪[家里儿]买 门票 机票
        车票 订[票张个餐] 酒店 旅[游行] 导航 附近 地铁 公交 开车 汽车 汽油 加油站 医院 医生 急救
        吃药 (?<!山)药店 治[病疗] 怎么治 怎么养 养[鸡鸭鱼猪花猫狗] 种植 能种 怎么种 施肥 肥料 收割
        上市 找谁 维修 修理 怎么修 装修 除霜 清洗剂 怎么选 选购 值得买 买哪 买多大 什么意思 什么梗
        [是叫]谁 你叫 名字 你是 你会 你能 你有 你在 机器人 真厉害 好厉害 真棒 辛苦 再聊 拜拜 再见
        晚安 睡觉 爱你 无聊 心情 哈哈 红包 明星 法律 密码 程序 代码 光盘 桑拿 油烟机 燃气灶 煤气灶
        密封圈 涂层 洗碗机 钢丝球 砧板 致癌 [猫狗]能 [猫狗]可以 ignore prompt
        """
    )
)
_WISHES = re.compile(
    "(?:想|要)(?:吃|喝|学|做)(?:点|个|些|道|碗|[^的了过]{2,8}$)|推荐|来[个份点道碗几]|(?:什么|哪些|哪[个道]|凑个)菜|吃法"
    "|(?:能|可以)[做弄炒煮].{0,2}[什啥]|有[什啥]么?[^用作办问]{0,4}(?:菜|汤|吃|喝|做)|菜谱$|食谱$|(?:菜|料理|小吃|甜品|主食)有(?:哪些|什么)"
    "|的(?:.{0,2}菜|.{0,2}汤|粥|面|甜品|点心|早餐|晚饭)$"
)
_AT_HOME = re.compile(
    "[做吃喝炒炖煮弄整凑烧](?:点|个|些)?(?:什么|啥|哪些)|(?:冰箱|家|手[头边])里?[还就只]*[有剩](?!的)|还有[几一两]|消耗"
)
"""What there is to cook with, and what to make of it: a wish, if it adds to none."""
_ASKS_FOR_DISH = re.compile(
    "(?P<dish>.{2,}?)(?:[又都还该要]|应该)*(?:怎么|如何|怎样|咋)(?P<way>[^办回样搞改调换算]).{0,3}"
    "|(?P<of>.{2,}?)的?(?:做法|配方|教程)"
)
_WHOLE = frozenset("做弄整烧煮炒炖蒸煎炸烤焖拌卤熬煲包")
"""What is done to a whole dish; the rest (切, 洗, 保存) is done to a part of it."""
_SENTENCE = re.compile(
    any_of(
        """
        吗 么 嘛 不$ 没$ 咋 怎 啥 什么 为何 原因 几[个分勺片克次成遍时天斤两] 多少 多久 多长 多大
        多高 多厚 多细 多粗 多稠 哪 能不 能[省用放加换吃做再先少多] 可以 行$ 不行 也行 成$ 不成
        会不会 会[破碎糊散腥苦咸老烂] 要不 要[先再多用放加盖翻泡焯煮] 得[先再多用放加盖翻]
        先[下放炒煮] 再[熬煮炒蒸烤炖煎炸焖加放说讲念] 还[是要得能没有] 了$ 了[就还又吗怎咋呢点，,]
        太[^阳极] 没有? 别 忘 总[是会] 老[是会有要] 老了 够 是不是 差不多 必须 一定 是为 一.{1,2}就
        出来 完(?:了|就|再|要|后|还|的) 起来 不[透熟化烂掉匀住动脆香] 没[熟透化起味入] 刚才 不够
        不会 几比 多做 [腥膻苦涩焦糊]味 粘[底锅手] 慢点 听不?清 跟着
        """
    )
)
"""What a name of a dish has not."""
_COOKING = re.compile(
    any_of(
        """
        切 炒 煎 炸 煮 炖 蒸 烤 焖 焯 腌 泡 拌 揉 擀 捏 熬 煲 卤 汆 煸 煨 烫 炝 芡 收汁 打发 发酵 醒
        搅 剁 削 去皮 淋 撒 洗 沥 裹 糊 翻面 颠 盖 下锅 入锅 出锅 起锅 上锅 装盘 摆 脱模 解冻 冷冻
        冷藏 冻 加热 热一 回锅 保存 放凉 冰箱 隔夜 火 锅 油 盐 糖 醋 酱 料 汁 汤 馅 面[糊团粉] 肉 菜
        米 粉 打水 加水 放水 水[开多少量温] 案板 模具 烤箱 微波炉 蒸笼 盖子 保鲜 烧[开焦热] 熟 生的
        夹生 焦 嫩 柴 老了 硬 软 烂 碎 破 散 黏 粘 稠 稀 咸 淡 辣 甜 酸 苦 腥 膻 塌 缩 裂
        发[黄黑白灰硬酸苦黏] 变色 颜色 味道 口感 入味 起泡 蜂窝 脆 酥 溢 结块 细腻 筋道 分层 出水
        不成形 [这那哪一几步]步 步骤 先[下放] 顺序 程度 分量 份量 用量 比例 窍门 失败 做好 做完 做多
        做坏 弄[对错好] 吃不完 剩下 剩的 代替 替代 省[掉略去吗] 能省 不放 不加 小孩吃 孩子.*吃
        宝宝.*吃 老人.*吃 孕妇 口人 人吃 人份 坏[了掉] 然后[干呢怎做] 还能[吃喝用]
        """
    )
)
_SWITCHES = re.compile(
    "换(?!.{0,6}(?:吗|行|成不|可以))|改[成做吃弄炒煮烧]|算了|不[做弄吃要]了|不[要做吃想].{1,6}了[,，]|还是(?:做|弄|来|吃|炒|煮)|我[要说]的是|得了$|教我"
)
_FILLS = frozenset(
    "的了吗呢吧么是要能会用有在和还就都也它那我你不个一上下中里把再先到让给与及或以为这后前时可没去来好大小多少"
)
_FOOD = re.compile(
    "[0-9一二两三四五六七八九十半几]+[个只根片斤两克块条勺碗杯颗]?半?|[这那]?[个些]|做好|弄好|腌好|炒好|煮好|蒸好|切好|里面?|的|再|还|又|先|也|都|得|要|就|在|是"
)
"""What may stand beside the words of a recipe in a subject that names no dish of its own: 「一斤半的鱼」."""


def is_kitchen_talk(text: str, dish: Recipe, *, reads_aspect: bool = False) -> bool:
    """Whether `text`, prepared for the rules, is a sentence about cooking `dish`.

    Args:
        text: what was said.
        dish: the dish at hand.
        reads_aspect: a rule reads a part of the text.
    """
    if not 2 <= len(text) <= _LONGEST_TALK or is_elsewhere(text):
        return False
    if _WISHES.search(text) or _AT_HOME.search(text):
        return False
    asked = _asked_of(text)
    if asked is not None and not (is_of_recipe(asked["dish"] or asked["of"], dish) and _is_done(asked, dish)):
        return False
    strange = _strange_to(text, dish)
    if reads_aspect:
        return strange <= _MOST_STRANGE_READ
    known = _COOKING.search(text) is not None or bool(words_of_recipe(text, dish))
    most = _MOST_STRANGE if len(text) >= _SHORT else 1
    return known and is_sentence(text) and strange <= most and not _brings_food(text, dish)


def _strange_to(text: str, dish: Recipe) -> int:
    """How many characters of `text` belong neither to the recipe nor to cooking nor to everyday speech."""
    said = simplified(
        "".join((dish.name, *dish.aliases, *(i.name for i in dish.ingredients), *dish.steps, *dish.tips))
    )
    rest = _COOKING.sub("", text)
    return sum("\u4e00" <= c <= "\u9fff" and c not in _EVERYDAY and c not in said for c in rest)


def _brings_food(text: str, dish: Recipe) -> bool:
    """Whether `text` is about a food that is not in the recipe, and not about putting it in."""
    if _PUTS_IN.search(text):
        return False
    foods = [word for word in VOCABULARY if len(word) > 1 and word in text and not is_seasoning(word)]
    return any(not ingredients_called(word, dish) and not steps_about([word], dish) for word in foods)


def is_elsewhere(text: str) -> bool:
    """Whether `text` is plainly about something else than cooking."""
    return _ELSEWHERE.search(text) is not None


def is_sentence(text: str) -> bool:
    """Whether `text` says or asks something, as no name of a dish does."""
    return _SENTENCE.search(text) is not None


def asks_for_a_dish(text: str) -> bool:
    """Whether `text` wishes for dishes anew: 「想吃鱼」「推荐几个汤」「鱼怎么烧」."""
    return _WISHES.search(text) is not None or _asked_of(text) is not None


def _asked_of(text: str) -> re.Match[str] | None:
    """「X怎么炒」 as the last clause of `text`."""
    asked = _ASKS_FOR_DISH.fullmatch(re.split("[,，。;；]", text)[-1])
    return asked if asked is not None and not is_sentence(asked["dish"] or asked["of"]) else None


def asks_how(text: str) -> bool:
    """Whether the last clause of `text` asks how a dish is made."""
    return _asked_of(text) is not None


def is_switch(text: str) -> bool:
    """Whether `text` gives the dish at hand up: 「算了」「换…」「我说的是…」."""
    return _SWITCHES.search(text) is not None


def is_of_recipe(subject: str, dish: Recipe) -> bool:
    """Whether `subject` is nothing but words of the recipe and their circumstances: 「一斤半的鱼」."""
    covered = {
        place
        for word in words_of_recipe(subject, dish)
        for found in re.finditer(f"(?={re.escape(word)})", subject)
        for place in range(found.start(), found.start() + len(word))
    }
    rest = "".join(" " if place in covered else c for place, c in enumerate(subject))
    return bool(covered) and not _FOOD.sub("", rest).strip(" ,，的")


def words_of_recipe(text: str, dish: Recipe) -> frozenset[str]:
    """The words of `text` that the recipe has too: ingredients as people call them, pairs of characters."""
    said = simplified("\n".join((dish.name, *(i.name for i in dish.ingredients), *dish.steps)))
    names = [i.name for i in dish.ingredients]
    found = {
        word for word in VOCABULARY if word in text and any(kind_named(word).is_in(name) for name in names)
    }
    pairs = (text[i : i + 2] for i in range(len(text) - 1))
    return frozenset(found.union(pair for pair in pairs if not _FILLS.intersection(pair) and pair in said))


def _is_done(asked: re.Match[str], dish: Recipe) -> bool:
    """Whether the recipe does what is asked: 「面筋怎么洗」, but not 「鱼怎么炖」 of a steamed one."""
    way = asked["way"] or ""
    return bool(way) and (way not in _WHOLE or any(way in step for step in dish.steps))
