"""The three settings that lead to a server: address, key, model. Every role names them alike."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from core.errors import SettingsError


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """The names of a role's settings, for messages, and what can be wrong with their values.

    Attributes:
        prefix: "LLM" for LLM_BASE_URL, LLM_API_KEY and LLM_MODEL.
        bad_request: what to look at when the server calls a request wrong (HTTP 400).
        too_large: what to look at when it calls one too large (HTTP 413).
    """

    prefix: str
    bad_request: str
    too_large: str

    @property
    def address(self) -> str:
        """The setting of the address."""
        return f"{self.prefix}_BASE_URL"

    @property
    def key(self) -> str:
        """The setting of the key."""
        return f"{self.prefix}_API_KEY"

    @property
    def model(self) -> str:
        """The setting of the model's name."""
        return f"{self.prefix}_MODEL"

    def host_of(self, base_url: str) -> str:
        """Host and port of the address, for messages.

        Raises:
            SettingsError: no server can have this address.
        """
        try:
            parts = urlsplit(base_url)
            port = parts.port
        except ValueError:
            raise SettingsError(self.address, "is not an address") from None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SettingsError(self.address, "must look like http://127.0.0.1:11434/v1")
        if parts.username is not None or parts.password is not None:
            raise SettingsError(
                self.address, f"must not carry a user or password; a key goes into {self.key}"
            )
        if parts.query or parts.fragment:
            raise SettingsError(self.address, "must end with its path, usually /v1, without ? or #")
        return parts.hostname if port is None else f"{parts.hostname}:{port}"

    def checked_key(self, api_key: str) -> str:
        """The key without blanks around it.

        Raises:
            SettingsError: it cannot be sent.
        """
        key = api_key.strip()
        if not (key.isascii() and key.isprintable()) or " " in key:
            raise SettingsError(
                self.key, "holds characters that cannot be sent, such as a blank or a line break"
            )
        return key

    def checked_model(self, model: str) -> str:
        """The model's name without blanks around it.

        Raises:
            SettingsError: it is empty.
        """
        if not model.strip():
            raise SettingsError(self.model, "must name a model of the server")
        return model.strip()
