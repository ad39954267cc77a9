import type { Host } from "../api/types.ts";
import { hosts } from "../live/store.ts";
import { age, natural } from "../site/words.ts";
import { Growing } from "./Growing.tsx";
import { Age, Scroll } from "./small.tsx";

/** A clock this far off will soon have its beacons refused. */
const CLOCK_WORRY = 5;

export function Hosts() {
  const all = [...(hosts.value?.value ?? [])].sort((a, b) => natural(a.name, b.name));
  return (
    <section class="block" aria-labelledby="hosts-title">
      <h2 id="hosts-title">
        Hosts <span class="soft num">{all.length}</span>
      </h2>
      <Scroll label="Hosts">
        <table class="rows whole">
          <thead>
            <tr>
              <th scope="col">Host</th>
              <th scope="col">Role</th>
              <th scope="col">Agent</th>
              <th scope="col" class="right">
                Seen
              </th>
              <th scope="col" class="right">
                Clock
              </th>
              <th scope="col" class="right">
                Interfaces
              </th>
            </tr>
          </thead>
          <Growing rows={all} columns={6} draw={(host) => <HostRow key={host.id} host={host} at={hosts.value?.at ?? 0} />} />
        </table>
      </Scroll>
    </section>
  );
}

function HostRow({ host, at }: { host: Host; at: number }) {
  return (
    <tr>
      <th scope="row">{host.name}</th>
      <td>{host.role || <span class="soft">only heard</span>}</td>
      <td>{host.connected ? "connected" : <span class="bad">not connected</span>}</td>
      <td class="right">{host.seen_age === null ? <span class="soft">never</span> : <Age seconds={host.seen_age} at={at} />}</td>
      <td class="right num">{clockWords(host.clock_offset)}</td>
      <td class="right num">{host.interfaces}</td>
    </tr>
  );
}

function clockWords(offset: number | null) {
  if (offset === null) return <span class="soft">not known</span>;
  if (Math.abs(offset) < 1) return `${offset < 0 ? "−" : "+"}${Math.round(Math.abs(offset) * 1000)} ms`;
  const words = `${offset < 0 ? "−" : "+"}${age(Math.abs(offset))}`;
  return Math.abs(offset) >= CLOCK_WORRY ? <span class="bad">{words}</span> : words;
}
