"""What a turn asks for, by rules alone: the aspect of which dish.

The rules (`core.question_rules`) read a follow-up; here it is placed: about the dish at hand, about a dish
that is named in it, or about none that is known. What no rule reads is a question of its own and is
searched with as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace

from core.answering import (
    Adjusted,
    Advice,
    AmountOf,
    AnotherDish,
    Aspect,
    Turn,
    Understanding,
    WholeRecipe,
    Without,
)
from core.conversation import Conversation
from core.ingredient_words import VOCABULARY, is_seasoning, kind_named, split_list
from core.kitchen_talk import is_elsewhere, is_kitchen_talk, is_of_recipe, is_sentence
from core.list_follow_ups import about_list, adds_to_wish
from core.question_rules import RULES, Found, Scene
from core.question_rules.pieces import is_known
from core.question_text import DEPENDENT_SUBJECT, prepared, simplified, subject_in
from core.readings import with_readings
from core.recipe import Recipe

_SHOWN_STEP = re.compile(r"第([0-9]{1,3})步")
_LONGEST_SUBJECT = 16
_SHORTEST_QUESTION = 3
_LONGEST_COURTESY = 20
_PRONOUN = re.compile("它|这道菜|这个菜|这菜|这道|那道菜|刚才|上面|前面|这份")
_DEPENDENT = re.compile(
    "^(?:那|它|这个|这道|这样|也|还|为什么|怎么办|行不行|可以)|它|这道|这个菜|刚才|上面说"
)
_FORBIDS = re.compile("(?:我们?)?(?:不要|不吃|不含|别放|对.{1,8}过敏|.{1,4}过敏)[^吗]{0,12}$")
"""Said before there is a dish, it wishes for dishes without something."""
_ASKS_HOW = re.compile("怎么|怎样|如何|做法|菜谱|什么|多少|几|哪|吗|没有")
_RECOMMENDS = re.compile("推荐|来几[个道样]")
"""「推荐几个汤」 asks for no amount."""
_WITHOUT_ASKING = re.compile("[^吗怎咋行可]*(?:别|不要|不能)[^吗怎咋行可]*")
"""「白菜别放辣椒」 wishes for dishes without something; it asks nothing of one."""
_LACKS = re.compile(
    "(?:^|[,，]|家里|手边)(?:没有?(?P<after>[^,，了吗没]{1,6})|(?P<before>[^,，了吗没]{1,6}?)(?:没有?了?|用完了))[,，]"
)
_CLAUSE_ENDS = re.compile("[,，。;；!！?？ ]+")
_SAME_WAY = re.compile("(?:换成?|改成|改用)(?P<food>.{1,6})")
"""「换成排骨呢」 after 红烧肉: 红烧排骨, if there is such a dish."""
_GOES_BACK = re.compile(
    "(?:还是|咱们?|我们|先|再|说)*(?:说回到?|回到|回头说|接着说|继续说|(?=刚才|刚刚|之前|前面|一开始|最开始))"
    "(?:刚才|刚刚|之前|前面|一开始|最开始)?(?:那个|那道|那份|说的|的)*"
    "(?P<dish>[^,，。]{2,8}?)(?:吧|来说)?(?:[,，。]+|$)"
)
_COURTESY = re.compile(
    "谢谢[你您]?|多谢|感谢|[你您]好啊?|早上好|中午好|下午好|晚上好|嗨|哈喽|hi|hello|再见|拜拜"
    "|好的?|嗯+|ok|知道了|明白了|收到",
    re.IGNORECASE,
)


def understand(turn: Turn) -> Understanding:
    """Find aspect and subject of a turn. Pure; any text is accepted."""
    listed = about_list(turn)
    if listed is not None:
        return listed
    scene = Scene(turn.conversation.dish_at_hand, _step_shown_last(turn.conversation))
    text = prepared(turn.question)
    if is_courtesy(turn.question):
        return _searched(text, turn, scene)
    back = _back_to(text, turn.conversation)
    if back is not None:
        return back
    found = None if _adds_to_list(text, turn) else _read(text, turn.question, scene)
    if found is not None and not (scene.dish is None and _FORBIDS.match(turn.question)):
        subject = subject_in(found.subject)
        if not (
            scene.dish is not None and subject and (is_sentence(subject) or _CLAUSE_ENDS.search(subject))
        ):
            return _or_in_part(_placed(found, turn, scene.dish), text, scene)
    aspect = _aspect_in_part(text, scene) or (_sane(found, scene) if found is not None else None)
    return with_readings(_searched(text, turn, scene), text, aspect, turn)


def _or_in_part(placed: Understanding, text: str, scene: Scene) -> Understanding:
    """「小朋友也吃，辣椒能全拿掉吗」: the first clause may be no dish."""
    if scene.dish is None or not placed.query or placed.otherwise is not None or "," not in text:
        return placed
    aspect = _aspect_in_part(text, scene)
    if aspect is None or not is_kitchen_talk(text, scene.dish, reads_aspect=True):
        return placed
    return replace(placed, otherwise=Understanding(aspect, dish=scene.dish), by_name=True)


def _sane(found: Found, scene: Scene) -> Aspect | None:
    """The aspect of words whose beginning is no dish: 「泡一宿会不会太咸」."""
    match found.aspect:
        case AmountOf(ingredient=name) | Without(ingredient=name) | Adjusted(quality=name):
            names = split_list(name)
            return found.aspect if names and all(is_known(each, scene) for each in names) else None
        case AnotherDish() | WholeRecipe():
            return None
    return found.aspect


def _adds_to_list(text: str, turn: Turn) -> bool:
    """Whether `text` says more of the wish that has just been answered with a list."""
    latest = next((m for m in reversed(turn.conversation.messages) if m.role == "assistant"), None)
    return latest is not None and latest.recipe is None and bool(latest.query) and adds_to_wish(text)


def is_courtesy(question: str) -> bool:
    """Whether the words are a greeting or thanks, and no question."""
    words = question[:_LONGEST_COURTESY].strip(" 。，！!~～.?？")
    return len(question) <= _LONGEST_COURTESY and _COURTESY.fullmatch(words) is not None


def _read(text: str, question: str, scene: Scene) -> Found | None:
    if not text:
        return None
    found = _first_match(text, scene) or _bare_ingredient(text, question, scene)
    if found is not None and isinstance(found.aspect, AmountOf | Without):
        return None if "," in found.aspect.ingredient or _RECOMMENDS.search(text) else found
    return found


def _aspect_in_part(text: str, scene: Scene) -> Aspect | None:
    """What a clause asks of the dish at hand: 「孩子也吃，料酒不放行不行」."""
    read = [_first_match(prepared(clause), scene) for clause in _CLAUSE_ENDS.split(text)]
    aspects: list[Aspect] = [
        found.aspect
        for found in read
        if found is not None
        and not isinstance(found.aspect, AnotherDish | WholeRecipe)
        and scene.dish is not None
        and (not (subject := subject_in(found.subject)) or _is_about(subject, scene.dish))
    ]
    return _replaced(aspects, text) if aspects else None


def _replaced(aspects: list[Aspect], text: str) -> Aspect:
    """The first of `aspects`; of 「没烤箱，用空气炸锅成吗」 what lacks and what takes its place, together."""
    substitute = next((a.substitute for a in aspects if isinstance(a, Without) and not a.ingredient), "")
    if not substitute:
        return aspects[0]
    named = next((a.ingredient for a in aspects if isinstance(a, Without) and a.ingredient), "")
    lacks = _LACKS.search(text)
    return Without(named or (lacks["before"] or lacks["after"] if lacks else ""), substitute)


def _back_to(text: str, conversation: Conversation) -> Understanding | None:
    """「说回刚才那个炒蛋，用几个鸡蛋」: an earlier dish of the conversation, and what is asked of it."""
    match = _GOES_BACK.match(text)
    if match is None:
        return None
    shown = [m.recipe for m in reversed(conversation.messages) if m.recipe is not None]
    dish = next((d for d in shown if any(match["dish"] in simplified(n) for n in (d.name, *d.aliases))), None)
    if dish is None:
        return None
    rest = text[match.end() :]
    found = _first_match(prepared(rest), Scene(dish))
    if found is not None and not isinstance(found.aspect, AnotherDish):
        return Understanding(found.aspect, dish=dish)
    return Understanding(Advice("other") if rest else WholeRecipe(), dish=dish)


def _first_match(text: str, scene: Scene) -> Found | None:
    for rule in RULES:
        match = rule.pattern.fullmatch(text)
        if match is not None:
            found = rule.build(match, scene)
            if found is not None:
                return found
    return None


def _bare_ingredient(text: str, question: str, scene: Scene) -> Found | None:
    """「糖呢」 after a dish; a seasoning needs no 呢."""
    word = text.removeprefix("那").removesuffix("呢")
    if scene.dish is None:
        return None
    asked_on = question.rstrip(" ？?。!！").endswith("呢")
    if is_seasoning(word) or (asked_on and _is_ingredient(word, scene.dish)):
        return Found(AmountOf(word))
    return None


def _placed(found: Found, turn: Turn, dish: Recipe | None) -> Understanding:
    subject, aspect = subject_in(found.subject), found.aspect
    if isinstance(aspect, AnotherDish):
        return _another(subject, turn, dish)
    if dish is not None and (not subject or _is_about(subject, dish)):
        meant = Understanding(aspect, dish=dish)
        if isinstance(aspect, Without) and _may_be_a_dish(aspect):
            query = f"{aspect.substitute}怎么做"
            return Understanding(WholeRecipe(), query=query, otherwise=meant, by_name=True)
        return meant
    if not subject:
        return Understanding(aspect)
    if isinstance(aspect, Without) and _WITHOUT_ASKING.fullmatch(turn.question[:_LONGEST_COURTESY]):
        return Understanding(WholeRecipe(), query=turn.question.strip())
    query = f"{subject}怎么做" if len(subject) <= _LONGEST_SUBJECT else turn.question
    is_here = dish is not None and is_of_recipe(subject, dish) and not is_elsewhere(turn.question)
    meant_here = Understanding(aspect, dish=dish) if is_here else None
    return Understanding(
        WholeRecipe() if found.whole_if_new else aspect,
        query=query,
        otherwise=meant_here,
        by_name=meant_here is not None,
    )


def _may_be_a_dish(aspect: Without) -> bool:
    """「换成白切鸡，怎么弄」 is no ingredient that takes another one's place."""
    return not aspect.ingredient and aspect.substitute not in VOCABULARY


