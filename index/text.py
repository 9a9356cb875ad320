"""Normal forms of names and questions: one script, one spelling, no question shell, and their sound.

Everything here maps text to text and is pure. Queries and names pass through the same functions, so
that 「公寶雞丁怎麼做」 and 「宫保鸡丁」 end up comparable: NFKC, Traditional → Simplified (OpenCC),
synonyms to one spelling, the shell of the question removed, and toneless, accent-folded pinyin.
"""

from __future__ import annotations

import re
import threading
import unicodedata
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import opencc

from index.pinyin import syllables
from index.synonyms import canonical_spelling

_TO_SIMPLIFIED = opencc.OpenCC("t2s")

MARKS = re.compile(r"[^0-9a-z\u3400-\u9fff\uf900-\ufaff\u3040-\u30ff]+")
"""What is no letter, digit or Han character of a `simplify`-ed text."""
_BRACKETS = re.compile(r"[（(【\[「『《〈<{｛].*?[）)】\]」』》〉>}｝]")
_BRACKET_CONTENT = re.compile(r"[（(【\[「『《〈<{｛](.*?)[）)】\]」』》〉>}｝]")
_SEGMENT_ENDS = re.compile(r"[,，。.!！?？:：;；~～|｜/／\\+＋&·•‖※★☆]|-{1,}|—+|–+|_+|\s+")

_LEADING = re.compile(
    r"^(?:请问|请|你好|麻烦|问一下|我想知道|想知道|告诉我|说说|讲讲|介绍一下|谁知道|有谁知道|有人知道"
    r"|(?:可以|可不可以|能不能|能)?(?:教教?我|教我一下|教一下)做?|求教|求问|求助|跪求|求|有没有|有无"
    r"|(?:我们|我)?(?:今天|今晚|晚上|中午|明天|周末|早上)?(?:我们|我)?(?:想要|想|要|打算|准备)(?:学着|学习|学|试试|尝试)?(?:自己)?(?:在家)?"
    r"(?:(?:给|为|帮)(?:我|家人|家里人|孩子|小孩|宝宝|娃|老公|老婆|爸妈|爸爸|妈妈|父母|老人|朋友|男朋友|女朋友))?"
    r"(?:做|吃|喝|弄|炒|煮|整)?(?:一下|一个|一道|一份|一碗|一盘|点|个|道|份)?"
    r"|(?:我|我家|家里)?(?:孩子|小孩|宝宝|娃|老公|老婆|爸爸|妈妈|奶奶|爷爷|外婆|姥姥|朋友)(?:想要?|爱|喜欢|做)(?:吃|喝)?的?"
    r"|学(?:着|习)?做"
    r"|(?:怎么|怎样|如何|咋样|咋)(?:才能|能|可以)?(?:自己)?(?:在家里?)?(?:自己)?(?:做好|做出|做|制作|烹饪|烹制|弄|炒|煮|烧|烤|蒸|炖|炸|煎|焖|煲|熬|卤|腌|拌|包)(?:出|一道|一个|一份)?(?:好吃的|美味的|正宗的)?"
    r"|(?:自己)?在家里?(?:怎么|怎样|如何|咋)?(?:自己)?(?:做|弄)|(?:你|您)?会(?:不会)?做|你?知道|给我来?|来(?:一份|一个|一道|点|份|个|道)"
    r"|推荐(?:一下|一个|一道)?|查一下|查查|搜一下|找一下)"
)
_TRAILING = re.compile(
    r"(?:(?:要|应该|应当|该|得|可以)?(?:怎么|怎样|如何|咋|咋样|怎么样)(?:才能|才|能|去)?(?:做|弄|制作|烹饪|烹制|烧|炒|煮|蒸|炖|烤|炸|煎|焖|煲|熬|卤|腌|拌|包|泡|酿|焯|擀|整|搞|来|办)?(?:才|会|比较|更|最)?(?:好吃|好喝|正宗|简单|出来|呢|啊|的)*"
    r"|的?(?:家常|正宗|详细|具体|简单|传统|完整)?的?(?:做法|作法|制作方法|制作过程|烹饪方法|制作|方法|菜谱|食谱|配方|步骤|教程|秘方|方子|流程)(?:大全|是什么|是啥|有哪些|步骤|视频|介绍)?"
    r"|(?:都)?(?:需要|要|得|该|用)(?:准备|用|放|买)?(?:哪些|什么|啥)(?:食材|材料|原料|东西|配料|调料|佐料)?"
    r"|(?:大概|大约|一般|到底|究竟)?(?:要|需要|应该|该|得)?(?:放|加|用|做|煮|炒|炖|蒸|烤|炸|煎|焖|腌|泡|煲|卤|熬)?(?:多少|多久|多长时间|几)(?:克|勺|分钟|小时|个小时)?(?:盐|糖|水|油|醋|酱油|料酒|时间|度|次)?(?:合适|最好|才好|能熟|才熟)?"
    r"|(?:的)?(?:热量|卡路里)(?:高|大|多)?(?:不高|是多少)?"
    r"|(?:的)?(?:食材|材料|原料|配料|用料)(?:有哪些|是什么|清单)?|什么做的"
    r"|了|吗|呢|吧|啊|呀|嘛|哦|么|哈|谢谢|一下|怎么办|好吗|好不好|行吗|可以吗|会不会|知道吗)$"
)


