"""Different words for the same ingredient or dish, from a table of our own, to one spelling.

The first word of a row is the spelling that all others become. A longer word wins over a shorter one
inside it (胡萝卜 is never read as 萝卜), so words that merely look like members are listed as their own
row.
"""

from __future__ import annotations

import re

_ROWS = """
西红柿 番茄 蕃茄 洋柿子
圣女果 小番茄 小西红柿 樱桃番茄 千禧果 小蕃茄
土豆 马铃薯 洋芋 山药蛋 薯仔
红薯 地瓜 番薯 甘薯 山芋 红苕
紫薯
玉米 苞米 包谷 苞谷 棒子 粟米
菠萝 凤梨
猕猴桃 奇异果
圆白菜 卷心菜 包菜 包心菜 莲花白 洋白菜 甘蓝 高丽菜 椰菜
紫甘蓝 紫包菜 紫卷心菜
菜花 花菜 花椰菜 椰菜花
西兰花 西蓝花 绿花菜 青花菜
青椒 菜椒 柿子椒 灯笼椒 甜椒
彩椒
香菜 芫荽 胡荽
黄瓜 青瓜 胡瓜
胡萝卜 红萝卜 甘笋
萝卜 莱菔
四季豆 芸豆 豆角 扁豆 刀豆 菜豆
豇豆 长豆角 豆角干
蒜苔 蒜薹 蒜毫
空心菜 通菜 蕹菜 通心菜 藤菜
油麦菜 莜麦菜 牛俐生菜
油菜 上海青 小油菜 青江菜 小棠菜 瓢儿白
大白菜 黄芽白 绍菜
西葫芦 角瓜 茭瓜 夏南瓜 美洲南瓜
南瓜 金瓜 倭瓜 番瓜 北瓜
山药 淮山 怀山 淮山药 铁棍山药
莲藕 藕
荸荠 马蹄 地栗
洋葱 圆葱 葱头 皮牙子
茄子 矮瓜 落苏
丝瓜 胜瓜
佛手瓜 合掌瓜
香菇 冬菇 花菇 香蕈
平菇 秀珍菇
口蘑 白蘑菇 双孢菇 洋蘑菇
银耳 雪耳 白木耳
木耳 黑木耳 云耳
金针菇 金菇
黄花菜 金针菜
折耳根 鱼腥草
生姜 姜
大蒜 蒜头
蒜蓉 蒜茸 蒜泥 蒜末
牛油果 鳄梨 酪梨
车厘子 樱桃
草莓 士多啤梨
百香果 鸡蛋果 西番莲
火龙果 红龙果
蓝莓
榴莲 榴梿
石榴
木瓜 番木瓜
桂圆 龙眼
银杏 白果
花生 长生果 落花生 花生米
核桃 胡桃
板栗 栗子
腰果
芝士 奶酪 乳酪 起司 干酪 起士 吉士 忌廉芝士
马苏里拉 马苏里拉芝士 莫扎里拉
吐司 土司 多士 方包 方面包
三明治 三文治 三文志
披萨 比萨 匹萨 批萨 pizza
意面 意大利面 意粉 意大利粉 意式面条
玛芬 马芬 麦芬 松糕
沙拉 色拉 沙律
咖喱 咖哩
冰淇淋 冰激凌 冰激淋 雪糕
巧克力 朱古力
布丁 布甸
奶昔
麻薯 麻糬 麻糍
松饼 班戟 热香饼
曲奇 曲奇饼 曲奇饼干
华夫饼 窝夫
蛋挞 蛋塔
慕斯 慕丝
舒芙蕾 梳乎厘 蛋奶酥
玛德琳 玛德莲
布朗尼 布朗宁
司康 司康饼
可颂 牛角包 羊角面包
泡芙
纸杯蛋糕 杯子蛋糕 杯子糕
寿司 寿斯
乌冬面 乌冬
拉面
馄饨 抄手 云吞 扁食 清汤
饺子 水饺
馒头 馍馍 饽饽
烧卖 烧麦 稍梅
葱油饼 葱花饼
手抓饼 手撕饼
酒酿 醪糟 米酒 甜酒
汤圆 汤团 元宵
豆腐脑 豆花
腐竹 豆筋
豆腐皮 千张 百叶 豆皮
豆腐干 豆干 香干 白干
粉丝 冬粉
凉皮 面皮 酿皮
鸡蛋羹 水蒸蛋 蒸水蛋 蒸蛋 蒸鸡蛋 炖蛋 鸡蛋糕
炒鸡蛋 炒蛋 摊鸡蛋
荷包蛋 煎蛋 太阳蛋 煎鸡蛋
茶叶蛋 茶蛋
皮蛋 松花蛋
咸鸭蛋 咸蛋
排骨 猪排骨 肋排 小排 肋骨 猪肋排
五花肉 三层肉 五花腩
里脊 里脊肉 里肌 里肌肉 梅花肉
肉末 肉沫 肉糜 肉碎 肉馅 碎肉
猪蹄 猪手 猪脚
大肠 肥肠 猪大肠
猪腰 腰花 猪腰子
猪肚 肚子
鸡爪 凤爪 鸡脚
鸡翅 鸡翼 鸡中翅 鸡翅中
鸡腿 琵琶腿 大鸡腿
鸡胸肉 鸡胸 鸡脯肉 鸡胸脯
鸡胗 鸡肫 鸡肾
鸡丁
乌鸡 乌骨鸡
牛腩 牛肋条
牛柳 牛里脊
肥牛 肥牛卷
羊排
培根 烟肉 咸肉片
腊肠 香肠 广味香肠
火腿肠
虾仁 虾肉 大虾仁
大虾 对虾 明虾 基围虾 海虾
皮皮虾 濑尿虾 虾爬子
小龙虾 麻小
螃蟹 大闸蟹 河蟹 梭子蟹
花蛤 蛤蜊 蛤蛎 花甲 蚬子
生蚝 牡蛎 海蛎 海蛎子 蚝
青口 贻贝 淡菜 海虹
扇贝 带子
鱿鱼 柔鱼
墨鱼 乌贼 花枝
三文鱼 鲑鱼
金枪鱼 吞拿鱼 鲔鱼
龙利鱼 巴沙鱼
带鱼 刀鱼
鳜鱼 桂鱼 桂花鱼
鲈鱼 海鲈鱼
鲫鱼
黄鳝 鳝鱼
牛蛙 田鸡
甲鱼 团鱼 鳖
海带 昆布
紫菜 海苔
白糖 砂糖 白砂糖 细砂糖
淀粉 生粉 太白粉
高筋面粉 高粉 高筋粉
低筋面粉 低粉 低筋粉
糯米 江米
小麦粉 面粉
面包糠 面包屑
黄油 牛油
淡奶油 鲜奶油 稀奶油 忌廉 动物奶油
酸奶 优格 优酪乳 酸牛奶
炼乳 炼奶
蜂蜜 蜜糖
电饭锅 电饭煲
电压力锅 电压力煲 电高压锅 电压锅
空气炸锅 空气炸
高压锅 压力锅
平底锅 煎锅
烤箱
面包机
简易 简单 简版
快手 快速
便当 盒饭
炒饭
自制 自做 家庭自制
凉拌 冷拌
油焖 油闷
红烧
"""


def _spellings() -> dict[str, str]:
    table: dict[str, str] = {}
    for row in _ROWS.split("\n"):
        words = row.split()
        for word in words:
            table.setdefault(word, words[0])
    return table


_SPELLINGS = _spellings()
_ROWS_BY_WORD = {word: frozenset(row.split()) for row in _ROWS.split("\n") for word in row.split()}
_WORDS = re.compile("|".join(sorted(map(re.escape, _SPELLINGS), key=len, reverse=True)))


def canonical_spelling(key: str) -> str:
    """`key` with every word of the table in its row's first spelling."""
    return _WORDS.sub(lambda match: _SPELLINGS[match.group()], key)


def spellings_of_word(word: str) -> frozenset[str]:
    """All words of the row that `word` stands in; none when it is in no row."""
    return _ROWS_BY_WORD.get(word, frozenset())
