import type { Finding } from "../api/types.ts";
import { bySeverity } from "../site/nodes.ts";
import { Prose, Sentence } from "./small.tsx";

/** What is wrong, with its cause, its proof and what to do, the worst first. */
export function Findings({ findings }: { findings: readonly Finding[] }) {
  if (findings.length === 0) return null;
  return (
    <ul class="findings" aria-label="Findings">
      {bySeverity(findings).map((one) => (
        <FindingItem key={`${one.id} ${one.what}`} finding={one} />
      ))}
    </ul>
  );
}

function FindingItem({ finding }: { finding: Finding }) {
  return (
    <li class={finding.severity}>
      <p>
        <b class="severity">{finding.severity}</b> <Sentence>{finding.what}</Sentence> {finding.cause && <Sentence>{finding.cause}</Sentence>}
      </p>
      <ul class="sentences">
        {finding.proof.map((sentence) => (
          <li key={sentence}>
            <Sentence>{sentence}</Sentence>
          </li>
        ))}
      </ul>
      {finding.fix.map((step) => (
        <p key={step} class="fix">
          <Prose>{step}</Prose>
        </p>
      ))}
    </li>
  );
}
