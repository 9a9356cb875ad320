"""The chat page: an aiohttp server for one page, its answers as a stream, and its history.

    GET  /                 the page; hands out the session cookie
    GET  /static/<name>    its script, style and icon
    GET  /api/commands     {"commands": [{"name", "description"}]}
    GET  /api/history      {"messages": […], "unfinished": [{"message_id", "text", "spoken"}]}
    POST /api/messages     {"text", "message_id"} → lines of JSON (see `bot.web_json`)
    POST /api/stop         {"stopped"}: ends the answers under way where they are; how many
    GET  /api/voice        {"max_seconds"}: how long one may speak; null when nobody can hear it
    POST /api/voice?message_id=…   a recording as audio/* → the same lines; an empty one only leads back
    GET  /api/speech/<message_id>  the answer read aloud, audio/ogg
    GET  /pictures/<name>  a picture of a dish
    GET  /search           the view of a search, for administrators (see `bot.search_view`)
    POST /api/search
    GET  /healthz          {"status": "ok", "models": [{"name", "state"}]}: those of this process

The same message id sent again attaches to its answer from the start. Messages of a chat are answered in
the order in which they came; each waits until the one before it is done, or stopped by a newer one
(`bot.unfinished_answers`).
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from bot.message_handler import MessageHandler
from bot.search_view import Explain, SearchView
from bot.unfinished_answers import UnfinishedAnswers
from bot.web_chat_api import ChatApi
from bot.web_errors import json_response, refusals_as_json
from bot.web_files import PageFile, picture_response, read_page_files
from bot.web_recordings import WebRecordings
from bot.web_security import RequestGuard, Sessions, add_security_headers
from bot.web_speech import Narrate
from core.errors import SettingsError
from core.messages import UserKey
from core.model_shelf import ModelStatus
from core.ports import History

logger = logging.getLogger(__name__)

PAGE_DIR = Path(__file__).parent / "web"
MAX_BODY_BYTES = 256 * 1024
"""The longest question that settings allow (20,000 characters), each written as two \\u escapes."""
STOP_GRACE_SECONDS = 5.0


class WebChannel:
    """The chat page's server.

    Args:
        router: answers messages.
        history: what the page shows after a reload.
        pictures_dir: where pictures of dishes lie.
        host: address to listen on.
        port: port to listen on; 0 takes any free one.
        allowed_hosts: names, besides localhost and `host`, under which browsers may come.
        secure_cookie: send the session cookie over HTTPS only.
        commands: (name, description) of what the command menu offers.
        webhooks: routes of platforms that call the bot; they have guards of their own.
        recordings: takes what people say; None hides the record button.
        narrate: reads aloud an answer whose `read_aloud` is set; None for a page that is silent.
        models: how far the models of this process are.
        unfinished: ends answers early.
        explain: says how a query is searched, for the search view; None for no such view.
        is_administrator: whether a user of the page may look at it.
    """

    def __init__(  # noqa: PLR0913 - one keyword for each thing the page can be told
        self,
        router: MessageHandler,
        history: History,
        pictures_dir: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 8080,
        allowed_hosts: Sequence[str] = (),
        secure_cookie: bool = False,
        commands: Sequence[tuple[str, str]] = (),
        webhooks: Sequence[web.RouteDef] = (),
        recordings: WebRecordings | None = None,
        narrate: Narrate | None = None,
        models: Callable[[], Sequence[ModelStatus]] = tuple,
        unfinished: UnfinishedAnswers | None = None,
        explain: Explain | None = None,
        is_administrator: Callable[[UserKey], bool] = lambda _user: False,
    ) -> None:
        self._pictures_dir = pictures_dir
        self._host = host
        self._port = port
        self._commands = [{"name": f"/{name.lstrip('/')}", "description": text} for name, text in commands]
        self._sessions = Sessions(secure=secure_cookie)
        self._guard = RequestGuard(host, allowed_hosts, guarded_elsewhere={hook.path for hook in webhooks})
        self._webhooks = webhooks
        self._models = models
        self._chat_api = ChatApi(
            router,
            history,
            self._sessions,
            recordings=recordings,
            narrate=narrate,
            unfinished=unfinished,
        )
        self._search_view = explain and SearchView(
            explain,
            is_administrator,
            is_private=_is_loopback(host) and not allowed_hosts,
            sessions=self._sessions,
        )
        self._page: dict[str, PageFile] = {}
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Listen; returns the address of the page, without a slash at its end.

        Raises:
            SettingsError: WEB_HOST or WEB_PORT cannot be listened on.
        """
        self._page = await asyncio.to_thread(read_page_files, PAGE_DIR)
        runner = web.AppRunner(
            self.application(), handler_cancellation=True, access_log=None, shutdown_timeout=2.0
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, self._host, self._port).start()
        except OSError as exc:
            await runner.cleanup()
            raise unusable(self._host, self._port, exc) from exc
        self._runner = runner
        address = _address(runner.addresses[0])
        logger.info("web_started address=%s", address)
        return address

    async def stop(self) -> None:
        """Stop listening, give running answers a few seconds, and close every connection."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        for site in tuple(runner.sites):
            await site.stop()
        await self._chat_api.close(STOP_GRACE_SECONDS)
        await runner.cleanup()
        logger.info("web_stopped")

    def application(self) -> web.Application:
        """The server's routes behind its guards."""
        app = web.Application(
            middlewares=[refusals_as_json, self._guard.middleware], client_max_size=MAX_BODY_BYTES
        )
        app.on_response_prepare.append(add_security_headers)
        app.add_routes(
            [
                web.get("/", self._get_page),
                web.get("/static/{name}", self._get_static),
                web.get("/api/commands", self._get_commands),
                *self._chat_api.routes(),
                web.get("/pictures/{name}", self._get_picture),
                web.get("/healthz", self._get_health),
                *(self._search_view.routes(lambda: self._page["search.html"]) if self._search_view else ()),
                *self._webhooks,
            ]
        )
        return app

    async def _get_page(self, request: web.Request) -> web.StreamResponse:
        response = self._page["index.html"].response_to(request)
        self._sessions.renew(request, response)
        return response

    async def _get_static(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in self._page or name.endswith(".html"):
            raise web.HTTPNotFound
        return self._page[name].response_to(request)

    async def _get_commands(self, _request: web.Request) -> web.StreamResponse:
        return json_response({"commands": self._commands})

    async def _get_health(self, _request: web.Request) -> web.StreamResponse:
        models = [{"name": status.name, "state": status.state} for status in self._models()]
        return json_response({"status": "ok", "models": models})

    async def _get_picture(self, request: web.Request) -> web.StreamResponse:
        return await picture_response(self._pictures_dir, request.match_info["name"])


def unusable(host: str, port: int, exc: OSError) -> SettingsError:
    """The error that names the setting because of which `host` and `port` cannot be listened on."""
    if exc.errno == errno.EADDRINUSE:
        return SettingsError(
            "WEB_PORT",
            f"port {port} on {host} is taken by another program; choose another, or 0 for any free port",
        )
    if exc.errno in {errno.EACCES, errno.EPERM}:
        return SettingsError("WEB_PORT", f"this user may not listen on port {port}; choose one above 1023")
    return SettingsError("WEB_HOST", f"cannot listen on {host}: {exc.strerror or 'unknown address'}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _address(sockaddr: tuple[Any, ...]) -> str:
    """The address that a browser on this machine opens."""
    host, port = ipaddress.ip_address(str(sockaddr[0]).partition("%")[0]), sockaddr[1]
    if host.is_unspecified:
        host = ipaddress.ip_address("127.0.0.1" if host.version == 4 else "::1")
    return f"http://{host}:{port}" if host.version == 4 else f"http://[{host}]:{port}"
