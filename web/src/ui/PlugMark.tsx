import type { PlacedPlug, Contact } from "../layout/score.ts";
import { pin } from "../live/actions.ts";
import { hovered, site } from "../live/store.ts";
import type { Plug } from "../site/site.ts";
import { count, vlanName } from "../site/words.ts";

type Props = {
  readonly placed: PlacedPlug;
  readonly turned: boolean;
  readonly tab: number;
  readonly lit: boolean;
  readonly dim: boolean;
  readonly pinned: boolean;
};

const SOLID = "confirmed";
const DASHED = "heard";

/** An interface: its name and jack on the card, the line down to its rails, and a mark for each VLAN it is in. */
export function PlugMark({ placed, turned, tab, lit, dim, pinned }: Props) {
  const { plug, x, y, labelBox } = placed;
  const show = (): void => {
    hovered.value = { kind: "plug", key: plug.key };
  };
  const hide = (): void => {
    if (hovered.value?.key === plug.key) hovered.value = null;
  };
  return (
    <g
      class={["plug", lit && "lit", dim && "dim", pinned && "pinned", plug.unknown !== null && "unattached"].filter(Boolean).join(" ")}
      role="button"
      tabIndex={tab}
      aria-label={plugWords(plug)}
      aria-pressed={pinned}
      data-spot={plug.key}
      onPointerEnter={show}
      onPointerLeave={hide}
      onFocus={show}
      onBlur={hide}
      onClick={() => pin({ kind: "plug", key: plug.key })}
    >
      <rect class="hit" x={x - 9} y={labelBox.y - 4} width={18} height={placed.end - labelBox.y + 12} />
      <rect class="ring" x={labelBox.x - 4} y={labelBox.y - 2} width={labelBox.width + 8} height={y + 5 - labelBox.y} rx={3} />
      <text class="jack-label" {...(turned ? { transform: `translate(${x + 4} ${y - 8}) rotate(-90)` } : { x, y: y - 9, "text-anchor": "middle" })}>
        {placed.label}
      </text>
      {placed.contacts.map((contact, index) => (
        <line key={index} class={`lead ${styleOf(contact.touch.strength)}`} x1={x} y1={contact.from} x2={x} y2={contact.y} />
      ))}
      {placed.contacts.length === 0 && <Loose x={x} y={y} end={placed.end} />}
      <Jack x={x} y={y} carrier={plug.facts?.carrier ?? null} />
      {placed.contacts.map((contact, index) => (
        <ContactMark key={index} x={x} contact={contact} />
      ))}
      {plug.conflicts.length > 0 && <Warning x={x} y={y + 6} numbers={plug.conflicts} />}
    </g>
  );
}

export function styleOf(strength: string): string {
  return strength === SOLID ? "solid" : strength === DASHED ? "dashed" : "dotted";
}

function Jack({ x, y, carrier }: { x: number; y: number; carrier: boolean | null }) {
  if (carrier === false) return <path class="jack down" d={`M${x - 3.5} ${y - 3.5}l7 7m0 -7l-7 7`} />;
  return <rect class={carrier ? "jack up" : "jack"} x={x - 3.5} y={y - 3.5} width={7} height={7} rx={1} />;
}

/** A line that ends in nothing: nobody knows what it is attached to. */
function Loose({ x, y, end }: { x: number; y: number; end: number }) {
  return (
    <>
      <line class="lead loose" x1={x} y1={y} x2={x} y2={end - 5} />
      <circle class="loose-end" cx={x} cy={end - 1} r={3.5} />
    </>
  );
}

/** Round where frames are untagged, square where they carry the VID; filled where confirmed. */
export function ContactMark({ x, contact }: { x: number; contact: Pick<Contact, "touch" | "y" | "hue"> }) {
  const { touch, y, hue } = contact;
  const look = `contact hue-${hue} ${styleOf(touch.strength)}`;
  if (touch.vid === null) return <circle class={look} cx={x} cy={y} r={4.5} />;
  return <rect class={look} x={x - 4} y={y - 4} width={8} height={8} rx={1} />;
}

/** A triangle with the number of the conflict in the list above. */
export function Warning({ x, y, numbers }: { x: number; y: number; numbers: readonly number[] }) {
  return (
    <g class="warning" aria-hidden="true">
      <path d={`M${x} ${y - 4}l9.5 17h-19z`} />
      <text x={x} y={y + 11} text-anchor="middle">
        {numbers.length > 1 ? "+" : numbers[0]}
      </text>
    </g>
  );
}

/** A port in words, for those who hear the picture. */
export function plugWords(plug: Plug): string {
  const rails = new Map(site.value.rails.map((rail) => [rail.id, rail]));
  const places = plug.touches.map((touch) => {
    const rail = rails.get(touch.rail);
    return `${touch.vid === null ? "untagged" : "tagged"} in ${rail ? vlanName(rail) : touch.rail}, ${touch.strength}`;
  });
  const state = plug.unknown !== null ? [`unknown: ${plug.unknown}`] : [];
  const carrier = plug.facts?.carrier === false ? ["no carrier"] : [];
  const conflicts = plug.conflicts.length > 0 ? [`in ${count(plug.conflicts.length, "conflict")}: ${plug.conflicts.join(", ")}`] : [];
  const alike = plug.alike.length > 0 ? [`and ${count(plug.alike.length, "host")} wired alike`] : [];
  return [`${plug.host} ${plug.interface}`, ...alike, ...places, ...state, ...carrier, ...conflicts].join("; ");
}
