// Publishes one event on the bus: node publish.mjs REDIS_URL TYPE JSON [ID].
// Redis' protocol is plain enough that no package is needed.
import { connect } from "node:net";

const [address, type, data, id] = process.argv.slice(2);
const redis = new URL(address);
const command = (...words) =>
  `*${words.length}\r\n` + words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join("");

const socket = connect(redis.port || 6379, redis.hostname);
if (redis.password) socket.write(command("AUTH", decodeURIComponent(redis.password)));
const own = id ? ["id", id] : [];
socket.write(command("XADD", "gathering.bus", "*", "type", type, "data", data, ...own));
socket.write(command("QUIT"));
for await (const answer of socket) {
  process.stdout.write(answer);
  if (answer.includes("-ERR") || answer.includes("-NOAUTH")) process.exitCode = 1;
}
