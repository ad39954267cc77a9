/**
 * The picture, laid out like a musical score: hosts stand side by side, VLANs run beneath them as rails, and the whole
 * breaks into systems as wide as the page. A system shows only the rails that its hosts touch. Pure: same site and
 * width, same picture. Lengths are CSS pixels; text is monospaced, so its width is known without a browser.
 */

import type { Plug, Rail, Site, Touch } from "../site/site.ts";
import { ownName } from "../site/words.ts";
import { orderHosts, type HostPlugs } from "./order.ts";

/** Widest advance of common monospaced fonts, in em. */
const ADVANCE = 0.61;
export const HOST_SIZE = 12;
export const JACK_SIZE = 11;
export const RAIL_SIZE = 11;

const EDGE = 1;
const CARD_PAD = 8;
const CARD_GAP = 8;
const HOST_CHARS = 22;
const TURN_AFTER = 6;
const JACK_PITCH = 20;
/** Heights that depend on how much there is to show. */
type Pace = {
  readonly name: number;
  readonly stub: number;
  readonly head: number;
  readonly rail: number;
  readonly foot: number;
  readonly panelGap: number;
  readonly systemGap: number;
};
const ROOMY: Pace = { name: 22, stub: 20, head: 20, rail: 24, foot: 6, panelGap: 10, systemGap: 26 };
const DENSE: Pace = { name: 20, stub: 18, head: 17, rail: 18, foot: 4, panelGap: 6, systemGap: 18 };
const DENSE_FROM = 16;
/** Slots grow at most by this to fill the width. */
const STRETCH = 1.3;
/** A system that is this full may end where the next host touches other fabrics. */
const BREAK_FILL = 0.55;

export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
export type Card = Box & { readonly host: string; readonly label: string; readonly alike: readonly string[] };
export type Panel = Box & { readonly fabric: string; readonly label: string };
/** A rail of one system: the guide runs from the label to `from`, the bar from `from` to `to`. */
export type PlacedRail = {
  readonly rail: Rail;
  readonly y: number;
  readonly from: number;
  readonly to: number;
  readonly label: Box;
  readonly vid: string;
  readonly name: string;
  readonly subnet: string;
};
export type Contact = { readonly touch: Touch; readonly y: number; readonly hue: number; readonly from: number };
export type PlacedPlug = {
  readonly plug: Plug;
  readonly x: number;
  /** Where the line leaves the card. */
  readonly y: number;
  /** Where it ends. */
  readonly end: number;
  readonly label: string;
  readonly labelBox: Box;
  readonly contacts: readonly Contact[];
};
export type System = Box & {
  readonly cards: readonly Card[];
  readonly panels: readonly Panel[];
  readonly rails: readonly PlacedRail[];
  readonly plugs: readonly PlacedPlug[];
};
export type Score = {
  readonly width: number;
  readonly height: number;
  /** Whether interface names are turned to stand upright. */
  readonly turned: boolean;
  readonly gutter: number;
  readonly systems: readonly System[];
};

export function textWidth(text: string, size: number): number {
  return text.length * size * ADVANCE;
}

