import { useEffect, useState } from "preact/hooks";
import { fetchEvidence, fetchMembers } from "../api/client.ts";
import type { Interface } from "../api/types.ts";
import { chooseEnd, clear, pin } from "../live/actions.ts";
import { refusal } from "../live/refusal.ts";
import { drawnSite, passing, pinned, selection, site, stamp, topology, type Stamped } from "../live/store.ts";
import { pairSentence } from "../site/mtu.ts";
import type { Plug, Rail, Site, Touch } from "../site/site.ts";
import { conflictTitle, count, ownName, span, strengthMeaning, STRENGTHS, vlanName } from "../site/words.ts";
import { plugPort } from "./Picture.tsx";
import { Rename } from "./Rename.tsx";
import { Age, Prose, Sentence, VlanTag } from "./small.tsx";

/** Rests before evidence is asked for, so that a pointer that crosses the picture asks for none. */
const REST = 180;
/** While a port is shown its evidence is asked for again this often. */
const AGAIN = 5000;

/** VLANs of a port of which it is asked what speaks for it. */
const MOST_ASKED = 16;

const SHOWN_WEAK = 9;

/** What speaks for the port or VLAN that is looked at. */
export function Side() {
  const chosen = selection.value;
  const plugOf = (all: Site): Plug | undefined => (chosen?.kind === "plug" ? all.plugs.find((item) => item.key === chosen.key) : undefined);
  const plug = plugOf(drawnSite.value) ?? plugOf(site.value);
  const rail = chosen?.kind === "rail" ? site.value.rails.find((item) => item.id === chosen.key) : undefined;
  return (
    <section class={pinned.value ? "detail held" : "detail"} aria-labelledby="detail-title">
      <header class="section-head">
        <h2 id="detail-title">{plug ? "Port" : rail ? "VLAN" : "Evidence"}</h2>
        {pinned.value && (
          <button type="button" class="link" onClick={clear}>
            let go
          </button>
        )}
      </header>
      {plug && <PlugDetail key={plug.key} plug={plug} />}
      {rail && <RailDetail rail={rail} />}
      {!plug && !rail && <Idle />}
    </section>
  );
}

/** While nothing is looked at: the ports that rest on least. */
function Idle() {
  const weak = site.value.plugs.flatMap((plug) => {
    const strengths = plug.touches.map((touch) => touch.strength);
    const weakest = STRENGTHS.findLast((strength) => strengths.includes(strength));
    return weakest && weakest !== "confirmed" ? [{ plug, weakest }] : [];
  });
  const unknown = site.value.plugs.filter((plug) => plug.touches.length === 0);
  const rest = weak.length + unknown.length - SHOWN_WEAK;
  return (
    <>
      <p class="soft">
        Point at a port or a VLAN to see what speaks for it; click or press <kbd>Enter</kbd> to hold it here.
      </p>
      {weak.length + unknown.length > 0 && <p class="subhead">Not proved both ways</p>}
      <ul class="weak">
        {[...weak.map(({ plug, weakest }) => ({ plug, words: weakest })), ...unknown.map((plug) => ({ plug, words: "unknown" }))].slice(0, SHOWN_WEAK).map(({ plug, words }) => (
          <li key={plug.key}>
            <button type="button" class="name" onClick={() => pin({ kind: "plug", key: plug.key })}>
              {plug.key}
            </button>
            <span class="soft">{words}</span>
          </li>
        ))}
      </ul>
      {rest > 0 && <p class="soft">and {rest} more</p>}
    </>
  );
}

function PlugDetail({ plug }: { plug: Plug }) {
  return (
    <>
      <p class="ident">
        {plug.host} <b>{plug.interface}</b> {pinned.value?.key === plug.key && <span class="soft">(held)</span>}
      </p>
      {plug.alike.length > 0 && <p class="facts">and, wired alike: {plug.alike.join(", ")}</p>}
      {plug.facts && <Facts facts={plug.facts} />}
      <Passing plug={plug.key} />
      {plug.unknown !== null && <p class="unknown-why">
          Unknown: <Prose>{plug.unknown}</Prose>
        </p>}
      {plug.conflicts.map((number) => (
        <ConflictNote key={number} number={number} />
      ))}
      <Touches plug={plug} />
      <EvidenceList plug={plug} />
      <p class="ends">
        <button type="button" onClick={() => chooseEnd("a", plugPort(plug.key))}>
          explain from here <kbd>a</kbd>
        </button>
        <button type="button" onClick={() => chooseEnd("b", plugPort(plug.key))}>
          to here <kbd>b</kbd>
        </button>
      </p>
    </>
  );
}

function Facts({ facts }: { facts: Interface }) {
  const carrier = facts.carrier === null ? "carrier not told" : facts.carrier ? "carrier" : "no carrier";
  const words = [facts.kind, facts.up ? carrier : "down", facts.mtu === null ? "" : `MTU ${facts.mtu}`, facts.mac].filter(Boolean);
  return (
    <p class="facts">
      {words.join(" · ")}
      {facts.addresses.length > 0 && <span class="addresses">{facts.addresses.join(", ")}</span>}
      {facts.neighbour && (
        <span>
          switch {facts.neighbour.system || "(unnamed)"} port {facts.neighbour.port || "?"}
        </span>
      )}
    </p>
  );
}

