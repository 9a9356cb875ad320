"""The reply around a text: recipe, lead, buttons, and what the history needs of it."""

from __future__ import annotations

from core.answering import AnotherDish, AnswerRequest, Turn, Understanding
from core.composer import Composer, lead_of, refusal_buttons, refusal_text, shows_recipe, suggestions_of
from core.messages import Reply
from core.ports import Hit
from core.stopping import STOPPED
from core.web_answers import web_button


def answer(request: AnswerRequest, text: str) -> Reply:
    """The reply with `text` as its answer to `request`.

    A lead means that a card can take the text's place; so only the composer's own rendering gets one. A text
    that was stopped shows no recipe whole and is not read aloud; if nothing was written, no dish was shown.
    """
    if text == STOPPED:
        return Reply(text=text)
    says_what_card_says = shows_recipe(request) and text == Composer().compose(request)
    is_whole = not text.endswith(STOPPED)
    return Reply(
        text=text,
        lead=lead_of(request) if says_what_card_says else "",
        recipe=request.recipe,
        shows_recipe=is_whole and shows_recipe(request),
        refused=request.recipe is None and request.turn.preferences.rag and not request.pages,
        buttons=suggestions_of(request),
        query=_query_behind(request),
        read_aloud=is_whole and request.turn.preferences.voice,
    )


def refusal(
    turn: Turn, understanding: Understanding, nearest: tuple[Hit, ...], *, offers_web: bool = False
) -> Reply:
    """A friendly no; 「换一道」 with nothing left to show says just that. Buttons are what it offers."""
    shown = turn.conversation.shown_recipe_ids(understanding.query)
    exhausted = isinstance(understanding.aspect, AnotherDish) and bool(shown)
    text = refusal_text(understanding.query, nearest, exhausted=exhausted)
    offered = tuple(button for button in refusal_buttons(nearest) if button.label in text)
    if offers_web and not exhausted:
        offered += web_button(understanding.query)
    return Reply(text=text, refused=True, buttons=offered, read_aloud=turn.preferences.voice)


def _query_behind(request: AnswerRequest) -> str:
    """The question that found the recipe; a follow-up carries it on, however long the conversation gets."""
    if request.recipe is None:
        return ""
    return request.understanding.query or request.turn.conversation.query_behind(request.recipe)
