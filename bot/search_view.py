"""The view of a search for those who run the bot: what matched, why, and what another threshold would change.

    GET  /search       the page
    POST /api/search   {"queries": [texts]} → {"threshold", "searches": [see `_search_data`]}

Only administrators may look, and whoever sits at the machine itself: where the page is served on loopback and
under no other name, nobody else can reach it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from bot.web_bodies import read_json
from bot.web_errors import json_response
from bot.web_files import PageFile
from bot.web_security import Sessions
from core.errors import BotError, InputError
from core.messages import UserKey
from core.ports import Retrieval
from index.search_report import DishReport, SearchReport

logger = logging.getLogger(__name__)

MAX_QUERIES = 30
MAX_QUERY_CHARACTERS = 200
_SHOWN_FORMS = 20
_AT_ONCE = 1
"""Searches that are explained at the same time: cooks come first."""

Explain = Callable[[str], tuple[SearchReport, Retrieval]]
"""How a query is searched by its words, and what a cook would get. Blocking."""


class SearchView:
    """The routes of the view.

    Args:
        explain: searches.
        may_look: whether a user of the page is an administrator.
        is_private: the page can be reached from this machine alone.
        sessions: tell who asks.
    """

    def __init__(
        self,
        explain: Explain,
        may_look: Callable[[UserKey], bool],
        *,
        is_private: bool,
        sessions: Sessions,
    ) -> None:
        self._explain = explain
        self._may_look = may_look
        self._is_private = is_private
        self._sessions = sessions
        self._free = asyncio.Semaphore(_AT_ONCE)

    def routes(self, page: Callable[[], PageFile]) -> list[web.RouteDef]:
        """The routes; `page` is the file of the view."""

        async def get_page(request: web.Request) -> web.StreamResponse:
            if self._sessions.user_id_of(request) is not None:  # else it hands out the cookie to come with
                self._require_permission(request)
            response = page().response_to(request)
            self._sessions.renew(request, response)
            return response

        return [web.get("/search", get_page), web.post("/api/search", self._search)]

    def _require_permission(self, request: web.Request) -> None:
        user_id = self._sessions.user_id_of(request)
        if user_id is None:
            raise InputError("no_session", "a request without a session")
        if not self._is_private and not self._may_look(UserKey("web", user_id)):
            raise InputError("not_administrator", "the search view is for administrators")

    async def _search(self, request: web.Request) -> web.StreamResponse:
        """Search for what is asked, and say how."""
        self._require_permission(request)
        queries = await _queries(request)
        searches = []
        for query in queries:
            async with self._free:
                try:
                    report, retrieval = await asyncio.to_thread(self._explain, query)
                except BotError as exc:
                    logger.warning("search_not_explained reason=%s", exc.message)
                    raise InputError("search_failed", "the index cannot be searched") from exc
            searches.append(_search_data(report, retrieval))
        return json_response({"searches": searches})


async def _queries(request: web.Request) -> list[str]:
    data = await read_json(request)
    queries = data.get("queries") if isinstance(data, dict) else None
    if not isinstance(queries, list) or not 1 <= len(queries) <= MAX_QUERIES:
        raise InputError("bad_request", f"the body needs 1 to {MAX_QUERIES} queries")
    if not all(isinstance(query, str) and len(query) <= MAX_QUERY_CHARACTERS for query in queries):
        raise InputError("bad_request", f"a query is a text of at most {MAX_QUERY_CHARACTERS} characters")
    return queries


def _search_data(report: SearchReport, retrieval: Retrieval) -> dict[str, Any]:
    """A search as JSON: what the cook gets (`answer`), and how the words of the query were looked up."""
    return {
        "query": report.query,
        "subjects": report.subjects,
        "filters": report.filters,
        "threshold": report.threshold,
        "encode_milliseconds": round(report.encode_milliseconds, 2),
        "search_milliseconds": round(report.search_milliseconds, 2),
        "answer": {
            "by_structure": bool(retrieval.wanted),
            "refused": retrieval.refused,
            "names": [hit.recipe.name for hit in retrieval.hits],
            "wanted": retrieval.wanted,
            "relaxed": retrieval.relaxed,
        },
        "dishes": [_dish_data(dish) for dish in report.dishes],
        "forms": [asdict(form) for form in report.forms[:_SHOWN_FORMS]],
    }


def _dish_data(dish: DishReport) -> dict[str, Any]:
    return {
        "dish": dish.dish,
        "name": dish.recipe.name,
        "source": dish.recipe.source,
        "form": dish.form,
        "probability": dish.probability,
        "reranker_score": dish.reranker_score,
        "score": dish.score,
    }