def simplify(text: str) -> str:
    """NFKC, lower case, Simplified script; control characters and lone surrogates become spaces.

    Length may change (NFKC); the result is safe for every tokenizer used here.
    """
    folded = unicodedata.normalize("NFKC", text.encode("utf-8", "replace").decode("utf-8"))
    folded = folded.replace("\n", " ")  # the only one that is common
    if not folded.isprintable():
        folded = "".join(" " if unicodedata.category(c) in {"Cc", "Cs", "Co", "Cn"} else c for c in folded)
    return str(_TO_SIMPLIFIED.convert(folded)).lower()


def key_of(text: str) -> str:
    """The comparable form of a name: simplified, letters, digits and Han only, synonyms to one spelling."""
    return canonical_spelling(MARKS.sub("", simplify(text)))


def plain_key_of(text: str) -> str:
    """Like `key_of`, without synonyms: what was really said."""
    return without_marks(simplify(text))


def without_marks(text: str) -> str:
    """The letters, digits and Han characters of a `simplify`-ed text."""
    return MARKS.sub("", text)


def strip_shell(question: str) -> str:
    """The subject of a question: 「请问红烧肉怎么做才好吃呢」 → 「红烧肉」. May be empty.

    `question` must be `simplify`-ed. Shells are peeled layer by layer, at most four on each side.
    """
    subject = MARKS.sub("", question)
    for _ in range(4):
        shorter = _TRAILING.sub("", subject)
        if shorter == subject:
            break
        subject = shorter
    for _ in range(4):
        shorter = _LEADING.sub("", subject)
        if shorter == subject:
            break
        subject = shorter
    return subject


_HOW_TO_COOK = re.compile(
    r"(?:到底|究竟|应该|该|要|得)*(?:怎么|怎样|如何|咋)(?:才能|能)?(?:做|弄|烧|炒|煮|蒸|炖|烤|煎|炸|熬|煲|焖|卤|拌|腌|包)|的做法"
)


def clauses_before_question(question: str) -> list[str]:
    """What stands before 「怎么做」 and before a comma in it, without shells: the dish, when more follows.

    「水煮鱼怎么做鱼片才嫩」 → 水煮鱼. `question` must be `simplify`-ed. Only verbs of cooking count:
    「土豆怎么种」 asks for no dish.
    """
    asked = _HOW_TO_COOK.search(question)
    if asked is None:
        return []
    clauses = [clause for clause in re.split(r"[,，。.!！?？;；\s]+", question[: asked.start()]) if clause]
    return [subject for clause in clauses if len(subject := strip_shell(clause)) >= 2]


