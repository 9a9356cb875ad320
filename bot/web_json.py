"""The chat page's data: reply events, recipes and remembered messages as JSON-serialisable data.

An answer travels as lines of JSON, each with a `type`: accepted, stage, progress, heard, text,
text_finished, picture_failed, finished; and from the server itself waiting (nothing new, still at it) and
failed.
"""

from __future__ import annotations

import base64
import re
from typing import Any

from core.conversation import HistoryMessage
from core.messages import (
    Document,
    Heard,
    Picture,
    PictureFailed,
    Reply,
    ReplyEvent,
    ReplyFinished,
    StageFinished,
    StageProgress,
    StageStarted,
    TextDelta,
    TextFinished,
)
from core.recipe import Recipe

PICTURE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.(?:png|jpg|jpeg|webp)")
"""File names that may be asked for; nothing in them can leave the picture folder."""


def event_data(event: ReplyEvent) -> dict[str, Any]:  # noqa: PLR0911 - one a kind
    """One event of an answer."""
    match event:
        case StageStarted(stage):
            return {"type": "stage", "stage": stage.value, "state": "started"}
        case StageFinished(stage, duration_ms):
            data = {"type": "stage", "stage": stage.value, "state": "finished"}
            return {**data, "duration_ms": round(duration_ms, 1)}
        case StageProgress(stage, done, total):
            return {"type": "progress", "stage": stage.value, "done": done, "total": total}
        case Heard(text):
            return {"type": "heard", "text": text}
        case TextDelta(text, restart):
            return {"type": "text", "text": text, "restart": restart}
        case TextFinished(reply):
            return {"type": "text_finished", "reply": reply_data(reply)}
        case PictureFailed(code):
            return {"type": "picture_failed", "code": code}
        case ReplyFinished(reply, timings_ms):
            return {"type": "finished", "reply": reply_data(reply), "timings_ms": timings_ms}


def reply_data(reply: Reply) -> dict[str, Any]:
    """A whole reply. `card` says whether a recipe card is drawn: instead of the text, beside it, or none."""
    card = "none"
    if reply.shows_recipe and reply.recipe is not None:
        card = "instead" if reply.lead else "beside"
    return {
        "text": reply.text,
        "lead": reply.lead,
        "card": card,
        "recipe": recipe_data(reply.recipe) if reply.recipe else None,
        "picture": picture_data(reply.picture) if reply.picture else None,
        "refused": reply.refused,
        "buttons": [{"label": button.label, "message": button.message} for button in reply.buttons],
        "document": document_data(reply.document) if reply.document else None,
        "error_code": reply.error_code,
        "transcript": reply.transcript,
        "read_aloud": reply.read_aloud,
    }


def recipe_data(recipe: Recipe) -> dict[str, Any]:
    """A recipe as the card shows it."""
    return {
        "name": recipe.name,
        "cuisine": recipe.cuisine,
        "tastes": recipe.tastes,
        "servings": recipe.servings,
        "minutes": recipe.minutes,
        "difficulty": recipe.difficulty,
        "allergens": recipe.allergens,
        "ingredients": [{"name": i.name, "amount": i.amount} for i in recipe.ingredients],
        "steps": recipe.steps,
        "tips": recipe.tips,
        "source": recipe.source,
    }


def picture_data(picture: Picture) -> dict[str, Any] | None:
    """Where the page finds the picture, with its size in pixels; None when its name cannot be served."""
    if not PICTURE_NAME.fullmatch(picture.path.name):
        return None
    url = f"/pictures/{picture.path.name}"
    return {"url": url, "width": picture.width, "height": picture.height, "kind": picture.kind}


def document_data(document: Document) -> dict[str, str]:
    """A file within the answer, its bytes in Base64."""
    content = base64.b64encode(document.content).decode("ascii")
    return {"file_name": document.file_name, "media_type": document.media_type, "content": content}


def history_data(message: HistoryMessage) -> dict[str, Any]:
    """A remembered message, an assistant's in the shape of a reply.

    How a recipe was shown is not remembered, so it is read off: a text that holds every ingredient and
    every step is what the card says, and the card takes its place.
    """
    picture = None
    if PICTURE_NAME.fullmatch(message.picture_name):
        picture = {"url": f"/pictures/{message.picture_name}", "width": None, "height": None, "kind": None}
    card = "none"
    if message.recipe is not None and (picture or _tells_whole(message.text, message.recipe)):
        card = "instead" if _tells_whole(message.text, message.recipe) else "beside"
    return {
        "role": message.role,
        "created_at": message.created_at.isoformat(),
        "text": message.text,
        "lead": "",
        "card": card,
        "recipe": recipe_data(message.recipe) if message.recipe else None,
        "picture": picture,
        "refused": message.refused,
        "buttons": [],
        "document": None,
        "error_code": None,
        "transcript": "",
        "read_aloud": False,
    }


def _tells_whole(text: str, recipe: Recipe) -> bool:
    parts = (*(ingredient.name for ingredient in recipe.ingredients), *recipe.steps)
    return bool(recipe.steps) and all(part in text for part in parts)
