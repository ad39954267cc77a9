import { useEffect, useRef, useState } from "preact/hooks";
import { fetchResults } from "../api/client.ts";
import type { Cell, Result, Results } from "../api/types.ts";
import { refusal } from "../live/refusal.ts";
import { stamp, type Stamped } from "../live/store.ts";
import { afterWords, byFault, fits, targetWords, verdictWord } from "../site/reach.ts";
import { Findings } from "./Findings.tsx";
import { Age, Sentence } from "./small.tsx";

type Props = { readonly cell: Cell; readonly name: string; readonly title: string; readonly close: () => void };

/** What was sent and what came back, for each target of one agent and one flow. Asked for again whenever the cell has changed. */
export function ReachResults({ cell, name, title, close }: Props) {
  const [found, setFound] = useState<Stamped<Results> | null>(null);
  const [said, setSaid] = useState("");
  const head = useRef<HTMLHeadingElement>(null);
  useEffect(() => head.current?.focus(), []);
  useEffect(() => {
    let wanted = true;
    fetchResults(cell.agent, cell.flow).then(
      (answer) => wanted && (setFound(stamp(answer)), setSaid("")),
      (error: unknown) => wanted && setSaid(refusal(error)),
    );
    return () => {
      wanted = false;
    };
  }, [cell]);
  return (
    <section class="results" aria-labelledby="results-title">
      <header class="section-head">
        <h3 id="results-title" ref={head} tabIndex={-1}>
          {title}, tried from <span class="mono">{name}</span>
        </h3>
        <button type="button" class="quiet" onClick={close}>
          close
        </button>
      </header>
      {said && <p class="wrong">{said}</p>}
      {found && (
        <>
          <Findings findings={found.value.findings} />
          {byFault(found.value.results).map((result) => (
            <ResultBlock key={targetWords(result)} result={result} at={found.at} open={found.value.results.length === 1} />
          ))}
        </>
      )}
    </section>
  );
}

function ResultBlock({ result, at, open }: { readonly result: Result; readonly at: number; readonly open: boolean }) {
  const well = fits(result);
  const first = result.evidence[0]?.at ?? 0;
  return (
    <details class="node" open={open}>
      <summary>
        <b class="mono">{targetWords(result)}</b> <span class={well ? "good" : result.verdict === "not-checked" ? "soft" : "bad"}>{verdictWord(result)}</span>{" "}
        <Sentence>{result.detail}</Sentence>
        <span class="soft">
          {result.rtt_ms !== null && `; ${result.rtt_ms} ms`}
          {result.age !== null && (
            <>
              ; <Age seconds={result.age} at={at} /> ago
            </>
          )}
        </span>
      </summary>
      <ol class="trace" aria-label="What was sent and what came back">
        {result.evidence.map((step, index) => (
          <li key={index} class={step.direction}>
            <span class="num soft">{afterWords(step.at, first)}</span> <b>{step.direction}</b> <Sentence>{step.what}</Sentence>
            {step.octets > 0 && <span class="soft num"> {step.octets} octets</span>}
          </li>
        ))}
      </ol>
    </details>
  );
}
