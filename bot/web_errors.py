"""What the web server says when it cannot serve a request: code → HTTP status and the words a user reads."""

from __future__ import annotations

import json
import logging
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from core.errors import BotError

logger = logging.getLogger(__name__)

REFUSALS: dict[str, tuple[int, str]] = {
    "bad_request": (400, "这条消息的格式不对，请刷新页面再试。"),
    "no_session": (401, "还没有会话。请刷新页面；如果一直这样，请允许浏览器保存 Cookie。"),
    "not_administrator": (
        403,
        "这个页面只给管理员看。请把你的编号（发 /export 看得到）写进设置 ADMINISTRATORS，再重新启动。",
    ),
    "origin_refused": (403, "这个请求不是从本页面发来的，已拒绝。"),
    "host_refused": (403, "不允许用这个地址访问。请把它写进设置 WEB_ALLOWED_HOSTS，再重新启动。"),
    "not_found": (404, "没有这个页面。"),
    "voice_off": (404, "食神现在还听不了语音，请打字告诉它。"),
    "speech_gone": (404, "这条回答现在读不了，请再问一次。"),
    "method_refused": (405, "不支持这种请求方法。"),
    "request_timeout": (408, "消息没有传完，请再试一次。"),
    "message_id_reused": (409, "这个消息编号已经用过了，请刷新页面再试。"),
    "recording_gone": (410, "这段录音没有送到，请再录一遍。"),
    "too_long": (413, "这段话太长了，请分成几条短一点的来问。"),
    "recording_too_large": (413, "这段录音太大了，请录短一点再发。"),
    "not_audio": (415, "这不是录音，只接受声音文件。"),
    "not_json": (415, "只接受 JSON 格式的消息。"),
    "chat_busy": (429, "前面还有几条消息在等着回答，请稍等一会儿再发。"),
    "too_many_streams": (429, "打开的页面太多了，请关掉几个再试。"),
    "interrupted": (500, "回答到一半出了问题，请重试。"),
    "internal": (500, "厨房里出了点问题，请稍后重试。"),
    "search_failed": (503, "菜谱库暂时查不了，请稍后再试，或运行 python -m bot check 看看原因。"),
    "speech_failed": (503, "这条回答没能读出来，请过一会儿再试。"),
    "server_busy": (503, "现在来问的人太多，厨房忙不过来，请过一会儿重试。"),
    "closing": (503, "食神正在重启，请过一会儿重试。"),
}
_RETRY_AFTER_SECONDS = "5"
_CODE_OF_STATUS = {404: "not_found", 405: "method_refused", 413: "too_long"}


def json_bytes(data: Any) -> bytes:
    """`data` as JSON in UTF-8. Lone surrogates, which UTF-8 cannot hold, stay as JSON's own escapes."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def json_response(data: Any, *, status: int = 200) -> web.Response:
    """A JSON answer that no cache keeps."""
    return web.Response(
        body=json_bytes(data),
        status=status,
        content_type="application/json",
        charset="utf-8",
        headers={"Cache-Control": "no-store"},
    )


def refusal_data(code: str) -> dict[str, str]:
    """The code and the words of a refusal; an unknown code gets the general words."""
    return {"code": code, "message": REFUSALS.get(code, REFUSALS["internal"])[1]}


def refusal(code: str) -> web.Response:
    """The HTTP answer for `code`."""
    status = REFUSALS.get(code, REFUSALS["internal"])[0]
    response = json_response({"error": refusal_data(code)}, status=status)
    if status in {429, 503}:
        response.headers["Retry-After"] = _RETRY_AFTER_SECONDS
    return response


@web.middleware
async def refusals_as_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn project errors and aiohttp's own HTTP errors into JSON with words for a user."""
    try:
        return await handler(request)
    except BotError as exc:
        logger.info("request_refused method=%s code=%s", request.method, exc.code)
        return refusal(exc.code)
    except web.HTTPException as exc:
        if exc.status < 400:
            raise
        answer = refusal(_CODE_OF_STATUS.get(exc.status, "bad_request"))
        answer.set_status(exc.status)
        return answer
