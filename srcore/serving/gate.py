"""Who may ask: whoever knows the token, from a page that this server has served itself.

A browser sends requests for any page that is open in it. A page of another place is known by its
``Origin`` and by what ``Sec-Fetch-Site`` says; one whose name was made to lead to this machine (DNS
rebinding) by the ``Host`` that the browser believes to talk to.
"""

from __future__ import annotations

import http.cookies
import ipaddress
import secrets
import socket
from email.message import Message
from urllib.parse import urlsplit

import attrs

from srcore.messages import shown


@attrs.frozen
class Refusal:
    """Why a request is not answered.

    Attributes:
        status: of HTTP.
        message: one line.
    """

    status: int
    message: str


@attrs.frozen
class Gate:
    """What is asked of every request.

    Attributes:
        host: address that is listened at.
        port: of it.
        token: known to whoever was given the address of the page.
    """

    host: str
    port: int
    token: str = attrs.field(factory=lambda: secrets.token_urlsafe(24), repr=False)

    @property
    def cookie(self) -> str:
        """Name of the cookie that holds the token: ports of one machine share their cookies."""
        return f"srcore-{self.port}"

    def refusal(self, method: str, headers: Message, token: str = "") -> Refusal | None:
        """Why a request is refused; None if it is not.

        Args:
            method: of HTTP.
            headers: of the request.
            token: of its address, where a person opens the page.
        """
        hosts = headers.get_all("Host", [])
        host = hosts[0].strip().lower() if len(hosts) == 1 else ""
        if not self._is_known(host):
            return Refusal(421, f"host {shown(host)} is not served here; use the printed address")
        if not _is_of_this_page(method, headers, host):
            return Refusal(403, "requests of other pages are refused")
        if not self._is_right(token) and not any(map(self._is_right, self._shown(headers))):
            return Refusal(
                401, "the token is missing or not right; use the address that srcore serve printed"
            )
        return None

    def _is_known(self, host: str) -> bool:
        """Whether a name is one of this machine; addresses of numbers cannot be made to lead here.

        The port may be another one, as that of a tunnel.
        """
        try:
            place = urlsplit(f"//{host}")
            name, _ = place.hostname or "", place.port  # asked for, so that it is looked at
        except ValueError:
            return False
        if name == "localhost":
            return True
        try:
            number = ipaddress.ip_address(name)
        except ValueError:
            return not is_loopback(self.host) and name in (
                self.host.lower(),
                socket.gethostname().lower(),
            )
        return number.is_loopback or not is_loopback(self.host)

    def _shown(self, headers: Message) -> list[str]:
        """Tokens that a request carries."""
        kind, _, value = headers.get("Authorization", "").partition(" ")
        tokens = [value.strip()] if kind.lower() == "bearer" else []
        for line in headers.get_all("Cookie", []):
            try:
                cookie: http.cookies.SimpleCookie = http.cookies.SimpleCookie(line)
            except http.cookies.CookieError:
                continue
            tokens += [cookie[self.cookie].value] if self.cookie in cookie else []
        return tokens

    def _is_right(self, token: str) -> bool:
        return secrets.compare_digest(token.encode("utf-8", "replace"), self.token.encode())


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_of_this_page(method: str, headers: Message, host: str) -> bool:
    """Whether a browser sent a request for a page of this server; programs say nothing of pages."""
    origin = headers.get("Origin")
    if origin is not None:
        try:
            place = urlsplit(origin.strip().lower())
        except ValueError:
            return False
        return place.scheme in ("http", "https") and place.netloc == host
    if headers.get("Sec-Fetch-Site", "none").lower() in ("same-origin", "none"):
        return True
    # A link on another page that a person follows, with the token in it
    is_link = headers.get("Sec-Fetch-Mode") == "navigate"
    return is_link and headers.get("Sec-Fetch-Dest") == "document" and method == "GET"
