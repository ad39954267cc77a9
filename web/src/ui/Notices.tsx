import { enrolments, mtu, nodes } from "../live/store.ts";
import { waiting } from "../site/admission.ts";
import { broken } from "../site/nodes.ts";
import { count } from "../site/words.ts";

type Notice = { readonly section: string; readonly words: string };

/** What somebody should look at, each with the way to it. */
export function Notices() {
  const all = notices();
  if (all.length === 0) return null;
  return (
    <ul class="notices" aria-label="To be looked at">
      {all.map(({ section, words }) => (
        <li key={section}>
          <button type="button" class="link" onClick={() => go(section)}>
            {words}
          </button>
        </li>
      ))}
    </ul>
  );
}

function notices(): readonly Notice[] {
  const asking = waiting(enrolments.value?.value ?? []).length;
  const culprits = mtu.value?.value.culprits.length ?? 0;
  const failing = broken(nodes.value?.value ?? []).length;
  return [
    { section: "enrolments-title", n: asking, words: `${count(asking, "agent waits", "agents wait")} to be let in` },
    { section: "mtu-title", n: culprits, words: `large packets stop at ${count(culprits, "place")}` },
    { section: "nodes-title", n: failing, words: `errors on ${count(failing, "node")} in commissioning` },
  ].filter(({ n }) => n > 0);
}

function go(section: string): void {
  const title = document.getElementById(section);
  title?.scrollIntoView({ block: "start" });
  title?.focus({ preventScroll: true });
}
