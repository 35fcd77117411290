// node and ws: what a client sends goes to everybody.  Usage: node node_ws.mjs PORT
import { WebSocketServer } from "ws";

const server = new WebSocketServer({ host: "127.0.0.1", port: Number(process.argv[2]), perMessageDeflate: false });

server.on("connection", (socket) => {
  socket.on("error", () => {});
  socket.on("message", (message) => {
    const text = message.toString();
    for (const client of server.clients) client.send(text);
  });
});
