"""What a user reads when something failed, and the last-resort handler that sees to it.

`GuardedHandler` is one of the two places that catch every exception (the other is a backend's border):
whatever happens inside, the user gets a sentence and the bot goes on with the next message.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing

from bot.message_handler import MessageHandler
from core.errors import BotError
from core.messages import IncomingMessage, Reply, ReplyEvent, ReplyFinished, TextDelta, TextFinished

logger = logging.getLogger(__name__)

_WORDS = {
    "transcribe": "这段语音没能听出来，请再说一遍，或者打字告诉我。",
    "retrieve": "菜谱库暂时查不了，请稍后再试。如果一直这样，请管理员运行 python -m bot check 看看原因。",
    "generate": "这次没能写出回答，请再问我一次。",
    "model_unavailable": "语言模型现在连不上，请稍后再试。",
    "model_rejected": "语言模型拒绝了请求，请管理员检查 LLM_API_KEY 和 LLM_MODEL。",
    "model_response": "语言模型的回答不完整，请再问我一次。",
    "disk_full": "服务器的磁盘满了，这条消息没能保存。之前的内容都还在，请管理员腾出空间后再试。",
    "storage": "数据库暂时写不进去，这条消息没能保存。之前的内容都还在，请稍后再试。",
    "database_corrupt": "数据库文件坏了，需要管理员处理。请管理员运行 python -m bot check。",
    "index_missing": "菜谱库还没有建好，请管理员运行 python -m index build。",
    "index_mismatch": "菜谱库和当前设置对不上，请管理员运行 python -m index build 重建。",
    "index_corrupt": "菜谱库的文件坏了，请管理员运行 python -m index build 重建。",
}
INTERNAL = "厨房里出了点问题，这个问题没能答上来。请再问一次；如果一直这样，请告诉管理员。"


def reply_for(error: BotError) -> Reply:
    """The reply that explains `error` in plain words, without any detail of it."""
    return Reply(text=_WORDS.get(error.code, INTERNAL), error_code=error.code)


class GuardedHandler:
    """A handler whose answers never end in an exception.

    Args:
        handler: the handler that does the work.
    """

    def __init__(self, handler: MessageHandler) -> None:
        self._handler = handler

    async def handle(self, message: IncomingMessage) -> AsyncGenerator[ReplyEvent, None]:
        """Answer `message`; an error becomes the reply, in place of what was streamed so far."""
        answered = False
        try:
            async with aclosing(self._handler.handle(message)) as events:
                async for event in events:
                    answered = answered or isinstance(event, TextFinished)
                    yield event
        except BotError as exc:
            reply = reply_for(exc)
            logger.warning("answer_failed message_id=%s code=%s", message.message_id, exc.code)
        except Exception as exc:  # noqa: BLE001 - the last resort: the bot must live on
            reply = Reply(text=INTERNAL, error_code="internal")
            logger.critical("answer_failed message_id=%s error=%s", message.message_id, _place(exc))
        else:
            return
        if not answered:
            yield TextDelta(reply.text, restart=True)
            yield TextFinished(reply)
        yield ReplyFinished(reply, {})


def _place(error: BaseException) -> str:
    """Type and place of an exception; its text may hold a user's words and is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else "?"
    return f"{type(error).__name__} at {where}"
