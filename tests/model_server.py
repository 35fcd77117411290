"""A language model's server for tests: real HTTP, in the form of OpenAI's chat completions.

It has no model.  The name of the model in a request says what it does, so that a test (or an agent in a
process of its own) chooses the behaviour without any state: see :data:`BEHAVIOURS`.
"""

import json
import select
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

Body = dict[str, Any]
GONE = (BrokenPipeError, ConnectionResetError)
LONGEST_HANG = 60.0


class ModelServer:
    """``requests`` are the bodies that came, in order; ``keys`` the keys that came with them;
    ``given_up`` the moments (monotonic) at which clients hung up in the middle."""

    def __init__(self) -> None:
        self.requests: list[Body] = []
        self.keys: list[str] = []
        self.given_up: list[float] = []
        handler = type("Bound", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/v1"

    def of(self, model: str) -> list[Body]:
        """The requests for ``model``."""
        return [body for body in self.requests if body["model"] == model]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    owner: ModelServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.owner.requests.append(body)
        self.owner.keys.append(self.headers.get("Authorization", "").removeprefix("Bearer "))
        name, _, argument = body["model"].partition(":")
        try:
            BEHAVIOURS[name](self, body, argument)
        except GONE:
            self.owner.given_up.append(time.monotonic())
            self.close_connection = True

    def handle(self) -> None:
        with suppress(*GONE):  # also between two requests
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: pytest shows what fails."""

    def stream(self, deltas: Iterator[Body] | list[Body], *, finish: str | None = "stop") -> None:
        """Send ``deltas`` as chunks; without ``finish`` hang up after them."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for delta in deltas:
            self.event({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
        if finish is None:
            self.close_connection = True
            return
        self.event({"choices": [{"index": 0, "delta": {}, "finish_reason": finish}]})
        self.event(
            {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}
        )
        self.line("data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def event(self, about: Body) -> None:
        whole = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "test", **about}
        self.line(f"data: {json.dumps(whole)}\n\n")

    def line(self, text: str) -> None:
        data = text.encode()
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def refuse(self, status: int) -> None:
        secret = self.headers.get("Authorization", "")
        body = json.dumps({"error": {"message": f"no, {secret}", "type": "refused"}}).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Retry-After", "0")
        self.end_headers()
        self.wfile.write(body)

    def hang(self, seconds: float = LONGEST_HANG) -> None:
        """Say nothing for so long, or until the client hangs up."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if select.select([self.connection], [], [], 0.05)[0]:
                raise ConnectionResetError


def _words(text: str) -> list[Body]:
    return [{"content": word} for word in text.split(" ") for word in (word, " ")][:-1]


def _call(name: str, arguments: str) -> list[Body]:
    """A tool call as models stream it: the name, then the arguments in two pieces."""
    half = len(arguments) // 2
    return [
        {"tool_calls": [{"index": 0, "id": "call-1", "type": "function", "function": about}]}
        for about in (
            {"name": name, "arguments": arguments[:half]},
            {"arguments": arguments[half:]},
        )
    ]


def _echo(handler: _Handler, body: Body, argument: str) -> None:
    """Repeats the last message."""
    handler.stream(_words(f"I heard: {body['messages'][-1]['content']}"))


def _says(handler: _Handler, body: Body, argument: str) -> None:
    handler.stream(_words(argument))


def _slow(handler: _Handler, body: Body, argument: str) -> None:
    """``argument`` words, one each 50 ms."""

    def words() -> Iterator[Body]:
        for number in range(int(argument)):
            time.sleep(0.05)
            if select.select([handler.connection], [], [], 0)[0]:
                raise ConnectionResetError
            yield {"content": f"word{number} "}

    handler.stream(words())


def _calls(handler: _Handler, body: Body, argument: str) -> None:
    """``calls:tool:arguments``: calls it, then says what came of it."""
    last = body["messages"][-1]
    if last["role"] == "tool":
        return handler.stream(_words(f"It says: {last['content']}"))
    name, _, arguments = argument.partition(":")
    return handler.stream(_call(name, arguments), finish="tool_calls")


def _loops(handler: _Handler, body: Body, argument: str) -> None:
    """``loops:tool:arguments``: calls it for ever."""
    name, _, arguments = argument.partition(":")
    handler.stream(_call(name, arguments), finish="tool_calls")


def _counts(handler: _Handler, body: Body, argument: str) -> None:
    """Calls ``read_messages`` for ever, each time for another number of them."""
    turn = sum(message["role"] == "tool" for message in body["messages"]) + 1
    handler.stream(_call("read_messages", json.dumps({"limit": turn})), finish="tool_calls")


def _refuses(handler: _Handler, body: Body, argument: str) -> None:
    handler.refuse(int(argument))


def _hangs(handler: _Handler, body: Body, argument: str) -> None:
    """Says a few words first, if there are any in ``argument``."""
    if argument:
        handler.stream(_words(argument), finish=None)
    handler.hang()


def _once(handler: _Handler, body: Body, argument: str) -> None:
    """``once:name:seconds``: the first request of this name is answered so much later than the others."""
    if len(handler.owner.of(body["model"])) == 1:
        handler.hang(float(argument.partition(":")[2]))
    handler.stream(_words("Here I am."))


def _cuts(handler: _Handler, body: Body, argument: str) -> None:
    """Hangs up in the middle of a sentence."""
    handler.stream(_words("This sentence has no"), finish=None)


def _nonsense(handler: _Handler, body: Body, argument: str) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.line('data: {"choices": [{"delta": ]}\n\n')
    handler.wfile.write(b"0\r\n\r\n")


def _floods(handler: _Handler, body: Body, argument: str) -> None:
    """100,000 tokens, whatever the request allows."""
    handler.stream({"content": "token " * 100} for _ in range(1000))


BEHAVIOURS: dict[str, Callable[[_Handler, Body, str], None]] = {
    "echo": _echo,
    "says": _says,
    "slow": _slow,
    "calls": _calls,
    "loops": _loops,
    "counts": _counts,
    "refuses": _refuses,
    "hangs": _hangs,
    "once": _once,
    "cuts": _cuts,
    "nonsense": _nonsense,
    "floods": _floods,
}
