"""The methods of the fake Bot API that write: each takes parameters and files, returns the `result`.

Source of every rule: core.telegram.org/bots/api, the method's own section; wording of errors as in
github.com/tdlib/telegram-bot-api (Client.cpp).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.fakes import telegram_rules as rules
from tests.fakes.forms import Files
from tests.fakes.telegram_limits import RateLimits
from tests.fakes.telegram_rules import ApiError, bad_request
from tests.fakes.telegram_world import Json, TelegramWorld
from tests.fakes.voice_notes import is_opus


class Parameters:
    """The parameters of a call: strings from a form or a query, any type from JSON."""

    def __init__(self, given: Json) -> None:
        self.given = given

    def text(self, name: str) -> str:
        value = self.given.get(name, "")
        return value if isinstance(value, str) else json.dumps(value)

    def number(self, name: str, default: int = 0) -> int:
        try:
            return int(self.given.get(name, default))
        except (TypeError, ValueError):
            raise bad_request(f'invalid parameter "{name}" specified') from None

    def parsed(self, name: str) -> Any:
        value = self.given.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None


class TelegramMethods:
    """The methods by their Bot API names, lower case (method names are case-insensitive, docs).

    Attributes:
        drafts: the last draft text of a chat by (chat_id, draft_id).
        commands: what setMyCommands set, by language code.
        actions: (chat_id, action) of every sendChatAction.
        answered: ids of answered callbacks.
    """

    def __init__(self, world: TelegramWorld, limits: RateLimits) -> None:
        self.world = world
        self.limits = limits
        self.drafts: dict[tuple[int, int], str] = {}
        self.commands: dict[str, list[Json]] = {}
        self.actions: list[tuple[int, str]] = []
        self.answered: list[str] = []
        self.table: dict[str, Callable[[Parameters, Files], Any]] = {
            "getme": self._get_me,
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_message_text,
            "sendmessagedraft": self._send_message_draft,
            "sendphoto": self._send_photo,
            "senddocument": self._send_document,
            "sendvoice": self._send_voice,
            "sendchataction": self._send_chat_action,
            "answercallbackquery": self._answer_callback_query,
            "setmycommands": self._set_my_commands,
            "getmycommands": self._get_my_commands,
            "deletemessage": self._delete_message,
            "getfile": self._get_file,
        }

    def _get_me(self, _given: Parameters, _files: Files) -> Json:
        capabilities = {"can_join_groups": True, "can_read_all_group_messages": False}
        return {**self.world.bot, **capabilities, "supports_inline_queries": False}

    def _send_message(self, given: Parameters, _files: Files) -> Json:
        body = self._text_of(given)
        return self._post(given, body)

    def _edit_message_text(self, given: Parameters, _files: Files) -> Json:
        chat = self.world.chat_for(given.number("chat_id"))
        old = self.world.message(chat["id"], given.number("message_id"))
        if old is None:
            raise bad_request("message to edit not found")
        if old["from"]["id"] != self.world.bot["id"]:
            raise bad_request("message can't be edited")
        body = self._text_of(given)
        markup = rules.check_keyboard(given.parsed("reply_markup"))
        body |= {"reply_markup": markup} if markup else {}
        if all(old.get(key) == body.get(key) for key in ("text", "entities", "reply_markup")):
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly the "
                "same as a current content and reply markup of the message"
            )
        self._count(chat)
        kept = {key: value for key, value in old.items() if key not in {"text", "entities", "reply_markup"}}
        changed = {**kept, **body, "edit_date": kept["date"]}
        self.world.messages[chat["id"], old["message_id"]] = changed
        return changed

    def _send_message_draft(self, given: Parameters, _files: Files) -> bool:
        """Docs: "for the target private chat", "draft_id … must be non-zero"; the wording is ours."""
        chat = self.world.chat_for(given.number("chat_id"))
        if chat["type"] != "private":
            raise bad_request("TEXTDRAFT_PEER_INVALID")
        if given.number("draft_id") == 0:
            raise bad_request("invalid draft identifier specified")
        self.drafts[chat["id"], given.number("draft_id")] = self._text_of(given)["text"]
        return True

    def _send_photo(self, given: Parameters, files: Files) -> Json:
        name, content = self._upload(given, files, "photo")
        width, height = rules.photo_size(content)
        known = given.text("photo")
        kept = {"file_id": known, "file_unique_id": known} if known in self.world.files else None
        size = {**(kept or self.world.keep_file(content, "photos")), "width": width, "height": height}
        return self._post(given, {"photo": [size], **self._caption_of(given)}, upload=name)

    def _send_document(self, given: Parameters, files: Files) -> Json:
        name, content = self._upload(given, files, "document")
        document = {**self.world.keep_file(content), "file_name": name}
        return self._post(given, {"document": document, **self._caption_of(given)}, upload=name)

    def _send_voice(self, given: Parameters, files: Files) -> Json:
        """Docs: "an .OGG file encoded with OPUS" (MP3 and M4A, which the bot does not make, aside).

        A person may want no voice notes (ChatFullInfo, has_restricted_voice_and_video_messages), a group may
        have banned them (ChatPermissions, can_send_voice_notes): `world.no_voice` holds what is said then.
        """
        name, content = self._upload(given, files, "voice")
        if not is_opus(content):
            raise bad_request("VOICE_FILE_INVALID")  # the wording is ours
        if reason := self.world.no_voice.get(given.number("chat_id")):
            raise bad_request(reason)
        kept = self.world.keep_file(content, "voice")
        voice = {**kept, "duration": given.number("duration"), "mime_type": "audio/ogg"}
        return self._post(given, {"voice": voice, **self._caption_of(given)}, upload=name)

    def _send_chat_action(self, given: Parameters, _files: Files) -> bool:
        chat = self.world.chat_for(given.number("chat_id"))
        self.actions.append((chat["id"], given.text("action")))
        return True

    def _answer_callback_query(self, given: Parameters, _files: Files) -> bool:
        callback_id = given.text("callback_query_id")
        if callback_id not in self.world.callbacks:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        self.world.callbacks.discard(callback_id)
        self.answered.append(callback_id)
        return True

    def _set_my_commands(self, given: Parameters, _files: Files) -> bool:
        """Docs, BotCommand: name 1-32 of a-z 0-9 _, description 1-256 characters; at most 100."""
        commands = given.parsed("commands")
        for command in commands:
            name = command["command"]
            if (
                not name.isascii()
                or not name.replace("_", "a").isalnum()
                or name != name.lower()
                or len(name) > 32
            ):
                raise bad_request("BOT_COMMAND_INVALID")
            if not 1 <= len(command["description"]) <= 256:
                raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        self.commands[given.text("language_code")] = commands
        return True

    def _get_my_commands(self, given: Parameters, _files: Files) -> list[Json]:
        return self.commands.get(given.text("language_code"), [])

    def _delete_message(self, given: Parameters, _files: Files) -> bool:
        chat = self.world.chat_for(given.number("chat_id"))
        if self.world.messages.pop((chat["id"], given.number("message_id")), None) is None:
            raise bad_request("message to delete not found")
        return True

    def _get_file(self, given: Parameters, _files: Files) -> Json:
        found = self.world.files.get(given.text("file_id"))
        if found is None:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        path, content = found
        if len(content) > rules.MAX_DOWNLOAD_BYTES:
            raise bad_request("file is too big")
        file_id = given.text("file_id")
        size = {"file_size": len(content)} if self.world.tells_sizes else {}
        return {"file_id": file_id, "file_unique_id": file_id, "file_path": path, **size}

    def _post(self, given: Parameters, body: Json, upload: str = "") -> Json:
        """What every sending method does with its chat, thread, reply and keyboard."""
        chat = self.world.chat_for(given.number("chat_id"))
        thread_id = given.number("message_thread_id")
        if thread_id and (chat["id"], thread_id) not in self.world.topics:
            raise bad_request("message thread not found")
        reply = given.parsed("reply_parameters")
        if reply:
            original = self.world.message(chat["id"], reply["message_id"])
            if original is not None:
                body = {**body, "reply_to_message": _without_reply(original)}
            elif not reply.get("allow_sending_without_reply"):
                raise bad_request("message to be replied not found")
        markup = rules.check_keyboard(given.parsed("reply_markup"))
        self._count(chat)
        return self.world.outgoing(chat, thread_id, **body, **({"reply_markup": markup} if markup else {}))

    def _count(self, chat: Json) -> None:
        self.limits.check(chat["id"], is_group=chat["type"] != "private")

    @staticmethod
    def _text_of(given: Parameters) -> Json:
        if not given.text("text").strip():
            raise bad_request("message text is empty")
        text, entities = rules.formatted(
            given.text("text"),
            given.parsed("entities"),
            given.text("parse_mode"),
            limit=rules.MAX_TEXT,
            too_long="message is too long",
        )
        return {"text": text, **({"entities": entities} if entities else {})}

    @staticmethod
    def _caption_of(given: Parameters) -> Json:
        caption, entities = rules.formatted(
            given.text("caption"),
            given.parsed("caption_entities"),
            given.text("parse_mode"),
            limit=rules.MAX_CAPTION,
            too_long="message caption is too long",
        )
        return ({"caption": caption} if caption else {}) | (
            {"caption_entities": entities} if entities else {}
        )

    def _upload(self, given: Parameters, files: Files, name: str) -> tuple[str, bytes]:
        """Docs, "Sending files": multipart, attach://<name>, or the id of a file on the server."""
        value = given.text(name)
        part = value.removeprefix("attach://") if value.startswith("attach://") else name
        if part in files:
            return files[part]
        if value in self.world.files:
            return self.world.files[value]
        raise bad_request(f"there is no {name} in the request")


def _without_reply(message: Json) -> Json:
    """Docs, Message: a replied-to message does not contain its own reply_to_message."""
    return {key: value for key, value in message.items() if key != "reply_to_message"}


__all__ = ["ApiError", "Parameters", "TelegramMethods"]
