// An agent: node agent.js http://localhost:8000 dev-team   (with the agent's token in GATHERING_TOKEN)
import { GatheringClient } from '@gathering/client';

const [url, name] = process.argv.slice(2);
const client = new GatheringClient({ url, token: process.env.GATHERING_TOKEN });
const circle = client.circle(name);

for await (const { type, data } of circle.events()) {
  if (type !== 'user_message' || !data.mentions.includes(circle.actor?.name)) continue;
  const draft = circle.draft();
  for (const word of answer(data.content)) draft.write(`${word} `);
  await draft.post({ reply_to: data.id });
}

/** Yours to replace: whatever yields text, a language model for example. */
function answer(question) {
  return ['You', 'said:', ...question.split(/\s+/)];
}
