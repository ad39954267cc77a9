import { hosts, interfaces, refusals, topology } from "../live/store.ts";
import { count, RACK_LINE } from "../site/words.ts";

/** For a machine that is alone: what is known all the same, what is not, and what would settle it. */
export function Alone() {
  const all = interfaces.value?.value ?? [];
  const up = all.filter((item) => item.carrier === true).length;
  const down = all.filter((item) => item.carrier === false).length;
  const told = all.filter((item) => item.neighbour !== null).length;
  const name = hosts.value?.value[0]?.name;
  return (
    <div class="alone">
      <h3>{name ? `${name} is the only host that speaks here` : "No host speaks here yet"}</h3>
      <p>
        <b>Known:</b> {count(all.length, "interface")}; {up} with carrier, {down} without; {told === 0 ? "no switch has named itself" : `${count(told, "switch port")} named by LLDP or CDP`}.
      </p>
      <p>
        <b>Unknown:</b> what lies behind {count(topology.value?.value.unknown.length ?? 0, "interface")}. This machine proves by its own beacons which of its interfaces share a wire; what is beyond them, only another that answers can prove.
      </p>
      {(refusals.value?.value.length ?? 0) > 0 && (
        <p>
          <b>Refused:</b> someone else does speak here, but could not be believed; the reasons are <a href="#refusals-title">below</a>.
        </p>
      )}
      <p>
        <b>What would settle it:</b> the same secret and one more Bellrock on another machine of this network:
      </p>
      <pre tabIndex={0}>{RACK_LINE}</pre>
    </div>
  );
}
