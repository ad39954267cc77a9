import { useMemo } from "preact/hooks";
import type { Interface } from "../api/types.ts";
import { pin } from "../live/actions.ts";
import { filter, interfaces, passing, pinned, query, site } from "../live/store.ts";
import { pairSentence, passWords } from "../site/mtu.ts";
import { plugKey, type Plug, type Site } from "../site/site.ts";
import { count, natural, ownName } from "../site/words.ts";
import { Growing } from "./Growing.tsx";
import { Prose, Scroll, VlanTag } from "./small.tsx";

type Row = { readonly facts: Interface; readonly plug: Plug | null; readonly first: boolean };

export function Interfaces() {
  const all = interfaces.value?.value ?? [];
  const found = site.value;
  const fits = filter.value;
  const rows = useMemo(() => rowsOf(all, found, fits), [all, found, fits]);
  return (
    <section class="block" aria-labelledby="interfaces-title">
      <h2 id="interfaces-title">
        Interfaces <span class="soft num">{query.value.trim() ? `${rows.length} of ${all.length}` : all.length}</span>
      </h2>
      <Scroll label="Interfaces">
        <table class="rows">
          <thead>
            <tr>
              <th scope="col">Host</th>
              <th scope="col">Interface</th>
              <th scope="col">Carrier</th>
              <th scope="col" class="right">
                MTU
              </th>
              <th scope="col">Addresses</th>
              <th scope="col">VLANs</th>
              <th scope="col">Switch port</th>
              <th scope="col">MAC</th>
            </tr>
          </thead>
          <Growing rows={rows} columns={8} draw={(row) => <InterfaceRow key={plugKey(row.facts.host, row.facts.name)} row={row} />} />
        </table>
      </Scroll>
      {rows.length === 0 && <p class="soft">{all.length > 0 ? `None of ${count(all.length, "interface")} fits the filter.` : "None reported yet."}</p>}
    </section>
  );
}

/** Interfaces by host; those that are not in the picture (bridge members, say) are found by a plug made from their facts. */
function rowsOf(all: readonly Interface[], found: Site, fits: (plug: Plug) => boolean): Row[] {
  const plugs = new Map(found.plugs.map((plug) => [plug.key, plug]));
  const shown = [...all]
    .sort((a, b) => natural(a.host, b.host) || natural(a.name, b.name))
    .map((facts) => ({ facts, plug: plugs.get(plugKey(facts.host, facts.name)) ?? null }))
    .filter(({ facts, plug }) => fits(plug ?? bare(facts)));
  return shown.map((row, index) => ({ ...row, first: shown[index - 1]?.facts.host !== row.facts.host }));
}

function bare(facts: Interface): Plug {
  const touches = facts.vlans.map(({ vlan, vid, strength }) => ({ rail: vlan, vid, strength, age: 0, evidence: [] }));
  return { key: plugKey(facts.host, facts.name), host: facts.host, interface: facts.name, touches, unknown: facts.unknown, conflicts: [], facts, alike: [] };
}

function InterfaceRow({ row: { facts, plug, first } }: { row: Row }) {
  const key = plugKey(facts.host, facts.name);
  return (
    <tr class={first ? "first" : ""}>
      <th scope="row">{first ? facts.host : <span class="unseen">{facts.host}</span>}</th>
      <td>
        {plug ? (
          <button type="button" class="name" aria-pressed={pinned.value?.key === key} onClick={() => pin({ kind: "plug", key })}>
            {facts.name}
          </button>
        ) : (
          <span class="mono">{facts.name}</span>
        )}{" "}
        <span class="soft">{kindWords(facts)}</span>
      </td>
      <td>{carrierWords(facts)}</td>
      <td class="right num">
        {facts.mtu ?? "–"}
        <Passes plug={key} />
      </td>
      <td class="mono">{facts.addresses.join(", ") || <span class="soft">none</span>}</td>
      <td>
        <Places facts={facts} plug={plug} />
      </td>
      <td>{facts.neighbour ? `${facts.neighbour.system || "unnamed switch"} ${facts.neighbour.port}` : <span class="soft">not told</span>}</td>
      <td class="mono soft">{facts.mac}</td>
    </tr>
  );
}

/** What was measured to pass, where that is less than it should be. */
function Passes({ plug }: { plug: string }) {
  const found = passing.value.get(plug);
  if (!found) return null;
  const sentences = [found.out, found.in].flatMap((pair) => (pair ? [pairSentence(pair)] : []));
  return (
    <span class="passes bad" title={sentences.join("\n")}>
      {passWords(found)}
    </span>
  );
}

function kindWords(facts: Interface): string {
  const parts = [facts.kind === "physical" ? "" : facts.kind];
  if (facts.vid !== null) parts.push(String(facts.vid));
  if (facts.parents.length > 0) parts.push(`on ${facts.parents.join(", ")}`);
  if (facts.master) parts.push(`in ${facts.master}`);
  return parts.filter(Boolean).join(" ");
}

function carrierWords(facts: Interface) {
  if (!facts.up) return <span class="soft">down</span>;
  if (facts.carrier === null) return <span class="soft">not told</span>;
  return facts.carrier ? "yes" : <span class="bad unbroken">no carrier</span>;
}

function Places({ facts, plug }: { facts: Interface; plug: Plug | null }) {
  const rails = new Map(site.value.rails.map((rail) => [rail.id, rail]));
  const touches = plug?.touches ?? facts.vlans.map(({ vlan, vid }) => ({ rail: vlan, vid }));
  if (touches.length === 0) return facts.unknown ? <span class="unknown-why">unknown: <Prose>{facts.unknown}</Prose></span> : <span class="soft">{facts.settled ? "–" : "still listening"}</span>;
  return (
    <span class="places">
      {touches.map((touch) => {
        const rail = rails.get(touch.rail);
        return rail ? <VlanTag key={`${touch.rail} ${touch.vid}`} vid={rail.vid} name={ownName(rail)} hue={rail.hue} /> : null;
      })}
    </span>
  );
}
