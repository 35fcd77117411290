// Socket.IO with its Redis adapter; two of these processes share a room.
// Usage: node socket_io.mjs PORT REDIS_URL
import { createServer } from "node:http";
import { createAdapter } from "@socket.io/redis-adapter";
import { createClient } from "redis";
import { Server } from "socket.io";

const [port, url] = process.argv.slice(2);
const publisher = createClient({ url });
const subscriber = publisher.duplicate();
await Promise.all([publisher.connect(), subscriber.connect()]);

const http = createServer();
const server = new Server(http, { adapter: createAdapter(publisher, subscriber), perMessageDeflate: false });
server.on("connection", (socket) => {
  socket.join("room");
  socket.on("message", (message) => server.to("room").emit("message", message));
});
http.listen(Number(port), "127.0.0.1");
