import assert from "node:assert/strict";
import { test } from "node:test";
import type { Cell, Matrix, Result } from "../src/api/types.ts";
import { afterWords, byFault, cellWords, columns, fits, mood, reachHeadline, rows, runningWords, targetWords, verdictWord } from "../src/site/reach.ts";

function cell(agent: string, flow: string, verdict: string, faults = 0, checks = 1, more: Partial<Cell> = {}): Cell {
  return { agent, flow, verdict, checks, faults, blocked: 0, counts: { [verdict]: checks }, detail: "why", age: 1, stale: false, ...more };
}

function matrix(...cells: Cell[]): Matrix {
  const names = [...new Set(cells.map((one) => one.agent))];
  return {
    site: "one.toml",
    agents: names.map((name) => ({ id: name, name, roles: [], connected: true })),
    flows: ["dhcp", "dns", "ntp"].map((id) => ({ id, title: id })),
    cells,
    running: [],
    untried: [],
  };
}

function result(verdict: string, expected = "pass", target = "10.0.0.1:53", variant = ""): Result {
  return { target, verdict, detail: "", rtt_ms: null, evidence: [], variant, protocol: "udp", expected, age: 1, since_age: 1 };
}

test("a flow that must not pass and does not is no fault, whatever its verdict", () => {
  assert.equal(mood(cell("a", "dns", "works", 0, 2, { blocked: 2 })), "closed");
  assert.equal(mood(cell("a", "dns", "works", 0, 2, { blocked: 1 })), "works");
  assert.equal(mood(cell("a", "dns", "works")), "works");
  assert.equal(mood(cell("a", "dns", "filtered", 1)), "fault");
  assert.equal(mood(cell("a", "dns", "degraded", 1)), "degraded");
  assert.equal(mood(cell("a", "dns", "exposed", 1)), "fault");
  assert.equal(mood(cell("a", "dns", "not-checked")), "unknown");
  assert.equal(mood(undefined), "none");
});

test("agents with faults stand first, then by name as people sort names", () => {
  const found = rows(matrix(cell("rack-10", "dns", "works"), cell("rack-2", "dns", "works"), cell("rack-3", "dns", "refused", 2, 2)));
  assert.deepEqual(found.map((row) => [row.agent.name, row.faults]), [["rack-3", 2], ["rack-2", 0], ["rack-10", 0]]);
});

test("only flows that somebody tried have a column, in the order of a boot", () => {
  assert.deepEqual(columns(matrix(cell("a", "ntp", "works"), cell("b", "dhcp", "works"))).map((flow) => flow.id), ["dhcp", "ntp"]);
});

test("a cell says in words what its mark shows", () => {
  assert.equal(cellWords("a", "dns", cell("a", "dns", "refused", 1, 3)), "a, dns: refused, 1 of 3 checks: why");
  assert.equal(cellWords("a", "dns", cell("a", "dns", "works", 0, 1, { blocked: 1 })), "a, dns: closed, as it should be, 1 check");
  assert.equal(cellWords("a", "dns", cell("a", "dns", "works", 0, 2, { stale: true })), "a, dns: works, 2 checks; not tried for long");
  assert.equal(cellWords("a", "dns", undefined), "a, dns: nothing to try");
});

test("the headline counts faults, and tells nothing tried from nothing wrong", () => {
  assert.equal(reachHeadline(matrix(cell("a", "dns", "refused", 1, 3))), "1 of 3 checks found a fault.");
  assert.equal(reachHeadline(matrix(cell("a", "dns", "works", 0, 3), cell("a", "ntp", "not-checked"))), "Of 4 checks none found a fault; 1 could not be made.");
  assert.equal(reachHeadline(matrix()), "Nothing was tried yet.");
  assert.match(reachHeadline({ ...matrix(), site: null }), /No site file/);
});

test("who tries flows now is said with how far they are", () => {
  assert.equal(runningWords(matrix()), "");
  const run = (...names: string[]) => ({ run: "1", checks: 10, left: 4, agents: names.map((agent) => ({ agent, checks: 5, left: 2 })) });
  assert.equal(runningWords({ ...matrix(), running: [run("rack-2", "rack-1")] }), "rack-1 and rack-2 try flows now: 6 of 10 done.");
  assert.equal(runningWords({ ...matrix(), running: [run("a")] }), "a tries flows now: 6 of 10 done.");
  assert.equal(runningWords({ ...matrix(), running: [run("a", "b"), run("c", "d")] }), "4 agents try flows now: 12 of 20 done.");
});

test("what must be blocked, and is, is called so", () => {
  assert.equal(fits(result("works")), true);
  assert.equal(fits(result("works", "blocked")), true);
  assert.equal(fits(result("degraded")), false);
  assert.equal(fits(result("exposed", "blocked")), false);
  assert.equal(fits(result("not-checked", "blocked")), false);
  assert.equal(verdictWord(result("works", "blocked")), "blocked");
  assert.equal(verdictWord(result("exposed", "blocked")), "exposed");
  assert.equal(verdictWord(result("works")), "works");
});

test("faults stand first, then what was not checked, then by target", () => {
  const all = [result("works", "pass", "b"), result("not-checked"), result("works", "pass", "a"), result("refused")];
  assert.deepEqual(byFault(all).map((one) => [one.verdict, one.target]), [["refused", "10.0.0.1:53"], ["not-checked", "10.0.0.1:53"], ["works", "a"], ["works", "b"]]);
});

test("targets and times are written as an operator reads them", () => {
  assert.equal(targetWords(result("works", "pass", "10.0.0.1:53", "uefi-x64")), "10.0.0.1:53 udp, uefi-x64");
  assert.equal(targetWords({ target: "eth0", protocol: "", variant: "" }), "eth0");
  assert.equal(afterWords(10.0004, 10), "+0.4 ms");
  assert.equal(afterWords(11.2, 10), "+1.20 s");
  assert.equal(afterWords(9, 10), "+0.0 ms");
});
