"""HTTP: which address answers what. Refusals are one line of text; what is fine is JSON."""

from __future__ import annotations

import contextlib
import http.server
import json
import re
import shutil
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, urlsplit

from srcore.errors import SrcoreError, cause
from srcore.messages import one_line
from srcore.report.page import page_part
from srcore.serving import policies
from srcore.serving.gate import Refusal
from srcore.serving.picture_queue import QueueFullError
from srcore.serving.picture_request import PictureRequestError
from srcore.serving.site import AbsentError, Site
from srcore.serving.uploads import LostClientError, drain, length_refusal, receive

_HERE = Path(__file__).parent
_TEXT, _HTML = "text/plain; charset=utf-8", "text/html; charset=utf-8"
#: What the page consists of, and may be had without a token, since it tells nothing.
_PARTS = {
    "/page.css": "text/css; charset=utf-8",
    "/page.js": "text/javascript; charset=utf-8",
}
#: Keys of an address.
_MOST_FIELDS = 50
_MEDIA = {".png": "image/png", ".jpg": "image/jpeg", ".webp": "image/webp", ".avif": "image/avif"}


class RequestHandler(http.server.BaseHTTPRequestHandler):
    """Answers requests of one connection, one request each."""

    protocol_version = "HTTP/1.1"  # for Expect: 100-continue; connections are closed all the same
    server_version, sys_version = "srcore", ""
    timeout = 30.0  # seconds without a byte

    site: Site

    def do_GET(self) -> None:
        """Page, offers, jobs, results, reports."""
        self._answer(self._get)

    def do_POST(self) -> None:
        """A picture."""
        self._answer(self._post)

    def do_DELETE(self) -> None:
        """Cancel, or delete a result."""
        self._answer(self._delete)

    def _answer(self, action: Any) -> None:
        self.close_connection = True
        try:
            url = _split_address(self.path)
            refusal = self._refusal(url)
            if refusal is not None:
                self._refuse(refusal)
            else:
                action(url)
        except PictureRequestError as error:
            self._refuse(Refusal(400, str(error)))
        except AbsentError as error:
            self._refuse(Refusal(404, str(error)))
        except QueueFullError as error:
            self._refuse(Refusal(503, str(error)))
        except SrcoreError as error:
            self._refuse(Refusal(500, str(error)))
        except (ConnectionError, TimeoutError):
            pass  # nobody is there to be told
        except Exception as error:  # a mistake of ours ends no server
            self._refuse(Refusal(500, cause(error)))
            raise

    def _refusal(self, url: SplitResult) -> Refusal | None:
        """Why this request is not answered."""
        if self.command == "GET" and url.path in _PARTS:
            return None
        token = _query(url).get("token", [""])[0] if url.path == "/" else ""
        return self.site.gate.refusal(self.command, self.headers, token)

    def _get(self, url: SplitResult) -> None:
        match url.path.split("/")[1:]:
            case [""]:
                self._page()
            case ["page.css" | "page.js" as name]:
                self._send(_part(name), _PARTS[url.path])
            case ["offered"]:
                self._json(self.site.offers())
            case ["report"]:
                names = _query(url).get("run", [])
                self._send(self.site.report(names), _HTML, policy=policies.REPORT)
            case ["jobs", id]:
                self._json(self.site.told(self.site.job(id)))
            case ["jobs", id, "result"]:
                self._file(*self.site.result(id))
            case ["jobs", id, "viewable"]:
                self._file(self.site.viewable(id), "viewable.png")
            case _:
                raise AbsentError(f"nothing is at {url.path}")

    def _post(self, url: SplitResult) -> None:
        if url.path != "/jobs":
            raise AbsentError(f"nothing is at {url.path}")
        refusal = length_refusal(self.headers, self.site.options.most_bytes)
        if refusal is not None:
            self._refuse(refusal)
            return
        jobs = self.site.jobs
        job = self.site.begin(_query(url))
        try:
            receive(
                self.rfile,
                int(self.headers["Content-Length"]),
                job.order.source,
                lambda: not job.is_over,
            )
        except BaseException as error:
            jobs.drop(job.id)
            if isinstance(error, LostClientError):
                return
            raise
        jobs.put(job)
        self._json(self.site.told(job), HTTPStatus.ACCEPTED)

    def _delete(self, url: SplitResult) -> None:
        match url.path.split("/")[1:]:
            case ["jobs", id]:
                self.site.job(id)
                self.site.jobs.drop(id)
                self._json({"id": id, "state": "deleted"})
            case _:
                raise AbsentError(f"nothing is at {url.path}")

    def _page(self) -> None:
        gate = self.site.gate
        cookie = f"{gate.cookie}={gate.token}; HttpOnly; SameSite=Strict; Path=/"
        content = (_HERE / "page.html").read_bytes()
        self._send(content, _HTML, headers={"Set-Cookie": cookie})

    def _json(self, value: Any, status: int = HTTPStatus.OK) -> None:
        self._send(json.dumps(value).encode() + b"\n", "application/json", status)

    def _refuse(self, refusal: Refusal) -> None:
        with contextlib.suppress(OSError):
            line = f"srcore: {one_line(refusal.message)}\n"
            self._send(line.encode("utf-8", "replace"), _TEXT, refusal.status)
            if self.headers.get("Content-Length") or self.headers.get("Transfer-Encoding"):
                drain(self.connection)

    def _send(
        self,
        content: bytes,
        kind: str,
        status: int = HTTPStatus.OK,
        *,
        policy: str = policies.PAGE,
        headers: dict[str, str] | None = None,
    ) -> None:
        self._head(status, kind, len(content), policy, headers or {})
        self.wfile.write(content)

    def _file(self, file: Path, name: str) -> None:
        try:
            stream = file.open("rb")
        except OSError:
            raise AbsentError("it was deleted meanwhile") from None
        with stream:
            size = stream.seek(0, 2)
            stream.seek(0)
            named = {"Content-Disposition": _attachment(name)}
            self._head(HTTPStatus.OK, _MEDIA[file.suffix], size, policies.PAGE, named)
            shutil.copyfileobj(stream, self.wfile, 1 << 18)

    def _head(
        self, status: int, kind: str, size: int, policy: str, headers: dict[str, str]
    ) -> None:
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(size),
            "Content-Security-Policy": policy,
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Connection": "close",
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()

    def handle_expect_100(self) -> bool:
        """Say whether a large picture may come, before it does."""
        most = self.site.options.most_bytes
        try:
            refusal = self._refusal(_split_address(self.path)) or length_refusal(self.headers, most)
        except PictureRequestError as error:
            refusal = Refusal(400, str(error))
        if refusal is None:
            return super().handle_expect_100()
        self.close_connection = True
        self._refuse(refusal)
        return False

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Like the base class's, as one line: malformed requests, unknown methods."""
        self.close_connection = True
        self.request_version = getattr(self, "request_version", "HTTP/1.1")
        self.headers = getattr(self, "headers", None) or self.MessageClass()
        self.command = self.command or "GET"
        if code == HTTPStatus.NOT_IMPLEMENTED:
            message = "expected GET, POST or DELETE"
        self._refuse(Refusal(code, message or HTTPStatus(code).phrase))

    def log_message(self, format: str, *arguments: Any) -> None:
        """Requests are not listed: their addresses may hold the token."""


def _attachment(name: str) -> str:
    """How a file is to be called, for programs that know Latin letters only, and for others."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _split_address(text: str) -> SplitResult:
    try:
        return urlsplit(text)
    except ValueError as error:
        raise PictureRequestError(f"the address cannot be read: {error}") from None


def _query(url: SplitResult) -> dict[str, list[str]]:
    try:
        return parse_qs(url.query, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise PictureRequestError(f"expected at most {_MOST_FIELDS} keys in the address") from None


def _part(name: str) -> bytes:
    """Style or script: what all pages of srcore share, and the page's own."""
    shared = {"page.css": ("look.css", "slider.css"), "page.js": ("slider.js",)}[name]
    own = (_HERE / name).read_text("utf-8")
    return "".join([*map(page_part, shared), own]).encode()
