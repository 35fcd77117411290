"""python-socketio with its Redis manager; two of these processes share a room.

Usage: python_socketio.py PORT REDIS_URL
"""

import sys
from typing import Any

import socketio
import uvicorn


def main(port: int, url: str) -> None:
    server = socketio.AsyncServer(async_mode="asgi", client_manager=socketio.AsyncRedisManager(url))

    @server.event
    async def connect(sid: str, environ: dict[str, Any]) -> None:
        await server.enter_room(sid, "room")

    @server.event
    async def message(sid: str, data: Any) -> None:
        await server.emit("message", data, room="room")

    uvicorn.run(
        socketio.ASGIApp(server),
        port=port,
        loop="uvloop",
        ws_per_message_deflate=False,
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
