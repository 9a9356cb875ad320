"""What a question may be about: the names to look up."""

from __future__ import annotations

import re

from index.latin import in_chinese
from index.text import clauses_before_question, plain_key_of, simplify, strip_shell

MAX_QUERY_CHARACTERS = 200
"""Only this much of a query is looked at; the longest title of the measured corpora has 90."""


def subjects_of(query: str) -> list[str]:
    """What `query` may be about, normalised, the likeliest first, without duplicates; [] for nothing.

    Latin words that are understood are looked up in Chinese first: 「gongbao jiding怎么做」.
    """
    text = simplify(query[:MAX_QUERY_CHARACTERS])
    chinese = in_chinese(text)
    candidates = [strip_shell(chinese), plain_key_of(chinese), *clauses_before_question(chinese)]
    if chinese != text:
        candidates.append(strip_shell(text))
    return [subject for subject in dict.fromkeys(candidates) if subject]


_OTHER_PURPOSE = re.compile(
    r"加盟|连锁店|招商|投资|股票|股价|市值|批发|招聘|工资|学费|培训班|营业执照|商标|转让|门面|专卖店|代理商"
    r"|壁纸|简笔画|怎么画|画法|头像|表情包|折纸|毛线|钩针|歌词|怎么养|怎么种|怎么读|怎么写|怎么翻译|英文怎么说"
    r"|英语怎么说|简历|论文|作文|谜语|歇后语|名字|由来|来历|起源|典故|传说|发明|哪国|含义|什么意思|多少钱|价格"
    r"|牌子|品牌|大卡|开店|(?<!不想点)(?<!不想吃)(?<!不点)(?<!不叫)外卖|哪家|哪里吃|附近|排队|打卡|团购|副作用|保质期"
    r"|区别|育苗|种子|保存|保鲜|为什么要|几月"
)


def other_purpose_of(query: str) -> str:
    """The word by which `query` asks for something that is no recipe: 「烤鸭店加盟费」 → 加盟; else ""."""
    found = _OTHER_PURPOSE.search(simplify(query[:MAX_QUERY_CHARACTERS]))
    return found.group() if found else ""