MIN_PART_CHARACTERS = 3
"""Shorter parts of a title are decoration (「简单」「香煎」「视频」) and would answer for anything."""


def name_forms(name: str) -> tuple[str, ...]:
    """The ways in which people refer to a decorated title, the most faithful first.

    「【独家】巴斯克芝士蛋糕（零失败）」 → the whole, without brackets, the segments between punctuation,
    and the contents of brackets. Parts of fewer than three characters are decoration and left out.
    """
    text = simplify(name)
    outside = _BRACKETS.sub(" ", text)
    whole = [text, _BRACKETS.sub("", text)]
    whole += [strip_shell(form) for form in whole]
    parts = _SEGMENT_ENDS.split(outside)
    for content in _BRACKET_CONTENT.findall(text):
        parts.append(content)
        parts += _SEGMENT_ENDS.split(content)
    keys = dict.fromkeys(key for form in whole if len(key := MARKS.sub("", form)) >= 2)
    keys |= dict.fromkeys(key for part in parts if len(key := MARKS.sub("", part)) >= MIN_PART_CHARACTERS)
    return tuple(keys)


def dish_form(name: str) -> str:
    """The bare dish of a decorated title, without brackets and shell: one of its `name_forms`, or "".

    「【独家】巴斯克芝士蛋糕（零失败）的做法」 → 巴斯克芝士蛋糕.
    """
    bare = MARKS.sub("", strip_shell(_BRACKETS.sub("", simplify(name))))
    return bare if len(bare) >= 2 else ""


_FOLD_INITIALS = (("zh", "z"), ("ch", "c"), ("sh", "s"))
_FOLD_FINALS = (("ang", "an"), ("eng", "en"), ("ing", "in"))


@lru_cache(maxsize=65536)
def _fold_accent(syllable: str) -> str:
    """One spelling for syllables that accents and recognisers confuse: zh/z, ang/an, n-/l-, h-/f-."""
    for long, short in _FOLD_INITIALS:
        if syllable.startswith(long):
            syllable = short + syllable[len(long) :]
            break
    for long, short in _FOLD_FINALS:
        if syllable.endswith(long):
            syllable = syllable[: -len(long)] + short
            break
    if syllable.startswith("n") and len(syllable) > 1:
        syllable = "l" + syllable[1:]
    return syllable.replace("lv", "lu").replace("lue", "lve")


@dataclass(frozen=True, slots=True)
class Sounds:
    """The sound of a key, as spoken, and with accents folded: an item per Han character or Latin run."""

    spoken: tuple[str, ...]
    folded: tuple[str, ...]

    @staticmethod
    def of(key: str) -> Sounds:
        """Toneless pinyin of each Han character; a run of anything else sounds like itself."""
        spoken = syllables(key)
        return Sounds(spoken, tuple(map(_fold_accent, spoken)))


_SOUND_BASE = 0xE000  # Unicode private use area: 6,400 code points, against some 400 syllables
_SOUND_COUNT = 6400
_RARE_SOUND_BASE = 0xF0000  # planes 15 and 16: for Latin words once the first area is full
_RARE_SOUND_COUNT = 0x1FFFE
_sound_codes: dict[str, str] = {}
_sound_lock = threading.Lock()


def pack(syllables: Sequence[str]) -> str:
    """One private character for each syllable, so that string distances work on sounds.

    The packing holds within one process only; never store it.
    """
    return "".join([_sound_codes.get(syllable) or _new_sound_code(syllable) for syllable in syllables])


def _new_sound_code(syllable: str) -> str:
    with _sound_lock:
        if len(_sound_codes) >= _SOUND_COUNT:  # strangers' words must not fill memory
            return chr(_RARE_SOUND_BASE + zlib.crc32(syllable.encode("utf-8", "replace")) % _RARE_SOUND_COUNT)
        return _sound_codes.setdefault(syllable, chr(_SOUND_BASE + len(_sound_codes)))
