"""The server: listens, answers with a few threads, and takes everything with it when it ends."""

from __future__ import annotations

import contextlib
import http.server
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from srcore.errors import SrcoreError
from srcore.serving.folder import temporary_folder
from srcore.serving.gate import Gate
from srcore.serving.handler import RequestHandler
from srcore.serving.job_thread import JobThread, Process
from srcore.serving.offered_models import Offered
from srcore.serving.options import ServeOptions
from srcore.serving.picture_queue import PictureQueue
from srcore.serving.site import Site

#: Connections at the same time; more are closed without a word.
MOST_CONNECTIONS = 32


class AddressError(SrcoreError):
    """The address cannot be listened at."""

    exit_code = 2


class Server(http.server.ThreadingHTTPServer):
    """An HTTP server whose threads are few and end with it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, options: ServeOptions) -> None:
        if ":" in options.host:
            self.address_family = socket.AF_INET6
        self._free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        try:
            super().__init__((options.host, options.port), RequestHandler)
        except (OSError, OverflowError, UnicodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise AddressError(
                f"{options.host}:{options.port}: cannot be listened at: {reason}; --port 0 takes a "
                "free port"
            ) from error

    def server_bind(self) -> None:
        """Like the base class's, without asking a name server who we are."""
        if self.allow_reuse_address and sys.platform != "win32":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start a thread for a connection, if there are not too many."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a connection."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Show mistakes of ours; clients that went away are none."""
        if not isinstance(sys.exc_info()[1], (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def serving(
    options: ServeOptions,
    offered: Offered,
    start: Callable[[], Process],
    say: Callable[[str], object],
) -> Iterator[str]:
    """Serve the page while the block runs; yields its address, with the token.

    Args:
        options: where, and what it takes.
        offered: models and runs.
        start: starts a process that computes.
        say: told in one line of every picture that is done.

    Raises:
        AddressError: the address is taken, or not one of this machine.
    """
    with Server(options) as server, temporary_folder() as folder:
        gate = Gate(options.host, server.server_port)
        jobs = PictureQueue(folder, options.queue)
        site = Site(gate, offered, jobs, options)
        server.RequestHandlerClass = type("SiteHandler", (RequestHandler,), {"site": site})
        thread = JobThread(jobs, start, say)
        listening = threading.Thread(
            target=server.serve_forever, args=(0.1,), name="srcore serve", daemon=True
        )
        thread.begin()
        listening.start()
        try:
            yield f"{_address(options.host, server.server_port)}/?token={gate.token}"
        finally:
            server.shutdown()
            listening.join()
            thread.close()


def _address(host: str, port: int) -> str:
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}
    name = everywhere.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{name}:{port}"
