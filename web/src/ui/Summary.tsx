import { clear } from "../live/actions.ts";
import { hosts, marked, query, shownSite, site, topology } from "../live/store.ts";
import { plugKey } from "../site/site.ts";
import { conflictTitle, count, headline, portName } from "../site/words.ts";
import { Notices } from "./Notices.tsx";
import { Sentence } from "./small.tsx";
import type { Conflict } from "../api/types.ts";

export function Summary() {
  const found = topology.value?.value;
  if (!found) return null;
  const hostCount = hosts.value?.value.length ?? new Set(site.value.plugs.map((plug) => plug.host)).size;
  return (
    <section class="summary" aria-labelledby="headline">
      <p id="headline" class="headline">
        {headline(found, hostCount)}
      </p>
      <Notices />
      {query.value.trim() && <Narrowed />}
      {found.conflicts.length > 0 && (
        <ol class="conflicts" aria-label="Conflicts">
          {found.conflicts.map((conflict, index) => (
            <ConflictLine key={`${conflict.kind} ${conflict.proof}`} conflict={conflict} number={index + 1} />
          ))}
        </ol>
      )}
    </section>
  );
}

function ConflictLine({ conflict, number }: { conflict: Conflict; number: number }) {
  const keys = conflict.where.map((port) => plugKey(port.host, port.interface));
  const on = marked.value === conflict.where;
  const show = (): void => {
    if (on) return clear();
    marked.value = conflict.where;
    document.getElementById("picture")?.scrollIntoView({ block: "nearest" });
  };
  return (
    <li>
      <span class="badge" aria-hidden="true">
        {number}
      </span>
      <div>
        <strong>{conflictTitle(conflict.kind)}.</strong> <Sentence>{conflict.proof}</Sentence>{" "}
        <button type="button" class="link" aria-pressed={on} title={conflict.where.map(portName).join(", ")} onClick={show}>
          {on ? "stop showing" : `show ${count(new Set(keys).size, "port")} in the picture`}
        </button>
      </div>
    </li>
  );
}

function Narrowed() {
  const hostsShown = new Set(shownSite.value.plugs.map((plug) => plug.host)).size;
  return (
    <p class="narrowed" role="status">
      The filter leaves {count(hostsShown, "host")}.{" "}
      <button type="button" class="link" onClick={() => (query.value = "")}>
        show all
      </button>
    </p>
  );
}
