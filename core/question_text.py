"""Preparing a question for the rules of `core.understanding`: one spelling, no small talk around it.

Everything here is one pass over a text of bounded length, whatever a user sends.
"""

from __future__ import annotations

import re
import unicodedata

MAX_RULE_CHARACTERS = 60
"""Follow-ups are short; what is longer is a question of its own and is searched with as it is."""

_TRADITIONAL = str.maketrans(
    "鹽醬換別還說遍幾個們麼樣長時間鐘燉煮醃煎燒滷發麵糖蔥薑蒜雞魚鴨豬牛蝦蟹沒準備買難過來為誰夠對減與倍兩雙後個步驟講聽據"
    "學檸檬蜂蠟醋辣鹹淡點黃紅綠豬蛋粉湯鍋爐溫應該開關貼訣竅門處會裡裏這嗎將隻條塊顆瓶給鮮腸鬆雙適熱參類質飯茄蘿蔔蓮藕"
    "譜請問麥當麻煩舊種話樣讓嘗試歲媽爸喫替換輩簡單複雜險營養孕婦寶",
    "盐酱换别还说遍几个们么样长时间钟炖煮腌煎烧卤发面糖葱姜蒜鸡鱼鸭猪牛虾蟹没准备买难过来为谁够对减与倍两双后个步骤讲听据"
    "学柠檬蜂蜡醋辣咸淡点黄红绿猪蛋粉汤锅炉温应该开关贴诀窍门处会里里这吗将只条块颗瓶给鲜肠松双适热参类质饭茄萝卜莲藕"
    "谱请问麦当麻烦旧种话样让尝试岁妈爸吃替换辈简单复杂险营养孕妇宝",
)
"""The Traditional characters of the words that the rules look for; dish names are the index's business."""

_OPENING = re.compile(
    r"^(?:请问|请|麻烦你?|你好|您好|食神|那么|那(?!不勒斯)|嗯+|哦|好的|另外|对了|顺便|我?想问一?下?|我?想知道|问一?下|告诉我"
    r"|帮我|给我|再?(?=第)|[,，.。、!！:：~～\s])"
)
_CLOSING = re.compile(
    r"(?:谢谢你?|多谢|好不好|告诉我|帮我看看|来着|[,，.。、!！?？~～…;；\s呢啊呀哦啦哈吧哟呐])$"
)
_WITHIN = re.compile(
    r"大概|大约|一般来说|一般|到底|究竟|一共|总共|差不多|具体|的话|如果|要是|假如|[「」『』“”‘’\"'《》\s]"
)
_MAX_PASSES = 8

DEPENDENT_SUBJECT = re.compile(
    r"[那这它此该个道菜饭刚才上面前的里中再又说讲念读遍一下次重复看我你您想请问告诉给跟把将要需得应当能可以会是有都还也做吃弄,，和就家们来听多人不没很太喜欢因为所以,]*"
)
"""A subject of nothing but such characters names no dish: 「这道菜的」, 「再说一遍」, 「我想问」."""

_CIRCUMSTANCE = re.compile(
    ".*(?:后|时|时候|前|完|火|上锅|下锅|起锅|烧开|水开|阶段)"
    "|(?:加|放|转|下|倒|先|再|最后|等|改|用|关|开).{0,6}"
    "|焯水|腌制?|醒发|发酵|收汁|炒糖色|爆香|冷藏|过油|打发"
    "|[0-9一二两三四五六七八九十]{1,3}个?(?:人|人份)|[做弄]?[好完][了的]?"
)
"""「水开后」, 「转小火」: when something is done, 「三人份」: no dish."""

_LEADING = re.compile(
    r"^(?:我?(?:想|要)?做|这道菜?|这个菜?|这份|那道菜?|那个|它|我们?家?|今天|家里|关于|菜谱里?|配方里?|的)"
)
_TRAILING = re.compile(r"(?:这道菜|这个菜|这菜|里面|当中|里|的时候|的|时|一般|需要|应该|[要得该中,，])$")


def simplified(text: str) -> str:
    """`text` in half-width, with the Traditional characters of the rules' words made Simplified."""
    return unicodedata.normalize("NFKC", text).translate(_TRADITIONAL)


def prepared(question: str) -> str:
    """What the rules look at: one spelling, without greeting, thanks, hedges, quotes and final particles.

    "" for a question that is too long for the rules.
    """
    if len(question) > 4 * MAX_RULE_CHARACTERS:
        return ""
    visible = "".join(
        c for c in simplified(question) if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Co", "So"}
    )
    text = _WITHIN.sub("", visible)
    for _ in range(_MAX_PASSES):
        shorter = _CLOSING.sub("", _OPENING.sub("", text))
        if shorter == text:
            break
        text = shorter
    return text if len(text) <= MAX_RULE_CHARACTERS else ""


def subject_in(raw: str) -> str:
    """The dish that `raw`, the words before what is asked, may name; "" when it names none."""
    text = raw.strip(" ,，、。")
    for _ in range(_MAX_PASSES):
        shorter = _TRAILING.sub("", _LEADING.sub("", text))
        if shorter == text or not shorter:
            break
        text = shorter
    if len(text) < 2 or DEPENDENT_SUBJECT.fullmatch(text) or _CIRCUMSTANCE.fullmatch(text):
        return ""
    return text
