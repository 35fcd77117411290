"""The document's ConnectionManager, on FastAPI and uvicorn, as it is written there.

What a client sends is broadcast to everybody in the circle.  Usage: connection_manager.py PORT
"""

import sys
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect


class ConnectionManager:
    def __init__(self) -> None:
        self.connections: dict[str, set[WebSocket]] = {}

    async def connect(self, channel: str, websocket: WebSocket) -> None:
        await websocket.accept()
        if channel not in self.connections:
            self.connections[channel] = set()
        self.connections[channel].add(websocket)

    def disconnect(self, channel: str, websocket: WebSocket) -> None:
        if channel in self.connections:
            self.connections[channel].discard(websocket)

    async def broadcast(self, channel: str, message: dict[str, Any]) -> None:
        if channel in self.connections:
            # A copy, which the document does not take: a set that changes in the loop ends the broadcast.
            for connection in tuple(self.connections[channel]):
                await connection.send_json(message)


app = FastAPI()
manager = ConnectionManager()


@app.websocket("/ws/circles/{circle_name}")
async def circle_websocket(websocket: WebSocket, circle_name: str) -> None:
    await manager.connect(circle_name, websocket)
    try:
        while True:
            data = await websocket.receive_json()
            await manager.broadcast(circle_name, data)
    except WebSocketDisconnect:
        manager.disconnect(circle_name, websocket)


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        access_log=False,
        log_level="warning",
    )
