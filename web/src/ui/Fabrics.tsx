import type { Fabric, Vlan } from "../api/types.ts";
import { site, topology } from "../live/store.ts";
import { pin } from "../live/actions.ts";
import { count, vlanName } from "../site/words.ts";
import { Rename } from "./Rename.tsx";
import { Scroll } from "./small.tsx";

/** Fabrics and VLANs; a click on a name renames it. */
export function Fabrics() {
  const fabrics = topology.value?.value.fabrics ?? [];
  return (
    <section class="block" aria-labelledby="fabrics-title">
      <h2 id="fabrics-title">Fabrics and VLANs</h2>
      {fabrics.length === 0 && <p class="soft">None found yet.</p>}
      {fabrics.length > 0 && <FabricTable fabrics={fabrics} />}
    </section>
  );
}

function FabricTable({ fabrics }: { fabrics: readonly Fabric[] }) {
  return (
      <Scroll label="Fabrics and VLANs">
        <table class="rows">
          <thead>
            <tr>
              <th scope="col" class="right">
                VID
              </th>
              <th scope="col">Name</th>
              <th scope="col">Subnets</th>
              <th scope="col" class="right">
                Ports
              </th>
            </tr>
          </thead>
          {fabrics.map((fabric) => (
            <FabricRows key={fabric.id} fabric={fabric} />
          ))}
        </table>
      </Scroll>
  );
}

function FabricRows({ fabric }: { fabric: Fabric }) {
  const vlans = [...fabric.vlans].sort((a, b) => (a.vid ?? 4096) - (b.vid ?? 4096));
  return (
    <tbody>
      <tr class="fabric-row">
        <th scope="rowgroup" colSpan={4}>
          <Rename what="fabrics" id={fabric.id} name={fabric.name} label={`fabric ${fabric.name}`} /> <span class="soft">{count(vlans.length, "VLAN")}</span>
        </th>
      </tr>
      {vlans.map((vlan) => (
        <VlanRow key={vlan.id} vlan={vlan} />
      ))}
    </tbody>
  );
}

function VlanRow({ vlan }: { vlan: Vlan }) {
  const hue = site.value.rails.find((rail) => rail.id === vlan.id)?.hue ?? 0;
  return (
    <tr>
      <td class="right">
        <button type="button" class={`name vlan-tag hue-${hue}`} aria-label={`Show ${vlanName(vlan)}`} onClick={() => pin({ kind: "rail", key: vlan.id })}>
          <b>{vlan.vid ?? "?"}</b>
        </button>
      </td>
      <td>
        <Rename what="vlans" id={vlan.id} name={vlan.name} label={vlanName(vlan)} />
      </td>
      <td class="mono">{vlan.subnets.join(", ") || <span class="soft">none known</span>}</td>
      <td class="right num">{vlan.members.length}</td>
    </tr>
  );
}
