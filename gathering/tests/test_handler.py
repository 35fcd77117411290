"""Django behind ASGI: on few threads that stay, with their connections; what streams is streamed."""

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.signals import request_finished
from django.db import connection, connections
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import override_settings
from django.urls import path, reverse

from gathering.handler import ThreadedHandler

HERE = Path(__file__)
THIS = HERE.read_bytes()
at_once: list[int] = []
ended: list[str] = []
busy = threading.Semaphore(0)
door = threading.Event()


def waits(request: HttpRequest) -> HttpResponse:
    busy.release()
    at_once.append(threading.active_count())
    assert door.wait(30)
    return HttpResponse(threading.current_thread().name)


def streams(request: HttpRequest) -> StreamingHttpResponse:
    def pieces() -> Iterator[bytes]:
        try:
            yield from (b"one ", b"two ", b"three")
        finally:
            ended.append("pieces")

    return StreamingHttpResponse(pieces())


def sends_a_file(request: HttpRequest) -> FileResponse:
    return FileResponse(HERE.open("rb"))


def whose_connection(request: HttpRequest) -> HttpResponse:
    connection.ensure_connection()
    return HttpResponse(f"{id(connection.connection)}")


def breaks(request: HttpRequest) -> HttpResponse:
    raise ValueError("secret")


def says_its_address(request: HttpRequest) -> HttpResponse:
    return HttpResponse(reverse("address"))


urlpatterns = [
    path("waits/", waits),
    path("streams/", streams),
    path("file/", sends_a_file),
    path("connection/", whose_connection),
    path("breaks/", breaks),
    path("address/", says_its_address, name="address"),
]


async def ask(handler: ThreadedHandler, address: str, **scope: Any) -> tuple[int, list[bytes]]:
    """The status, and the body in the pieces that it was sent in."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    about = {"type": "http", "method": "GET", "path": address, "headers": [(b"host", b"localhost")]}
    await handler({**about, "query_string": b"", **scope}, receive, send)
    return sent[0]["status"], [each["body"] for each in sent[1:] if each.get("body")]


@pytest.fixture
def handler() -> Iterator[ThreadedHandler]:
    with override_settings(ROOT_URLCONF=__name__, MIDDLEWARE=[]):
        made = ThreadedHandler(2)
        yield made
        for _ in range(2):
            made._threads.submit(connections.close_all).result()
        made._threads.shutdown()


async def test_no_more_requests_are_answered_at_once_than_there_are_threads(handler: ThreadedHandler) -> None:
    door.clear()
    asked = [asyncio.create_task(ask(handler, "/waits/")) for _ in range(6)]
    for _ in range(2):
        assert await asyncio.to_thread(busy.acquire, timeout=30)
    assert not busy.acquire(blocking=False)  # the others wait for their turn
    door.set()
    answers = await asyncio.gather(*asked)
    assert {status for status, _ in answers} == {200}
    assert len({body[0] for _, body in answers}) == 2


async def test_what_streams_is_sent_piece_by_piece_and_closed(handler: ThreadedHandler) -> None:
    ended.clear()
    finished = lambda **_: ended.append("request")  # noqa: E731 (a receiver is held weakly)
    request_finished.connect(finished)
    assert await ask(handler, "/streams/") == (200, [b"one ", b"two ", b"three"])
    assert ended == ["pieces", "request"]
    status, pieces = await ask(handler, "/file/")
    assert (status, b"".join(pieces)) == (200, THIS)
    request_finished.disconnect(finished)


async def test_what_breaks_is_an_answer_and_the_thread_goes_on(handler: ThreadedHandler) -> None:
    for _ in range(3):
        status, pieces = await ask(handler, "/breaks/")
        assert (status, b"secret" in b"".join(pieces)) == (500, False)
    assert await ask(handler, "/address/", root_path="") == (200, [b"/address/"])
    assert await ask(handler, "/below/address/", root_path="/below") == (200, [b"/below/address/"])
    assert await ask(handler, "/address/") == (200, [b"/address/"])  # nothing is left of the one before


@pytest.mark.django_db(transaction=True)
async def test_threads_keep_their_connections(handler: ThreadedHandler) -> None:
    used = {(await ask(handler, "/connection/"))[1][0] for _ in range(6)}
    assert len(used) <= 2
