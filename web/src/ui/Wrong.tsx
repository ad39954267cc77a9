import { useState } from "preact/hooks";
import type { Standing } from "../api/types.ts";
import { findings, query } from "../live/store.ts";
import { bySeverity } from "../site/nodes.ts";
import { findingFits, missedWords, placeWords, stateWords, sureWords, wrongWords } from "../site/wrong.ts";
import { Age, Prose, Sentence } from "./small.tsx";

/** Findings that are drawn; the filter finds the others. */
const MOST = 100;
/** As many lines stand there at once. */
const FEW = 5;

/** What is wrong by all that the region knows: a line for each cause, which opens on its proof and what to do. */
export function Wrong() {
  const [all, setAll] = useState(false);
  if (findings.value === null) return null;
  const { value: found, at } = findings.value;
  const fitting = (bySeverity(found.findings) as readonly Standing[]).filter((one) => findingFits(one, query.value));
  const shown = fitting.slice(0, all ? MOST : FEW);
  return (
    <section class="block wrong-list" aria-labelledby="wrong-title">
      <h2 id="wrong-title" tabIndex={-1}>
        What is wrong <span class="soft num">{query.value.trim() ? `${fitting.length} of ${found.findings.length}` : found.findings.length}</span>
      </h2>
      {missedWords(found) && <p role="status">{missedWords(found)}</p>}
      <p class={found.findings.length === 0 ? "soft" : ""}>{wrongWords(found)}</p>
      {shown.map((one) => (
        <Cause key={one.key} one={one} looked={found.looked ?? one.seen} at={at} />
      ))}
      {fitting.length > shown.length && (
        <p>
          {all ? (
            <span class="soft">
              and {fitting.length - shown.length} more; <code>bellrock findings</code> lists all
            </span>
          ) : (
            <button type="button" class="link" onClick={() => setAll(true)}>
              show {fitting.length - shown.length} more
            </button>
          )}
        </p>
      )}
    </section>
  );
}

type CauseProps = { readonly one: Standing; readonly looked: number; readonly at: number };

function Cause({ one, looked, at }: CauseProps) {
  const [open, setOpen] = useState(false);
  const state = stateWords(one);
  return (
    <details class={`node cause ${one.severity}`} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b class="severity">{one.severity}</b> <Sentence>{one.what}</Sentence>{" "}
        <span class="soft">
          for <Age seconds={Math.max(0, looked - one.opened)} at={at} />
          {state && `; ${state}`}
          {one.symptoms.length > 0 && `; explains ${one.symptoms.length} more`}
        </span>
      </summary>
      {open && <Why one={one} />}
    </details>
  );
}

function Why({ one }: { one: Standing }) {
  return (
    <div class="why">
      {one.cause && (
        <p>
          <Sentence>{one.cause}</Sentence>
        </p>
      )}
      <Lines title="Proof" lines={one.proof} />
      {one.fix.length > 0 && (
        <>
          <h3>What to do</h3>
          <ol class="sentences">
            {one.fix.map((step) => (
              <li key={step}>
                <Prose>{step}</Prose>
              </li>
            ))}
          </ol>
        </>
      )}
      {one.recheck && (
        <p>
          Is it mended? <code>{one.recheck}</code>
        </p>
      )}
      <Lines title="What follows from it" lines={one.symptoms} />
      <p class="soft">
        {[placeWords(one), sureWords(one), one.origin && `told by ${one.origin}`].filter(Boolean).join("; ")}; <code>bellrock explain {one.id}</code>
      </p>
    </div>
  );
}

function Lines({ title, lines }: { title: string; lines: readonly string[] }) {
  if (lines.length === 0) return null;
  return (
    <>
      <h3>{title}</h3>
      <ul class="sentences">
        {lines.map((line) => (
          <li key={line}>
            <Sentence>{line}</Sentence>
          </li>
        ))}
      </ul>
    </>
  );
}
