"""What a question may mean beside what it says: readings that are tried when a search does not settle it.

Whether 「糖熬到什么颜色关火」 names a dish is for the index to say. So a question without a rule is searched
with first; when no dish of that name is found, it is about the dish at hand, adds to the wish that was
answered last, or changes to the dish that its last words name.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from dataclasses import replace

from core.answering import Advice, Aspect, Turn, Understanding, WholeRecipe
from core.dish_lists import offers_list
from core.kitchen_talk import asks_for_a_dish, asks_how, is_elsewhere, is_kitchen_talk, is_sentence, is_switch
from core.list_follow_ups import adds_to_wish, open_wish, refined
from core.ports import Retrieval
from core.question_text import DEPENDENT_SUBJECT, simplified
from core.recipe import Recipe

Settling = Generator[Understanding, Retrieval, tuple[Understanding, Retrieval | None]]

_OPENS = re.compile(
    "^(?:那?就?(?:换成?|改成?|改做|改弄|还是)?(?:(?:来|弄|做|搞|整|配|吃|炒|煮|换)(?:个|份|道|碗|点)?|教我)|换成?|改成?|改做"
    "|我[要说]的是|再配?[个份道]?|那|说)"
)
_CLOSES = re.compile("(?:吧|得了|好了|算了|也行|怎么.{0,3}|咋.{0,2}|的?做法)$")
_EXCLUDES = re.compile("别|过敏|不[吃放含加能喝用]|不要(?!.{0,6}了)|忌|素|清真|除了")
_LONGEST_NAME = 10
_MOST_NAMES = 2


def with_readings(understood: Understanding, text: str, aspect: Aspect | None, turn: Turn) -> Understanding:
    """`understood`, a search, with what is meant when it finds no dish of that name.

    Args:
        understood: the search with the question itself.
        text: the question, prepared for the rules.
        aspect: what the rules read in a part of it.
        turn: the question in its conversation.
    """
    dish = turn.conversation.dish_at_hand
    if understood.dish is not None or understood.otherwise is not None or not text or is_elsewhere(text):
        return understood
    talk = dish is not None and (
        is_kitchen_talk(text, dish) or (aspect is not None and is_kitchen_talk(text, dish, reads_aspect=True))
    )
    last = Understanding(aspect or Advice("other"), dish=dish) if talk else None
    wish = open_wish(turn.conversation) if adds_to_wish(text) and not asks_for_a_dish(text) else ""
    if wish:
        last = Understanding(WholeRecipe(), query=refined(wish, text), otherwise=last)
    names = _names_at_ends(text) if turn.conversation.messages else []
    for name in names:
        last = Understanding(WholeRecipe(), query=f"{name}怎么做", otherwise=last, by_name=True)
    if last is None:
        return understood
    by_name = (talk or bool(wish)) and not is_switch(text)
    return replace(understood, otherwise=last, by_name=by_name or (bool(names) and asks_how(text)))


def settling(understood: Understanding) -> Settling:
    """Search for one reading after the other, until one is settled.

    Yields a reading to search for and is sent what was found; returns the reading that counts and its find,
    None when it is about the dish at hand. When no search settles anything, the first that found something
    counts, else the question itself.
    """
    tried: list[tuple[Understanding, Retrieval]] = []
    wanted: Understanding | None = understood
    while wanted is not None:
        if wanted.dish is not None or not wanted.query:
            return wanted, None
        found = yield wanted
        tried.append((wanted, found))
        if wanted.otherwise is None or _settles(wanted, found):
            break
        wanted = wanted.otherwise
    if _answers(tried[-1][1]):
        return tried[-1]
    likely = (each for each in tried if each is tried[0] or not each[0].by_name)
    return next((each for each in likely if not each[1].refused), tried[0])


def _settles(wanted: Understanding, found: Retrieval) -> bool:
    return _names_its_dish(wanted, found) if wanted.by_name else _answers(found)


def _answers(found: Retrieval) -> bool:
    return bool(found.hits and not found.refused) or offers_list(found)


def _names_its_dish(understood: Understanding, found: Retrieval) -> bool:
    """Whether the best hit is named in the question, and no mere ingredient of the dish at hand."""
    if found.refused or not found.hits or found.is_choice:
        return False
    best, own = found.hits[0].recipe, _dish_of(understood)
    said = simplified(understood.query)
    names = [name for name in map(simplified, (best.name, *best.aliases)) if len(name) > 1 and name in said]
    if own is None:
        return bool(names)
    ingredients = [simplified(i.name) for i in own.ingredients]
    return best.recipe_id != own.recipe_id and any(all(n not in i for i in ingredients) for n in names)


def _dish_of(understood: Understanding) -> Recipe | None:
    while understood.otherwise is not None:
        understood = understood.otherwise
    return understood.dish


def _names_at_ends(text: str) -> list[str]:
    """What a clause of `text` may name: 「等不及了，换馄饨」. The last clause is tried first."""
    clauses = re.split("[,，。;；!！ ]", text)
    if _EXCLUDES.search(text):  # 「炒鸡蛋，别放番茄」 must not be cut in two.
        return []
    names = []
    for clause in clauses:
        opened = _OPENS.sub("", clause)
        name = _CLOSES.sub("", opened)
        is_said = opened != clause or len(clauses) > 1
        if (
            is_said
            and 2 <= len(name) <= _LONGEST_NAME
            and not (is_sentence(name) or DEPENDENT_SUBJECT.fullmatch(name))
        ):
            names.append(name)
    return names[-_MOST_NAMES:]
