// Ajv in strict mode over the published schemas: node ajv.mjs CASES, with ajv and ajv-formats installed beside it.
// CASES is JSON: {"schemas": {name: schema}, "cases": [[name, value], ...]}; writes {"warnings": [...], "valid": [...]}.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(process.env.VALIDATORS + "/");
const Ajv = require("ajv/dist/2020").default;
const formats = require("ajv-formats");

const { schemas, cases } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const warnings = [];
const keep = (word) => warnings.push(String(word));
const ajv = new Ajv({ strict: true, allErrors: true, logger: { log: keep, warn: keep, error: keep } });
formats(ajv);
const validators = {};
for (const [name, schema] of Object.entries(schemas)) {
  try {
    validators[name] = ajv.compile(schema);
  } catch (error) {
    keep(`${name}: ${error.message}`);
  }
}
const valid = cases.map(([name, value]) => (validators[name] ? validators[name](value) : null));
process.stdout.write(JSON.stringify({ warnings, valid }));
