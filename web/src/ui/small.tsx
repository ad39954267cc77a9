/** Small parts that many others use. */

import type { ComponentChildren } from "preact";
import { now } from "../live/store.ts";
import { age } from "../site/words.ts";

/** An age that grows while one looks at it: `seconds` old when it arrived at `at`. */
export function Age({ seconds, at }: { seconds: number; at: number }) {
  return <span class="num age">{age(seconds + Math.max(0, now.value - at) / 1000)}</span>;
}

/** Text in which `backticks` mark what is typed. */
export function Prose({ children }: { children: string }) {
  return (
    <>
      {children.split("`").map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part))}
    </>
  );
}

/** Longer words may break in a narrow column after all. */
const UNBROKEN = 34;

/** A sentence of the region. Port names in it (`host/interface`, but no `Mbit/s`) are set as names and not broken at their hyphens. */
export function Sentence({ children }: { children: string }) {
  return (
    <>
      {children.split(/(\S+\/(?!s\b)\S*\w)/).map((part, index) =>
        index % 2 === 1 ? (
          <span key={index} class={part.length <= UNBROKEN ? "port unbroken" : "port"}>
            {part}
          </span>
        ) : (
          part
        ),
      )}
    </>
  );
}

/** A table that scrolls by itself where the window is narrow, and can be scrolled with the keyboard. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="scroll" role="region" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}

/** VID and name of a VLAN, in its colour. */
export function VlanTag({ vid, name, hue }: { vid: number | null; name: string; hue: number }) {
  return (
    <span class={`vlan-tag hue-${hue}`}>
      <b>{vid ?? "?"}</b>
      {name && ` ${name}`}
    </span>
  );
}
