"""One deadline for a whole answer: when it passes, the connections are shut, whatever the service is sending."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class Deadline:
    """Shuts the connections of a client when an answer takes too long.

    A timeout of a socket starts again with every byte, and does not end a status line, headers, interim answers or
    trailers that never stop. Looking up the name of the service is not covered: the system bounds it.
    """

    def __init__(self) -> None:
        self.passed = False
        self._sockets: dict[int, socket.socket] = {}
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Shut every connection when the body is not done after so many seconds; `passed` says so."""
        self.passed = False
        timer = threading.Timer(seconds, self._shut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()

    def _shut(self) -> None:
        self.passed = True
        with self._lock:
            for handle in self._sockets.values():
                with contextlib.suppress(OSError):
                    handle.shutdown(socket.SHUT_RDWR)

    def watch(self, owner: int, sock: socket.socket) -> None:
        """Keep a second handle of a new connection: TLS takes the first one over."""
        with self._lock:
            self._sockets[owner] = sock.dup()
            if self.passed:
                sock.shutdown(socket.SHUT_RDWR)

    def forget(self, owner: int) -> None:
        """Close the handle of a connection that is closed."""
        with self._lock:
            handle = self._sockets.pop(owner, None)
            if handle is not None:
                handle.close()


class WatchedAdapter(HTTPAdapter):
    """Carries requests over connections that a deadline can shut.

    Parameters
    ----------
    deadline : of the client
    """

    def __init__(self, deadline: Deadline) -> None:
        self._classes = _pools(deadline)
        super().__init__()

    def init_poolmanager(self, *given: Any, **named: Any) -> None:
        """Make the pools of plain connections watched ones."""
        super().init_poolmanager(*given, **named)
        self.poolmanager.pool_classes_by_scheme = self._classes

    def proxy_manager_for(self, *given: Any, **named: Any) -> Any:
        """Make the pools of a proxy watched ones."""
        manager = super().proxy_manager_for(*given, **named)
        if type(manager).__name__ == "ProxyManager":  # a SOCKS proxy has connections of its own
            manager.pool_classes_by_scheme = self._classes
        return manager


def _pools(deadline: Deadline) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            sock = super()._new_conn()
            deadline.watch(id(self), sock)
            return sock

        def close(self) -> None:
            deadline.forget(id(self))
            super().close()

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            sock = super()._new_conn()
            deadline.watch(id(self), sock)
            return sock

        def close(self) -> None:
            deadline.forget(id(self))
            super().close()

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
