"""Who may talk to the web server: cookie, Host, Origin, and the headers that bind the browser.

- Host is checked against a list, so that a foreign name that is made to point here (DNS rebinding) is
  of no use: https://owasp.org/www-community/attacks/DNS_Rebinding
- Every request that changes something needs an Origin equal to its Host, or a browser's own word
  (Sec-Fetch-Site) that it comes from this page: OWASP's Cross-Site Request Forgery Prevention cheat sheet.
- The user is a random cookie; what the bot stores is a hash of it.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Iterable

from aiohttp import web
from aiohttp.typedefs import Handler

from bot.web_errors import refusal

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_ONE_YEAR_SECONDS = 365 * 24 * 3600
_TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 32 bytes in URL-safe Base64
_HOST = re.compile(r"(?:\[(?P<ipv6>[0-9A-Fa-f:.]{2,45})\]|(?P<name>[A-Za-z0-9._-]{1,253}))(?::\d{1,5})?")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


async def add_security_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Signal `on_response_prepare`: every answer carries the headers, errors and streams included."""
    response.headers.update(SECURITY_HEADERS)
    response.headers.pop("Server", None)


class Sessions:
    """The cookie that stands for a user.

    It is SameSite=Lax: with Strict, following a link to the page would come without the cookie, and the
    new one handed out then would cost the user their history. Requests that change something are
    checked by Origin besides.
    """

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self.cookie_name = "__Host-shishen_session" if secure else "shishen_session"

    def user_id_of(self, request: web.Request) -> str | None:
        """The user behind `request`: 32 hexadecimal digits, or None without a well-formed cookie."""
        token = self._token_of(request)
        if token is None:
            return None
        return hashlib.sha256(b"shishen web user\x1f" + token.encode("ascii")).hexdigest()[:32]

    def renew(self, request: web.Request, response: web.StreamResponse) -> None:
        """Give the browser a cookie for a year: the one it has, or a new one."""
        response.set_cookie(
            self.cookie_name,
            self._token_of(request) or secrets.token_urlsafe(_TOKEN_BYTES),
            max_age=_ONE_YEAR_SECONDS,
            path="/",
            httponly=True,
            secure=self._secure,
            samesite="Lax",
        )

    def _token_of(self, request: web.Request) -> str | None:
        token = request.cookies.get(self.cookie_name, "")
        return token if _TOKEN.fullmatch(token) else None


class RequestGuard:
    """Refuses requests for a foreign Host, and those that come from a foreign page.

    Args:
        bound_host: where the server listens. When it listens everywhere (0.0.0.0, ::), a bare IP
            address is allowed as Host too: it is not a name, so it cannot be rebound.
        allowed_hosts: further names, as in WEB_ALLOWED_HOSTS; ports are ignored.
        guarded_elsewhere: paths of webhooks, which prove by secret or signature who calls.
    """

    def __init__(
        self, bound_host: str, allowed_hosts: Iterable[str], *, guarded_elsewhere: Iterable[str] = ()
    ) -> None:
        self._guarded_elsewhere = frozenset(guarded_elsewhere)
        self._any_address = _is_wildcard(bound_host)
        names = {"localhost", "127.0.0.1", "::1", *map(host_name, allowed_hosts)}
        if not self._any_address:
            names.add(host_name(bound_host))
        self._names = names - {""}

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let `request` through, or say why not. /healthz tells nobody's words and is open to any Host."""
        if request.path in self._guarded_elsewhere:
            return await handler(request)
        if request.path != "/healthz" and not self.host_is_allowed(request):
            return refusal("host_refused")
        if not origin_is_allowed(request):
            return refusal("origin_refused")
        return await handler(request)

    def host_is_allowed(self, request: web.Request) -> bool:
        """Whether the one Host header names this server."""
        hosts = request.headers.getall("Host", [])
        name = host_name(hosts[0]) if len(hosts) == 1 else ""
        return name in self._names or (self._any_address and _is_address(name))


def origin_is_allowed(request: web.Request) -> bool:
    """Whether a browser sent `request` from this server's own page, as far as it must have."""
    site = request.headers.get("Sec-Fetch-Site")
    if request.method in _SAFE_METHODS:
        return site in {None, "same-origin", "none"} or not request.path.startswith("/api/")
    if site not in {None, "same-origin"}:
        return False
    origins = request.headers.getall("Origin", [])
    if not origins:
        return site == "same-origin"
    return len(origins) == 1 and _is_origin_of(origins[0], request.headers["Host"])


def host_name(host: str) -> str:
    """The name or address in a Host header, lower case, without port and brackets; "" if it is malformed."""
    if _is_address(host):
        return str(ipaddress.ip_address(host))
    match = _HOST.fullmatch(host)
    if match is None:
        return ""
    name = match["ipv6"] or match["name"].rstrip(".").lower()
    return str(ipaddress.ip_address(name)) if _is_address(name) else name


def _is_origin_of(origin: str, host: str) -> bool:
    """Whether a page from `host` has this origin; the scheme is not known here (a proxy may add TLS)."""
    scheme, _, authority = origin.partition("://")
    default_port = _DEFAULT_PORTS.get(scheme)
    if default_port is None or not authority:
        return False
    return authority.lower().removesuffix(default_port) == host.lower().removesuffix(default_port)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_wildcard(host: str) -> bool:
    return host == "" or (_is_address(host) and ipaddress.ip_address(host).is_unspecified)
