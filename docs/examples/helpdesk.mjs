// Tells Tocsin of a new ticket over HTTP: asks who will be told, posts the event, and follows each message.
//
// Node 18 or later, nothing else:
//
//     TOCSIN_URL=http://127.0.0.1:8080 TOCSIN_TOKEN=… node helpdesk.mjs
//
// The token needs the scopes events:write, decisions:read and jobs:read.

import { randomUUID } from "node:crypto";
import { setTimeout } from "node:timers/promises";

const { TOCSIN_URL: url, TOCSIN_TOKEN: token } = process.env;

const ticket = {
  id: "T-1043",
  contract: "C-7",
  customer: "acme",
  title: "Invoices do not print",
  external_description: "Since this morning nothing prints.",
  status: "new",
  resolution_marked: false,
  closed_for_customer: false,
};
const done = ["delivered", "failed", "expired", "dropped", "cancelled", "withdrawn"];

// The answer, as data. What is wrong comes as a problem (RFC 9457).
async function call(path, body, type = "application/json") {
  const answer = await fetch(url + path, {
    method: body === undefined ? "GET" : "POST",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": type },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
}

const person = (one) => `${one.person.kind}/${one.person.id} by ${one.channel}`;

// Before the ticket is saved it has no id: who will be told?
const { id: _, ...form } = ticket;
for (const one of (await call("/v1/decisions:preview", { ticket: form })).told) {
  console.log(`will be told: ${person(one)}, ${one.trigger}`);
}

// It is saved, so the event is posted. The same source and id, posted again, would alert nobody a second time.
const event = {
  specversion: "1.0",
  id: randomUUID(),
  source: "/helpdesk",
  type: "ticket.saved",
  time: new Date().toISOString(),
  data: { ticket, previous: null },
};
console.log("posted:", (await call("/v1/events", event, "application/cloudevents+json")).events);

// What becomes of each message? Decisions and messages come some moments later.
let jobs = [];
for (let tries = 0; tries < 240; tries++) {
  const found = await call(`/v1/jobs?ticket=${encodeURIComponent(ticket.id)}`);
  jobs = found.jobs.filter((one) => one.event === event.id);
  if (jobs.length && jobs.every((one) => done.includes(one.state))) break;
  await setTimeout(250);
}
for (const one of jobs) console.log(`${one.state}: ${person(one)}, job ${one.id}`);
