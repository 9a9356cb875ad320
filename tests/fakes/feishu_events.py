"""What the fake Feishu pushes: its events, and how a webhook is encrypted and signed.

- The 2.0 schema, im.message.receive_v1 and card.action.trigger:
  https://open.feishu.cn/document/server-docs/im-v1/message/events/receive and
  https://open.feishu.cn/document/uAjLw4CM/ukzMukzMukzM/feishu-cards/card-callback-communication
- {"encrypt": Base64(IV ‖ AES-256-CBC(SHA-256(key), PKCS#7))} and X-Lark-Signature = SHA-256(timestamp ‖ nonce
  ‖ key ‖ body): https://open.feishu.cn/document/server-docs/event-subscription-guide/
  event-subscription-configure-/encrypt-key-encryption-configuration-case
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from Crypto.Cipher import AES

from tests.fakes.feishu_limits import Json
from tests.fakes.feishu_world import VERIFICATION_TOKEN, BotMessage, FeishuWorld, UserMessage
from tests.fakes.voice_notes import as_bytes

ALICE = "ou_alice00000000000000000000000001"
BOB = "ou_bob000000000000000000000000002"
ALICES_CHAT = "oc_alice"
GROUP = "oc_group"


@dataclass(frozen=True)
class Mention:
    """Somebody mentioned in a group."""

    open_id: str
    name: str


class FeishuEvents:
    """Makes events; a message in one exists on the platform from then on."""

    def __init__(self, world: FeishuWorld) -> None:
        self._world = world

    @property
    def bot(self) -> Mention:
        return Mention(self._world.bot_open_id, "食神")

    def private_text(self, text: str, *, user: str = ALICE, chat: str = ALICES_CHAT) -> Json:
        return self.message("text", {"text": text}, user=user, chat=chat)

    def group_text(
        self,
        text: str,
        mentions: Sequence[Mention],
        *,
        user: str = ALICE,
        chat: str = GROUP,
        thread_id: str = "",
    ) -> Json:
        """`text` says {0}, {1} … where the mentions stand."""
        keys = [f"@_user_{number}" for number in range(1, len(mentions) + 1)]
        return self.message(
            "text",
            {"text": text.format(*keys)},
            user=user,
            chat=chat,
            chat_type="group",
            thread_id=thread_id,
            mentions=mentions,
        )

    def voice_note(
        self, content: bytes | str, *, duration_ms: int = 2000, user: str = ALICE, chat: str = ALICES_CHAT
    ) -> Json:
        """A voice message; `content` in Base64 when it comes in JSON."""
        return self._with_file("audio", {"duration": duration_ms}, as_bytes(content), user, chat)

    def file(self, name: str, content: bytes | str, *, user: str = ALICE, chat: str = ALICES_CHAT) -> Json:
        """A file as the file dialog sends it."""
        return self._with_file("file", {"file_name": name}, as_bytes(content), user, chat)

    def _with_file(self, kind: str, details: Json, content: bytes, user: str, chat: str) -> Json:
        key = self._world.new_id("file_v3")
        event = self.message(kind, {"file_key": key, **details}, user=user, chat=chat)
        self._world.resources[event["event"]["message"]["message_id"], key] = content
        return event

    def message(
        self,
        kind: str,
        content: Json,
        *,
        user: str = ALICE,
        chat: str = ALICES_CHAT,
        chat_type: str = "p2p",
        thread_id: str = "",
        mentions: Sequence[Mention] = (),
    ) -> Json:
        message_id = self._world.new_id("om")
        self._world.user_messages[message_id] = UserMessage(message_id, chat, thread_id)
        message = {
            "message_id": message_id,
            "create_time": str(int(self._world.clock() * 1000)),
            "update_time": str(int(self._world.clock() * 1000)),
            "chat_id": chat,
            "chat_type": chat_type,
            "message_type": kind,
            "content": json.dumps(content, ensure_ascii=False),
        }
        if thread_id:
            message["thread_id"] = thread_id
        listed = [
            {
                "key": f"@_user_{number}",
                "id": {"union_id": f"on_{number}", "user_id": "", "open_id": mention.open_id},
                "name": mention.name,
                "tenant_key": "tenant0",
            }
            for number, mention in enumerate(mentions, 1)
        ]
        body: Json = {
            "sender": self._sender(user),
            "message": {**message, "mentions": listed} if listed else message,
        }
        return self.event("im.message.receive_v1", body)

    def pressed_button(self, message: BotMessage, label: str, *, user: str = ALICE) -> Json:
        value = self._world.buttons_of(message)[label]
        return self.event(
            "card.action.trigger",
            {
                "operator": {"tenant_key": "tenant0", "open_id": user, "union_id": "on_1"},
                "token": f"c-{secrets.token_hex(20)}",
                "action": {"value": value, "tag": "button"},
                "host": "im_message",
                "context": {"open_message_id": message.message_id, "open_chat_id": message.chat_id},
            },
        )

    def event(self, event_type: str, body: Json, *, app_id: str = "") -> Json:
        header = {
            "event_id": secrets.token_hex(16),
            "event_type": event_type,
            "create_time": str(int(self._world.clock() * 1000)),
            "token": VERIFICATION_TOKEN,
            "app_id": app_id or self._world.app_id,
            "tenant_key": "tenant0",
        }
        return {"schema": "2.0", "header": header, "event": body}

    def _sender(self, user: str) -> Json:
        sender_id = {"union_id": f"on_{user[3:]}", "user_id": "", "open_id": user}
        return {"sender_id": sender_id, "sender_type": "user", "tenant_key": "tenant0"}


def encrypted_body(event: Json, key: str) -> bytes:
    plain = json.dumps(event, ensure_ascii=False).encode()
    padding = AES.block_size - len(plain) % AES.block_size
    iv = secrets.token_bytes(AES.block_size)
    cipher = AES.new(hashlib.sha256(key.encode()).digest(), AES.MODE_CBC, iv)
    encrypted = iv + cipher.encrypt(plain + bytes([padding]) * padding)
    return json.dumps({"encrypt": base64.b64encode(encrypted).decode()}).encode()


def signed_headers(body: bytes, key: str, timestamp: float, nonce: str = "") -> dict[str, str]:
    nonce, seconds = nonce or secrets.token_hex(8), str(int(timestamp))
    signature = hashlib.sha256((seconds + nonce + key).encode() + body).hexdigest()
    return {
        "Content-Type": "application/json; charset=utf-8",
        "X-Lark-Request-Timestamp": seconds,
        "X-Lark-Request-Nonce": nonce,
        "X-Lark-Signature": signature,
    }