/** Where large packets stop that leave this port, or come to it. */
function Passing({ plug }: { plug: string }) {
  const found = passing.value.get(plug);
  if (!found) return null;
  return (
    <ul class="sentences">
      {[found.out, found.in].map((pair) => pair && <li key={pairSentence(pair)}><Sentence>{pairSentence(pair)}</Sentence></li>)}
    </ul>
  );
}

function ConflictNote({ number }: { number: number }) {
  const conflict = topology.value?.value.conflicts[number - 1];
  if (!conflict) return null;
  return (
    <p class="conflict-note">
      <span class="badge" aria-hidden="true">
        {number}
      </span>
      {conflictTitle(conflict.kind)}
    </p>
  );
}

function TouchLine({ touch, sentences }: { touch: Touch; sentences: readonly string[] }) {
  const rail = site.value.rails.find((item) => item.id === touch.rail);
  return (
    <li>
      {rail ? <VlanTag vid={rail.vid} name={ownName(rail)} hue={rail.hue} /> : touch.rail}
      <span class="soft">
        {touch.vid === null ? " untagged" : " tagged"}, <span title={strengthMeaning(touch.strength)}>{touch.strength}</span>, <Age seconds={touch.age} at={topology.value?.at ?? 0} />
      </span>
      {sentences.length > 0 && (
        <ul class="sentences">
          {sentences.map((sentence) => (
            <li key={sentence}>
              <Sentence>{sentence}</Sentence>
            </li>
          ))}
        </ul>
      )}
    </li>
  );
}

/** What is asked of the region while a port is shown: again and again, and not for one that a pointer crosses. */
function useAsked<T>(ask: () => Promise<T>, of: readonly string[]): { readonly found: Stamped<T> | null; readonly wrong: string } {
  const [found, setFound] = useState<Stamped<T> | null>(null);
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setTimeout>;
    const again = async (): Promise<void> => {
      try {
        const answer = await ask();
        if (gone) return;
        setFound(stamp(answer));
        setWrong("");
      } catch (error) {
        if (gone) return;
        setWrong(refusal(error));
      }
      timer = setTimeout(() => void again(), AGAIN);
    };
    timer = setTimeout(() => void again(), REST);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [...of]);
  return { found, wrong };
}

/** What speaks for a port in each VLAN that it touches, by VLAN and VID. */
async function fetchProof(plug: Plug): Promise<ReadonlyMap<string, readonly string[]>> {
  const vlans = [...new Set(plug.touches.map((touch) => touch.rail))].slice(0, MOST_ASKED);
  const answers = await Promise.all(vlans.map((vlan) => fetchMembers(vlan, plug.host, plug.interface)));
  return new Map(answers.flatMap((members, at) => members.map((one) => [`${vlans[at]} ${one.vid}`, one.evidence] as const)));
}

function Touches({ plug }: { plug: Plug }) {
  const { found } = useAsked(() => fetchProof(plug), [plug.key, ...plug.touches.map((touch) => touch.rail)]);
  return (
    <ul class="touches">
      {plug.touches.map((touch) => {
        const at = `${touch.rail} ${touch.vid}`;
        return <TouchLine key={at} touch={touch} sentences={found?.value.get(at) ?? touch.evidence} />;
      })}
    </ul>
  );
}

function EvidenceList({ plug }: { plug: Plug }) {
  const { found, wrong } = useAsked(() => fetchEvidence(plug.host, plug.interface), [plug.key]);
  if (wrong) return <p class="soft">{wrong}</p>;
  if (!found || found.value.length === 0) return found ? <p class="soft">No observation names this port.</p> : null;
  return (
    <details class="observations" open>
      <summary>{count(found.value.length, "observation")}</summary>
      <ul class="sentences">
        {found.value.map((item, index) => (
          <li key={index}>
            <Sentence>{item.sentence}</Sentence>{" "}
            <span class="soft">
              <Age seconds={item.age} at={found.at} /> ago
              {item.round_trip !== null && <>, round trip <span class="unbroken">{span(item.round_trip)}</span></>}
              {item.lapsed && "; its agent is silent, so nothing is concluded from it"}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function RailDetail({ rail }: { rail: Rail }) {
  const touching = site.value.plugs.filter((plug) => plug.touches.some((touch) => touch.rail === rail.id));
  return (
    <>
      <p class="ident">
        <VlanTag vid={rail.vid} name="" hue={rail.hue} /> <Rename key={rail.id} what="vlans" id={rail.id} name={rail.name} label={vlanName(rail)} />
      </p>
      <p class="facts">
        {rail.fabricName} · {rail.subnets.length > 0 ? rail.subnets.join(", ") : "no subnet known"}
        {rail.vid === null && <span>No trunk and no switch has told its VID.</span>}
      </p>
      <p>{count(touching.length, "port")}:</p>
      <ul class="members">
        {touching.map((plug) => (
          <li key={plug.key}>{plug.key}</li>
        ))}
      </ul>
    </>
  );
}
