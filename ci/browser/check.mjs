// usage: node check.mjs WORK_DIR SHOTS_DIR    (in a folder with this package's node_modules)
// Opens plain.html, hostile.html and history.html of WORK_DIR in Chromium and asks what a reader
// would: is anything loaded or said on the console, can it be seen at 360, 1280 and 1920 px and in
// the dark, read without script, reached by keyboard, printed; does axe-core find a barrier.
import fs from "node:fs";
import path from "node:path";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

const [work, shots] = process.argv.slice(2);
const profile = fs.mkdtempSync(path.join(work, "profile-"));
const browserArguments = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
  "--disable-background-networking", "--disable-component-update", "--disable-sync"];
let failures = 0;
let checks = 0;
function check(condition, words) {
  checks++;
  if (!condition) failures++;
  if (!condition) console.log(`FAILED: ${words}`);
}

const executablePath = process.env.CHROMIUM || "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: [...browserArguments, `--crash-dumps-dir=${profile}`] });

async function open(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const seen = { requests: [], console: [], dialogs: 0 };
  page.on("request", (r) => { if (!r.url().startsWith("data:image/svg")) seen.requests.push(r.url()); });
  page.on("console", (m) => seen.console.push(m.text()));
  page.on("pageerror", (e) => seen.console.push(String(e)));
  page.on("dialog", (d) => { seen.dialogs++; d.dismiss(); });
  await page.goto(`file://${path.resolve(work, name)}.html`);
  return { page, seen, close: () => context.close() };
}

function checkQuiet(name, seen) {
  check(seen.requests.length === 1, `${name}: requests beside the page itself: ${seen.requests.slice(1, 4)}`);
  check(seen.console.length === 0, `${name}: console: ${seen.console.slice(0, 3)}`);
  check(seen.dialogs === 0, `${name}: a dialog opened`);
}

const views = [
  ["360", 360, 800, "light"], ["1280", 1280, 900, "light"], ["1920", 1920, 1080, "light"],
  ["360-dark", 360, 800, "dark"], ["1280-dark", 1280, 900, "dark"],
];

// Seen at every width ----------------------------------------------------------------------------
for (const name of ["plain", "hostile", "history"]) {
  for (const [label, width, height, colorScheme] of views) {
    const { page, seen, close } = await open(name, { viewport: { width, height }, colorScheme });
    const facts = await page.evaluate(() => {
      const box = (e) => { const r = e.getBoundingClientRect(); return [r.left, r.right, r.width, r.height]; };
      const shown = (e) => e.getBoundingClientRect().width > 0;
      return {
        title: document.title,
        scripts: document.scripts.length,
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        matrix: box(document.querySelector(".matrix")),
        cells: [...document.querySelectorAll(".matrix .cell")].filter(shown).length,
        charts: [...document.querySelectorAll(".chart")].map((c) =>
          [...c.querySelectorAll("svg")].filter(shown).map(box)),
        smallest: Math.min(...[...document.querySelectorAll(".chart svg text")].filter(shown)
          .map((t) => 12 * t.ownerSVGElement.getBoundingClientRect().width / t.ownerSVGElement.viewBox.baseVal.width)),
      };
    });
    const at = `${name} at ${label}`;
    check(facts.title === "Holdfast report", `${at}: the title is ${facts.title}`);
    check(facts.scripts === 1, `${at}: ${facts.scripts} scripts`);
    check(facts.overflow <= 0, `${at}: the page is ${facts.overflow} px too wide`);
    check(facts.matrix[2] > 300 && facts.matrix[3] > 200 && facts.cells > 20, `${at}: the matrix cannot be seen`);
    check(facts.charts.length >= 2, `${at}: ${facts.charts.length} charts`);
    for (const chart of facts.charts)
      check(chart.length === 1 && chart[0][2] > 250 && chart[0][3] > 60 && chart[0][1] <= width + 1,
        `${at}: a chart cannot be seen: ${JSON.stringify(chart)}`);
    check(facts.smallest >= 10, `${at}: chart text of ${facts.smallest} px`);
    checkQuiet(at, seen);
    await page.screenshot({ path: path.join(shots, `${name}-${label}.png`) });
    if (name === "plain") await page.screenshot({ path: path.join(shots, `${name}-${label}-whole.png`), fullPage: true });
    await close();
  }
}

