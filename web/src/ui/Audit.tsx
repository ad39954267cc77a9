import { useState } from "preact/hooks";
import { fetchAudit } from "../api/client.ts";
import type { AuditEntry } from "../api/types.ts";
import { refusal } from "../live/refusal.ts";
import { allowed } from "../live/store.ts";
import { moment } from "../site/admission.ts";
import { changeWords, joined, whatWords, whoWords } from "../site/audit.ts";
import { Scroll } from "./small.tsx";

/** Entries that are asked for at once. */
const PAGE = 50;

/** Who did what, for those who may know. Asked for only when somebody wants to see it. */
export function Audit() {
  const [entries, setEntries] = useState<readonly AuditEntry[] | null>(null);
  const [ended, setEnded] = useState(false);
  const [wrong, setWrong] = useState("");
  if (!allowed("admin")) return null;
  const ask = async (before: number | null): Promise<void> => {
    try {
      const more = await fetchAudit(before, PAGE);
      setEntries((known) => joined(known ?? [], more));
      if (before !== null || entries === null) setEnded(more.length < PAGE);
      setWrong("");
    } catch (error) {
      setWrong(refusal(error));
    }
  };
  const oldest = entries?.at(-1)?.id ?? null;
  return (
    <section class="block" aria-labelledby="audit-title">
      <header class="section-head">
        <h2 id="audit-title">Who did what</h2>
        <button type="button" class="quiet" onClick={() => void ask(null)}>
          {entries === null ? "show the audit log" : "look again"}
        </button>
      </header>
      <p class="wrong" role="alert">
        {wrong}
      </p>
      {entries !== null && <AuditTable entries={entries} />}
      {entries !== null && !ended && (
        <button type="button" class="link" onClick={() => void ask(oldest)}>
          older
        </button>
      )}
    </section>
  );
}

function AuditTable({ entries }: { entries: readonly AuditEntry[] }) {
  if (entries.length === 0) return <p class="soft">Nobody has done anything yet.</p>;
  return (
    <Scroll label="Audit log">
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">From</th>
            <th scope="col">What</th>
            <th scope="col">Before → after</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <tr key={entry.id}>
              <td class="num">{moment(entry.at)}</td>
              <th scope="row">{whoWords(entry)}</th>
              <td class="mono">{entry.address}</td>
              <td>{whatWords(entry)}</td>
              <td>{changeWords(entry)}</td>
              <td class={entry.outcome === "done" ? "" : "bad"}>{entry.outcome}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
