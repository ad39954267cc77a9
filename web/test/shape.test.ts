import assert from "node:assert/strict";
import { test } from "node:test";
import { dictionary, flag, list, maybe, number, object, or, ShapeError, text } from "../src/api/shape.ts";
import { explanation, topology } from "../src/api/types.ts";

const point = object({ x: number, name: maybe(text), on: or(flag, true), tags: or(list(text), []) });

test("a value that fits comes back typed, without what was not asked for", () => {
  assert.deepEqual(point({ x: 1, name: "a", on: false, tags: ["t"], newer: 2 }, ""), { x: 1, name: "a", on: false, tags: ["t"] });
});

test("what is absent is null or its default", () => {
  assert.deepEqual(point({ x: 1 }, ""), { x: 1, name: null, on: true, tags: [] });
});

for (const [value, message] of [
  [{ x: "1" }, 'x: expected a number, got "1"'],
  [{ x: Number.NaN }, "x: expected a number, got null"],
  [{}, "x: expected a number, got nothing"],
  [{ x: 1, tags: ["a", 2] }, "tags[1]: expected a string, got 2"],
  [{ x: 1, tags: {} }, "tags: expected a list, got {}"],
  [{ x: 1, on: "yes" }, 'on: expected true or false, got "yes"'],
  [[], "the message: expected an object, got []"],
  [null, "the message: expected an object, got null"],
] as const) {
  test(`it says where it does not fit: ${message}`, () => {
    assert.throws(() => point(value, ""), new ShapeError("", "", "").constructor);
    assert.throws(() => point(value, ""), { message });
  });
}

test("long values are cut in the message", () => {
  assert.throws(() => number("x".repeat(500), "a"), (error: Error) => error.message.length < 90);
});

test("dictionaries check each value", () => {
  assert.deepEqual(dictionary(number)({ a: 1 }, "d"), { a: 1 });
  assert.throws(() => dictionary(number)({ a: "1" }, "d"), { message: 'd.a: expected a number, got "1"' });
});

test("the least that a topology may be", () => {
  assert.deepEqual(topology({ fabrics: [] }, ""), { revision: 0, fabrics: [], conflicts: [], unknown: [], names: {} });
});

test("a step of an explanation may have one port only, and nothing need be missing", () => {
  const step = { a: { host: "h", interface: "i", vid: null }, b: null, kind: "lldp", sentence: "s", age: 1 };
  assert.deepEqual(explanation({ verdict: "apart", chain: [step], missing: null }, ""), { verdict: "apart", chain: [step], missing: "" });
});
