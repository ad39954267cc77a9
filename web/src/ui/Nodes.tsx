import { useState } from "preact/hooks";
import type { Node } from "../api/types.ts";
import { nodes, query } from "../live/store.ts";
import { byTrouble, nodeFits, nodeWords, speedWords } from "../site/nodes.ts";
import { Findings } from "./Findings.tsx";
import { Age, Scroll } from "./small.tsx";

/** Nodes that are drawn at once; the filter finds the others. */
const MOST = 60;
/** As few as this are all shown open. */
const FEW = 2;

/** What nodes found in their commissioning runs: where each interface is, and what is wrong. */
export function Nodes() {
  if (nodes.value === null || nodes.value.value.length === 0) return null;
  const all = nodes.value.value;
  const shown = byTrouble(all).filter((node) => nodeFits(node, query.value));
  return (
    <section class="block" aria-labelledby="nodes-title">
      <h2 id="nodes-title" tabIndex={-1}>
        Nodes in commissioning <span class="soft num">{query.value.trim() ? `${shown.length} of ${all.length}` : all.length}</span>
      </h2>
      {shown.slice(0, MOST).map((node) => (
        <NodeBlock key={node.agent} node={node} at={nodes.value?.at ?? 0} open={all.length <= FEW} />
      ))}
      {shown.length > MOST && <p class="soft">and {shown.length - MOST} more; the filter finds them</p>}
      {shown.length === 0 && <p class="soft">No node fits the filter.</p>}
    </section>
  );
}

/** A line that opens. What is in it is drawn only then: a node may have 64 interfaces, and there may be hundreds of nodes. */
function NodeBlock({ node, at, open }: { node: Node; at: number; open: boolean }) {
  const [opened, setOpened] = useState(open);
  return (
    <details class="node" open={opened} onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>
        <b class="mono">{node.name}</b> <span class={node.findings.some((one) => one.severity === "error") ? "bad" : "soft"}>{nodeWords(node)}</span>
        <Told node={node} at={at} />
      </summary>
      {opened && (
        <>
          <Findings findings={node.findings} />
          <NodeTable node={node} />
        </>
      )}
    </details>
  );
}

/** When it reported, and through whom where not by itself. */
function Told({ node, at }: { node: Node; at: number }) {
  return (
    <span class="soft">
      {node.age !== null && (
        <>
          ; told <Age seconds={node.age} at={at} /> ago
        </>
      )}
      {node.via && ` by way of ${node.via}`}
    </span>
  );
}

function NodeTable({ node }: { node: Node }) {
  return (
    <Scroll label={`Interfaces of ${node.name}`}>
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">Interface</th>
            <th scope="col">Carrier</th>
            <th scope="col">Speed</th>
            <th scope="col" class="right">
              MTU
            </th>
            <th scope="col">VLANs</th>
            <th scope="col">Fabric</th>
            <th scope="col">Switch port</th>
            <th scope="col">MAC</th>
          </tr>
        </thead>
        <tbody>
          {node.interfaces.map((one) => (
            <tr key={one.name}>
              <th scope="row">{one.name}</th>
              <td>{one.carrier === null ? <span class="soft">not told</span> : one.carrier ? "yes" : <span class="bad">no carrier</span>}</td>
              <td>{speedWords(one) || <span class="soft">not told</span>}</td>
              <td class="right num">{one.mtu ?? "–"}</td>
              <td>{one.vlans.join(", ") || <span class="soft">not known</span>}</td>
              <td>{one.fabric || <span class="soft">not known</span>}</td>
              <td>{one.switch || <span class="soft">not told</span>}</td>
              <td class="mono soft">{one.mac}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