// No barrier: axe-core, on a page with fewer cases, closed and with everything open -------------------
for (const colorScheme of ["light", "dark"]) {
  for (const width of [360, 1280]) {
    for (const name of ["closed", "opened"]) {
      const { page, close } = await open("small", { viewport: { width, height: 900 }, colorScheme });
      if (name === "opened")
        await page.evaluate(() => document.querySelectorAll("details").forEach((d) => { d.open = true; }));
      await page.evaluate(axe);
      const { violations, passes } = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
      check(passes.length > 20, `axe ${name} ${colorScheme} ${width}: only ${passes.length} rules ran`);
      for (const v of violations)
        check(false, `axe ${name} ${colorScheme} ${width}: ${v.id}: ${v.help}: ${v.nodes.length}, e.g. ${v.nodes[0].html.slice(0, 160)} ${v.nodes[0].failureSummary?.slice(0, 200)}`);
      await close();
    }
  }
}

// Without script: everything can be opened and read, the filters work ------------------------------------
{
  const { page, close } = await open("plain", { javaScriptEnabled: false });
  const area = page.locator(".areas > details").first();
  const one = area.locator("details.case").first();
  check(!(await one.locator(".body").isVisible()), "no script: cases begin closed");
  await area.locator("> summary").click();
  await one.locator("summary").click();
  check(await one.locator(".body").isVisible(), "no script: a case opens");
  check((await one.locator(".body").innerText()).includes("Technique"), "no script: a case says how it is tried");
  await page.locator("label", { hasText: "Documented gaps" }).click();
  const gap = page.locator("details.case.h-gap").first();
  const other = area.locator("details.case:not(.h-gap)").first();
  check(!(await other.isVisible()), "no script: the filter hides what is no gap");
  check((await gap.count()) > 0, "no script: there are gaps to show");
  await page.locator("#tradeoff summary").click();
  check(await page.locator("#tradeoff table").isVisible(), "no script: a chart has its numbers as a table");
  await page.screenshot({ path: path.join(shots, "plain-no-script.png") });
  await close();
}

// By keyboard ----------------------------------------------------------------------------------------------
{
  const { page, close } = await open("plain");
  await page.keyboard.press("Tab");
  check((await page.evaluate(() => document.activeElement.className)) === "skip", "keyboard: first the skip link");
  await page.keyboard.press("Enter");
  await page.locator(".matrix a.cell").first().focus();
  const target = await page.evaluate(() => document.activeElement.hash.slice(1));
  await page.keyboard.press("Enter");
  await page.waitForTimeout(300);
  check(await page.evaluate((id) => document.getElementById(id).open, target), "keyboard: a cell opens its area");
  await page.locator(`[id="${target}"] > details > summary`).first().focus();
  await page.keyboard.press("Space");
  check(await page.locator(`[id="${target}"] > details`).first().evaluate((d) => d.open), "keyboard: a case opens");
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  check(outline === "solid", `keyboard: the focus can be seen (${outline})`);
  await page.locator("#search").fill("case-01");
  const shown = await page.locator("details.case:visible").count();
  check(shown > 0 && shown < 40, `search: ${shown} cases`);
  await close();
}

// On paper ---------------------------------------------------------------------------------------------------
{
  const { page, close } = await open("plain");
  await page.emulateMedia({ media: "print" });
  check(!(await page.locator("nav").isVisible()), "print: no navigation");
  check(await page.locator(".matrix").isVisible(), "print: the matrix");
  const pdf = await page.pdf({ path: path.join(shots, "plain.pdf"), preferCSSPageSize: true });
  check(pdf.length > 20000, "print: a document");
  await close();
}

// Size and time of 50 published runs ---------------------------------------------------------------------------
{
  const bytes = fs.statSync(path.join(work, "history.html")).size;
  check(bytes < 5e6, `history: ${bytes} bytes`);
  let best = Infinity;
  for (let i = 0; i < 3; i++) {
    const { page, close } = await open("history");
    best = Math.min(best, await page.evaluate(() => new Promise((done) =>
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))));
    await close();
  }
  check(best < 2000, `history: drawn after ${Math.round(best)} ms`);
  console.log(`history: ${bytes} bytes, drawn after ${Math.round(best)} ms (best of 3)`);
}

await browser.close();
console.log(`${checks} checks, ${failures} failed; pictures in ${shots}`);
process.exitCode = failures > 0 ? 1 : 0;