/** Shortens in the middle, where names of hosts and interfaces differ least. */
export function fit(text: string, chars: number): string {
  if (text.length <= chars) return text;
  const head = Math.ceil((chars - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(text.length - (chars - 1 - head))}`;
}

export function layout(site: Site, width: number): Score {
  const hosts = orderHosts(site);
  const gutter = gutterWidth(site.rails, width);
  const turned = site.plugs.some((plug) => plug.interface.length > TURN_AFTER);
  const room = Math.max(80, width - gutter - EDGE);
  const slots = hosts.flatMap((host) => slotsOf(host, turned, room));
  const pace = hosts.length >= DENSE_FROM ? DENSE : ROOMY;
  const cardHeight = cardHeightOf(site.plugs, turned, pace);
  const lines = breakLines(even(slots), room, fabricsOf(site));
  const right = gutter + Math.max(0, ...lines.map(widthOf));
  const systems: System[] = [];
  let y = EDGE;
  for (const line of lines) {
    const system = placeSystem(line, site.rails, { y, width, right, gutter, turned, cardHeight, pace });
    systems.push(system);
    y += system.height + pace.systemGap;
  }
  return { width, height: Math.max(0, y - pace.systemGap + EDGE), turned, gutter, systems };
}

type Slot = { readonly host: string; readonly label: string; readonly plugs: readonly Plug[]; readonly width: number };
type Line = readonly Slot[];
type Frame = {
  readonly y: number;
  readonly width: number;
  /** Where the widest system ends: panels go that far in all of them. */
  readonly right: number;
  readonly gutter: number;
  readonly turned: boolean;
  readonly cardHeight: number;
  readonly pace: Pace;
};

function widthOf(line: Line): number {
  return line.reduce((sum, slot) => sum + slot.width, 0);
}

function gutterWidth(rails: readonly Rail[], width: number): number {
  const widest = Math.max(0, ...rails.map((rail) => textWidth(railLabel(rail), RAIL_SIZE)));
  const most = width < 560 ? 118 : width < 900 ? 170 : 250;
  return Math.min(most, Math.max(72, 44 + widest + 18));
}

function railLabel(rail: Rail): string {
  return [ownName(rail), rail.subnets[0] ?? ""].filter(Boolean).join(" ");
}

/** A host as one slot, or as several where it has more interfaces than fit beside each other. */
function slotsOf(host: HostPlugs, turned: boolean, room: number): Slot[] {
  const slots: Slot[] = [];
  let plugs: Plug[] = [];
  let used = 2 * CARD_PAD;
  const close = (): void => {
    const alike = host.plugs[0]?.alike.length ?? 0;
    const more = alike > 0 ? ` +${alike}` : "";
    const chars = Math.min(HOST_CHARS, Math.floor((room - CARD_GAP - 2 * CARD_PAD) / (HOST_SIZE * ADVANCE)) - more.length);
    const label = fit(host.host, chars) + more;
    const width = Math.max(used, textWidth(label, HOST_SIZE) + 2 * CARD_PAD) + CARD_GAP;
    slots.push({ host: host.host, label, plugs, width });
  };
  for (const plug of host.plugs) {
    const pitch = pitchOf(plug, turned);
    if (plugs.length > 0 && used + pitch + CARD_GAP > room) {
      close();
      plugs = [];
      used = 2 * CARD_PAD;
    }
    plugs.push(plug);
    used += pitch;
  }
  close();
  return slots;
}

function pitchOf(plug: Plug, turned: boolean): number {
  return turned ? JACK_PITCH : Math.max(JACK_PITCH, textWidth(plug.interface, JACK_SIZE) + 8);
}

function cardHeightOf(plugs: readonly Plug[], turned: boolean, pace: Pace): number {
  const longest = Math.max(1, ...plugs.map((plug) => fit(plug.interface, 16).length));
  return pace.name + (turned ? longest * JACK_SIZE * ADVANCE + 10 : 18);
}

function fabricsOf(site: Site): (slot: Slot) => string {
  const fabric = new Map(site.rails.map((rail) => [rail.id, rail.fabric]));
  return (slot) => [...new Set(slot.plugs.flatMap((plug) => plug.touches.map((touch) => fabric.get(touch.rail) ?? "")))].sort().join(" ");
}

/** Fills lines from left to right. A line that is well filled ends early where the next host touches other fabrics. */
function breakLines(slots: readonly Slot[], room: number, signature: (slot: Slot) => string): Line[] {
  const lines: Slot[][] = [];
  let used = 0;
  let last: Slot | null = null;
  for (const slot of slots) {
    const changes = last !== null && signature(last) !== signature(slot);
    const detached = last !== null && changes && signature(slot) === "";
    if (last === null || used + slot.width > room || detached || (changes && used > room * BREAK_FILL)) {
      lines.push([]);
      used = 0;
    }
    lines.at(-1)?.push(slot);
    used += slot.width;
    last = slot;
  }
  const scale = Math.min(STRETCH, room / Math.max(1, ...lines.map(widthOf)));
  return lines.map((line) => line.map((slot) => ({ ...slot, width: slot.width * scale })));
}

/** One width for all but the few widest hosts, so that systems stand in one grid. */
function even(slots: readonly Slot[]): Slot[] {
  const widths = slots.map((slot) => slot.width).sort((a, b) => a - b);
  const median = widths[Math.floor(widths.length / 2)] ?? 0;
  const grid = Math.max(0, ...widths.filter((width) => width <= median * 1.5));
  return slots.map((slot) => ({ ...slot, width: Math.max(slot.width, grid) }));
}

function placeSystem(line: Line, rails: readonly Rail[], frame: Frame): System {
  const touched = new Set(line.flatMap((slot) => slot.plugs.flatMap((plug) => plug.touches.map((touch) => touch.rail))));
  const { panels, rows, height } = placePanels(
    rails.filter((rail) => touched.has(rail.id)),
    frame,
  );
  const { cards, plugs } = placeSlots(line, rows, frame);
  return {
    x: 0,
    y: frame.y,
    width: frame.width,
    height: rows.size === 0 ? frame.cardHeight + frame.pace.stub : height,
    cards,
    panels,
    rails: [...rows.values()].map((row) => placeRail(row, plugs, frame)),
    plugs,
  };
}

type Row = { readonly rail: Rail; readonly y: number };

function placePanels(rails: readonly Rail[], frame: Frame): { panels: Panel[]; rows: Map<string, Row>; height: number } {
  const panels: Panel[] = [];
  const rows = new Map<string, Row>();
  const { pace } = frame;
  let y = frame.y + frame.cardHeight + pace.stub;
  for (const fabric of new Set(rails.map((rail) => rail.fabric))) {
    const own = rails.filter((rail) => rail.fabric === fabric);
    const top = y;
    y += pace.head;
    for (const rail of own) {
      rows.set(rail.id, { rail, y: y + pace.rail / 2 });
      y += pace.rail;
    }
    y += pace.foot;
    const label = fit(own[0]?.fabricName ?? fabric, Math.floor((frame.gutter - 16) / (RAIL_SIZE * ADVANCE)));
    panels.push({ fabric, label, x: EDGE, y: top, width: frame.right - EDGE, height: y - top });
    y += pace.panelGap;
  }
  return { panels, rows, height: y - pace.panelGap - frame.y };
}

function placeSlots(line: Line, rows: ReadonlyMap<string, Row>, frame: Frame): { cards: Card[]; plugs: PlacedPlug[] } {
  const cards: Card[] = [];
  const plugs: PlacedPlug[] = [];
  let x = frame.gutter;
  for (const slot of line) {
    const width = slot.width - CARD_GAP;
    cards.push({ host: slot.host, label: slot.label, alike: slot.plugs[0]?.alike ?? [], x, y: frame.y, width, height: frame.cardHeight });
    plugs.push(...placePlugs(slot, x, width, rows, frame));
    x += width + CARD_GAP;
  }
  return { cards, plugs };
}

function placePlugs(slot: Slot, x: number, width: number, rows: ReadonlyMap<string, Row>, frame: Frame): PlacedPlug[] {
  const pitches = slot.plugs.map((plug) => pitchOf(plug, frame.turned));
  const needed = pitches.reduce((sum, pitch) => sum + pitch, 0);
  const share = (width - 2 * CARD_PAD - needed) / Math.max(1, slot.plugs.length);
  const spread = Math.max(0, Math.min(share, 14));
  let left = x + Math.max(CARD_PAD, (width - needed - spread * slot.plugs.length) / 2);
  return slot.plugs.map((plug, index) => {
    const pitch = (pitches[index] ?? JACK_PITCH) + spread;
    const placed = placePlug(plug, left + pitch / 2, rows, frame);
    left += pitch;
    return placed;
  });
}

function placePlug(plug: Plug, x: number, rows: ReadonlyMap<string, Row>, frame: Frame): PlacedPlug {
  const y = frame.y + frame.cardHeight;
  const label = fit(plug.interface, 16);
  const length = textWidth(label, JACK_SIZE);
  const labelBox = frame.turned
    ? { x: x - JACK_SIZE / 2, y: y - 8 - length, width: JACK_SIZE, height: length }
    : { x: x - length / 2, y: y - 8 - JACK_SIZE, width: length, height: JACK_SIZE };
  const contacts = contactsOf(plug, rows, y);
  return { plug, x, y, end: contacts.at(-1)?.y ?? y + frame.pace.stub - 4, label, labelBox, contacts };
}

/** From top to bottom; `from` is where the stretch of line that leads to the contact begins. */
function contactsOf(plug: Plug, rows: ReadonlyMap<string, Row>, top: number): Contact[] {
  let from = top;
  return plug.touches
    .flatMap((touch) => {
      const row = rows.get(touch.rail);
      return row ? [{ touch, row }] : [];
    })
    .sort((a, b) => a.row.y - b.row.y || (a.touch.vid ?? 0) - (b.touch.vid ?? 0))
    .map(({ touch, row }) => {
      const contact = { touch, y: row.y, hue: row.rail.hue, from };
      from = row.y;
      return contact;
    });
}

function placeRail(row: Row, plugs: readonly PlacedPlug[], frame: Frame): PlacedRail {
  const at = plugs.filter((plug) => plug.contacts.some((contact) => contact.touch.rail === row.rail.id)).map((plug) => plug.x);
  const chars = Math.floor((frame.gutter - 44 - 18) / (RAIL_SIZE * ADVANCE));
  const name = fit(ownName(row.rail), Math.max(chars, 4));
  const subnet = row.rail.subnets[0] ?? "";
  return {
    rail: row.rail,
    y: row.y,
    from: Math.min(...at) - 9,
    to: Math.max(...at) + 9,
    label: { x: 4, y: row.y - frame.pace.rail / 2, width: frame.gutter - 18, height: frame.pace.rail },
    vid: row.rail.vid === null ? "?" : String(row.rail.vid),
    name,
    subnet: name.length + 1 + subnet.length <= chars ? subnet : name === "" ? fit(subnet, Math.max(chars, 4)) : "",
  };
}
