"""What a turn asks for, by rules alone: the aspect of which dish.

The rules (`core.question_rules`) read a follow-up; here it is placed: about the dish at hand, about a dish
that is named in it, or about none that is known. What no rule reads is a question of its own and is
searched with as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace

from core.answering import Advice, AmountOf, AnotherDish, Turn, Understanding, WholeRecipe
from core.conversation import Conversation
from core.ingredient_words import is_seasoning, kind_named
from core.list_follow_ups import about_list
from core.question_rules import RULES, Found, Scene
from core.question_text import DEPENDENT_SUBJECT, prepared, simplified, subject_in
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
    if text and not is_courtesy(turn.question):
        found = _first_match(text, scene) or _bare_ingredient(text, turn.question, scene)
        if found is not None and not (scene.dish is None and _FORBIDS.match(turn.question)):
            return _placed(found, turn, scene.dish)
    return _searched(text, turn, scene)


def is_courtesy(question: str) -> bool:
    """Whether the words are a greeting or thanks, and no question."""
    words = question[:_LONGEST_COURTESY].strip(" 。，！!~～.?？")
    return len(question) <= _LONGEST_COURTESY and _COURTESY.fullmatch(words) is not None


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
    subject = subject_in(found.subject)
    if isinstance(found.aspect, AnotherDish):
        return _another(subject, turn, dish)
    if dish is not None and (not subject or _is_about(subject, dish)):
        return Understanding(found.aspect, dish=dish)
    if not subject:
        return Understanding(found.aspect)
    query = f"{subject}怎么做" if len(subject) <= _LONGEST_SUBJECT else turn.question
    return Understanding(WholeRecipe() if found.whole_if_new else found.aspect, query=query)


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
