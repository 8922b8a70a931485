"""WSGI applications as tables of routes: a path and a method lead to a function."""

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

log = logging.getLogger(__name__)

TEXT = "text/plain; charset=utf-8"


class Answer(NamedTuple):
    """What is said to a request."""

    status: str
    text: str | bytes
    headers: Mapping[str, str] = {}
    kind: str = TEXT


Handler = Callable[["WSGIEnvironment"], Answer]
Routes = Mapping[str, Mapping[str, Handler]]
"""Handlers by path and method."""


def application(routes: Routes) -> "WSGIApplication":
    """Return the application that answers as ``routes`` say, HEAD as GET."""

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        method = environ["REQUEST_METHOD"]
        said = _answer(routes, environ["PATH_INFO"], method, environ)
        body = said.text if isinstance(said.text, bytes) else f"{said.text}\n".encode()
        headers = {"Content-Type": said.kind, "Content-Length": str(len(body)), **said.headers}
        start(said.status, list(headers.items()))
        return () if method == "HEAD" else (body,)

    return answer


def _answer(routes: Routes, path: str, method: str, environ: "WSGIEnvironment") -> Answer:
    methods = routes.get(path)
    if methods is None:
        return Answer("404 Not Found", f"nothing is here; there is {', '.join(routes)}")
    handler = methods.get("GET" if method == "HEAD" else method)
    if handler is None:
        allowed = ", ".join(methods)
        return Answer("405 Method Not Allowed", f"use {allowed}", {"Allow": allowed})
    try:
        return handler(environ)
    except Exception:
        # A mistake of ours, about one request; it is not the asker's to read.
        log.exception("request not answered", extra={"path": path})
        return Answer("500 Internal Server Error", "a mistake of the refresher's: see its log")
