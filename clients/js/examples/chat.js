// A chat: node chat.js http://localhost:8000 dev-team   (with GATHERING_TOKEN in the environment)
import { createInterface } from 'node:readline';

import { GatheringClient } from '@gathering/client';

const [url, name] = process.argv.slice(2);
const client = new GatheringClient({ url, token: process.env.GATHERING_TOKEN });
const circle = client.circle(name);

for (const type of ['user_message', 'agent_message']) {
  circle.on(type, ({ data }) => console.log(`${data.sender}: ${data.content}`));
}
circle.watch(({ status }) => console.log(`(${status})`));
circle.open();

const lines = createInterface({ input: process.stdin });
for await (const line of lines) {
  await circle.post(line).catch((error) => console.log(`not posted: ${error.message}`));
}
client.close();