def _another(subject: str, turn: Turn, dish: Recipe | None) -> Understanding:
    conversation = turn.conversation
    query = (
        f"{subject}怎么做" if subject and not (dish and _is_about(subject, dish)) else conversation.last_query
    )
    exclude = conversation.shown_recipe_ids(query)
    if dish is not None:
        exclude |= {dish.recipe_id}
    return Understanding(AnotherDish(), query=query, exclude=exclude)


def _searched(text: str, turn: Turn, scene: Scene) -> Understanding:
    """No rule fits: a question of its own, unless it plainly leans on what was said before."""
    whole = Understanding(WholeRecipe(), query=turn.question.strip())
    if is_courtesy(turn.question):
        return whole
    if scene.dish is not None and len(text) <= _LONGEST_SUBJECT and _PRONOUN.search(text):
        return Understanding(Advice("other"), dish=scene.dish, certain=False)
    asked_on = turn.question.rstrip(" ？?。!！").endswith("呢")
    subject = subject_in(text) if asked_on and not _ASKS_HOW.search(text) else ""
    if scene.dish is not None and (other := _SAME_WAY.match(subject)) is not None:
        plain = replace(whole, query=f"{other['food']}怎么做", certain=False)
        same_way = f"{scene.dish.name[:2]}{other['food']}怎么做"
        return replace(plain, query=same_way, otherwise=plain, by_name=True)
    if subject and len(subject) <= _LONGEST_SUBJECT:
        return replace(whole, query=f"{subject}怎么做", certain=not turn.conversation.messages)
    if not turn.conversation.messages:
        return whole
    short = len(text) < _SHORTEST_QUESTION or DEPENDENT_SUBJECT.fullmatch(text) is not None
    depends = bool(text) and (short or _DEPENDENT.search(simplified(turn.question[:200])) is not None)
    return replace(whole, certain=not depends)


def _is_about(subject: str, dish: Recipe) -> bool:
    """Whether `subject` means the dish at hand: its name, a part of it, an ingredient, words of a step."""
    names = {simplified(name) for name in (dish.name, *dish.aliases)}
    if subject in names or (len(subject) == 2 and any(subject in name for name in names)):
        return True
    if any(subject in i.name or subject == i.name for i in dish.ingredients):
        return True
    kind = kind_named(subject)
    is_kind = kind.words != (subject,) and any(kind.is_in(i.name) for i in dish.ingredients)
    return is_kind or any(subject in step for step in dish.steps)


def _is_ingredient(word: str, dish: Recipe) -> bool:
    return bool(word) and any(word in i.name or kind_named(word).is_in(i.name) for i in dish.ingredients)


def _step_shown_last(conversation: Conversation) -> int:
    """The number of the step that the latest answer presented, or 0."""
    latest = next((m for m in reversed(conversation.messages) if m.role == "assistant"), None)
    match = _SHOWN_STEP.match(latest.text) if latest is not None else None
    return int(match[1]) if match else 0
