// usage: node validate.mjs SCHEMA_DIR WORK_DIR    (in a folder with this package's node_modules)
// Judges our schemas and formats with validators that were not written here. WORK_DIR is filled by
// ci/tests/results-formats.sh; "accepted/" and "refused/" hold documents named KIND.NAME.json.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const Ajv2020 = require("ajv/dist/2020").default;
const Ajv = require("ajv").default;
const addFormats = require("ajv-formats").default;
const { Parser } = require("tap-parser");

const [schemas, work] = process.argv.slice(2);
let failures = 0;
let checks = 0;
function check(condition, words) {
  checks++;
  if (!condition) {
    failures++;
    console.log(`FAILED: ${words}`);
  }
}
const read = (...parts) => fs.readFileSync(path.join(...parts), "utf8");
const readJson = (...parts) => JSON.parse(read(...parts));

// Our schemas --------------------------------------------------------------------------------
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
addFormats(ajv);
const validators = {};
for (const name of fs.readdirSync(schemas).filter((n) => n.endsWith(".schema.json")))
  validators[name.replace(".schema.json", "")] = ajv.compile(readJson(schemas, name));
check(Object.keys(validators).length >= 4, "there are schemas");
for (const verdict of ["accepted", "refused"]) {
  for (const name of fs.readdirSync(path.join(work, verdict))) {
    const validate = validators[name.split(".")[0]];
    check(validate, `${name}: its schema is there`);
    if (!validate) continue;
    const valid = validate(readJson(work, verdict, name));
    check(valid === (verdict === "accepted"),
      `${verdict}/${name}: ${valid ? "valid" : JSON.stringify(validate.errors.slice(0, 2))}`);
  }
}

// Other people's formats ------------------------------------------------------------------------
async function junit(folder, run) {
  const { parse } = await import("junit2json");
  const { validateXML } = require("xmllint-wasm");
  const text = read(folder, "conformance.junit.xml");
  const wellFormed = await validateXML({ xml: [{ fileName: "junit.xml", contents: text }], format: true });
  check(!/error/.test(wellFormed.rawOutput || "") || wellFormed.valid, `${folder}: JUnit is XML`);
  const suites = (await parse(text)).testsuite;
  check(suites.length === run.sandboxes.length, `${folder}: JUnit has a suite per sandbox`);
  for (const suite of suites) {
    const cases = suite.testcase ?? [];
    const count = (key) => cases.filter((c) => c[key] && c[key].length > 0).length;
    check(suite.tests === cases.length, `${suite.name}: tests`);
    check(suite.failures === count("failure"), `${suite.name}: failures`);
    check(suite.errors === count("error"), `${suite.name}: errors`);
    check(suite.skipped === count("skipped"), `${suite.name}: skipped`);
  }
  const ids = suites.flatMap((s) => (s.testcase ?? []).map((c) => c.name));
  check(ids.length === run.cases.length, `${folder}: JUnit has every case`);
}

function tap(folder, run) {
  const results = { ok: 0, fail: 0, todo: 0, skip: 0, extra: [] };
  const parser = new Parser({ strict: true }, (end) => Object.assign(results, { end }));
  parser.on("extra", (text) => results.extra.push(text));
  parser.end(read(folder, "conformance.tap"));
  const bad = run.cases.filter((c) => ["regression", "fixed-gap", "invalid"].includes(c.status)).length;
  const gaps = run.cases.filter((c) => c.status === "known-gap" && !c.informational).length;
  check(results.end.count === run.cases.length, `${folder}: TAP has every case, ${results.end.count}`);
  check(results.end.bailout === false, `${folder}: TAP does not bail out`);
  check(results.end.fail === bad + gaps && results.end.todo === gaps,
    `${folder}: TAP: ${results.end.fail} fail, ${results.end.todo} todo, wanted ${bad + gaps}, ${gaps}`);
  check(results.end.failures.every((f) => f.todo !== false || f.diag), `${folder}: each failure has its diagnosis`);
  check(results.extra.length === 0, `${folder}: TAP has nothing but TAP: ${results.extra.slice(0, 2)}`);
  check(!results.end.failures.some((f) => f.tapError), `${folder}: no TAP error: ${JSON.stringify(results.end.failures.find((f) => f.tapError))}`);
}

function ctrf(folder, run) {
  const schema = readJson(path.dirname(require.resolve("ctrf")), "ctrf-schema-0.0.json");
  const seventh = new Ajv({ strict: false });
  addFormats(seventh);
  const document = readJson(folder, "conformance.ctrf.json");
  const validate = seventh.compile(schema);
  check(validate(document), `${folder}: CTRF: ${JSON.stringify(validate.errors?.slice(0, 2))}`);
  const { summary, tests } = document.results;
  check(tests.length === run.cases.length && summary.tests === tests.length, `${folder}: CTRF has every case`);
  for (const status of ["passed", "failed", "skipped", "pending", "other"])
    check(summary[status] === tests.filter((t) => t.status === status).length, `${folder}: CTRF: ${status}`);
  check(summary.start === Date.parse(run.started) && summary.stop === Date.parse(run.finished), `${folder}: CTRF: times`);
}

function sarif(folder, run) {
  const document = readJson(folder, "conformance.sarif");
  const [one] = document.runs;
  const escaped = run.cases.filter((c) => c.verdict === "escaped" && !c.informational);
  check(one.results.length === Math.min(escaped.length, 5000), `${folder}: SARIF has every escape`);
  const open = one.results.filter((r) => !r.suppressions);
  check(open.length === escaped.filter((c) => c.status !== "known-gap").length, `${folder}: SARIF: documented gaps are suppressed`);
  for (const result of one.results)
    check(one.tool.driver.rules[result.ruleIndex]?.id === result.ruleId, `${folder}: SARIF: rule of ${result.ruleId}`);
  check(new Set(one.results.map((r) => r.partialFingerprints["holdfastCase/v1"])).size === one.results.length,
    `${folder}: SARIF: fingerprints are distinct`);
}

async function badge(folder) {
  const { validateXML } = require("xmllint-wasm");
  const text = read(folder, "badge.svg");
  const result = await validateXML({ xml: [{ fileName: "badge.svg", contents: text }], format: true });
  check(!/error/.test(result.rawOutput || ""), `${folder}: the badge is XML`);
  check(/^<svg /.test(text) && !/script|href|on[a-z]+=/i.test(text), `${folder}: the badge is inert`);
}

for (const name of fs.readdirSync(work).filter((n) => n.startsWith("out-"))) {
  const folder = path.join(work, name);
  const run = readJson(folder, "run.json");
  await junit(folder, run);
  tap(folder, run);
  ctrf(folder, run);
  sarif(folder, run);
  await badge(folder);
}
console.log(`${checks} checks, ${failures} failed`);
process.exitCode = failures > 0 ? 1 : 0;
