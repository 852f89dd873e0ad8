// Posts one event in each content mode, by the official SDK: node cloudevents.mjs URL TOKEN EVENT, the event as JSON.
import { createRequire } from "node:module";

const require = createRequire(process.env.VALIDATORS + "/");
const { CloudEvent, HTTP, emitterFor, Mode } = require("cloudevents");

const [url, token, given] = process.argv.slice(2);
const event = new CloudEvent(JSON.parse(given));
const post = async (mode, headers, body) => {
  const sent = { method: "POST", headers: { ...headers, authorization: `Bearer ${token}` }, body };
  console.log(mode, (await fetch(url, sent)).status);
};
for (const mode of [Mode.BINARY, Mode.STRUCTURED]) {
  const emit = emitterFor(({ headers, body }) => post(mode, headers, body), { mode });
  await emit(event.cloneWith({ id: `js-${mode}` }));
}
// The SDK has no emitter of batches; its messages are what a batch is a list of.
const bodies = ["js-batch-1", "js-batch-2"].map((id) => HTTP.structured(event.cloneWith({ id })).body);
await post("batch", { "content-type": "application/cloudevents-batch+json" }, `[${bodies}]`);
