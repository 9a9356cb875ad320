"""Messages and replies as JSON text: what the durable inbox stores, and what survives a restart.

Written with ASCII only, so that no database meets half a surrogate pair or a NUL. What a newer version
wrote and this one does not know is left out; what an older one did not write takes its default.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from core.errors import CorpusError
from core.messages import Button, ChatKey, Document, IncomingMessage, Picture, Reply, UserKey, VoiceNote
from core.recipe import Recipe


@dataclass(frozen=True, slots=True)
class Event:
    """An accepted message.

    Attributes:
        key: digest of chat and message id; the deliveries' idempotency keys are made from it.
        message: what was said.
        accepted_at: when it was stored; how long its delivery is tried counts from here.
    """

    key: str
    message: IncomingMessage
    accepted_at: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What the first step of a turn keeps.

    Attributes:
        reply: the answer; its picture included when it was there at once.
        picture_follows: the text was complete while the picture was still being drawn.
    """

    reply: Reply
    picture_follows: bool = False


def encode_event(event: Event) -> str:
    """`event` as JSON."""
    message = event.message
    data = asdict(message) | {"received_at": message.received_at.isoformat()}
    return json.dumps({"key": event.key, "message": data, "accepted_at": event.accepted_at.isoformat()})


def decode_event(text: str) -> Event:
    """Read what `encode_event` wrote."""
    data = json.loads(text)
    message = _known(IncomingMessage, data["message"])
    message["chat"] = ChatKey(**message["chat"])
    message["user"] = UserKey(**message["user"])
    voice = message.get("voice")
    message["voice"] = voice and VoiceNote(**_known(VoiceNote, voice))
    message["received_at"] = datetime.fromisoformat(message["received_at"])
    accepted_at = datetime.fromisoformat(data["accepted_at"])
    return Event(data["key"], IncomingMessage(**message), accepted_at)


def encode_answer(answer: Answer) -> str:
    """`answer` as JSON. A picture is kept by its path, a document by its content."""
    reply = answer.reply
    plain = {field.name: getattr(reply, field.name) for field in fields(Reply)}
    plain["recipe"] = reply.recipe and reply.recipe.to_dict()
    plain["buttons"] = [asdict(button) for button in reply.buttons]
    plain["picture"] = reply.picture and asdict(reply.picture) | {"path": str(reply.picture.path)}
    plain["document"] = reply.document and asdict(reply.document) | {
        "content": base64.b64encode(reply.document.content).decode()
    }
    return json.dumps({"reply": plain, "picture_follows": answer.picture_follows})


def decode_answer(text: str) -> Answer:
    """Read what `encode_answer` wrote."""
    data = json.loads(text)
    plain = _known(Reply, data["reply"])
    plain["recipe"] = _recipe(plain["recipe"])
    plain["buttons"] = tuple(Button(**_known(Button, button)) for button in plain["buttons"])
    if plain["picture"]:
        picture = _known(Picture, plain["picture"])
        plain["picture"] = Picture(**picture | {"path": Path(picture["path"])})
    if plain["document"]:
        document = _known(Document, plain["document"])
        plain["document"] = Document(**document | {"content": base64.b64decode(document["content"])})
    return Answer(Reply(**plain), data["picture_follows"])


def _recipe(data: Any) -> Recipe | None:
    """The stored recipe, or None when it has a form that this version does not read: the text says it all."""
    try:
        return data and Recipe.from_dict(data)
    except CorpusError:
        return None


def _known(kind: type, data: Mapping[str, Any]) -> dict[str, Any]:
    """The entries of `data` that `kind` has fields for."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in data.items() if name in names}


def event_key(message: IncomingMessage) -> str:
    """What a message is known by when it comes again; says nothing about anybody."""
    return digest(message.chat.channel, message.chat.chat_id, message.chat.thread_id, message.message_id)


def digest(*parts: str) -> str:
    """A key that says nothing about its parts: 40 hexadecimal digits."""
    return hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()[:40]
