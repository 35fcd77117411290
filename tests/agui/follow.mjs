// Follows one run with AG-UI's own HttpAgent, unchanged, and prints what that makes of it as JSON.
//
//     node follow.mjs URL TOKEN
//
// Each event goes to standard error as it comes, so that the test knows how far it has got.
import { HttpAgent } from "@ag-ui/client";

const [url, token] = process.argv.slice(2);
const agent = new HttpAgent({ url, headers: { Authorization: `Bearer ${token}` } });
const events = [];
const result = { events, error: null, messages: [], state: null };

try {
  await agent.runAgent(
    {},
    {
      onEvent({ event }) {
        events.push(event);
        console.error(event.type);
      },
      onRunErrorEvent({ event }) {
        result.error = event.message;
      },
    },
  );
} catch (error) {
  result.error ??= String(error);
}
result.messages = agent.messages;
result.state = agent.state;
console.log(JSON.stringify(result));
