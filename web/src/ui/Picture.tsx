import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { layout, type Score } from "../layout/score.ts";
import { DIRECTIONS, move, type Spot } from "../layout/move.ts";
import { chooseEnd, clear, pin } from "../live/actions.ts";
import { drawnSite, filter, hovered, marked, pinned, query, selection, shownSite, type Selection } from "../live/store.ts";
import type { Port } from "../api/types.ts";
import { plugKey, type Plug, type Site } from "../site/site.ts";
import { portName } from "../site/words.ts";
import { Legend } from "./Legend.tsx";
import { PlugMark } from "./PlugMark.tsx";
import { RailMark } from "./RailMark.tsx";

/** Ports that a picture shows at most: beyond, nobody would find anything in it, and the browser would draw for seconds. */
const MOST_PLUGS = 3000;
const NOTHING: Site = { rails: [], plugs: [] };

/** The topology picture. The arrow keys move through its ports, Enter holds one, `a` and `b` choose two to explain. */
export function Picture() {
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const shown = drawnSite.value;
  const many = shown.plugs.length > MOST_PLUGS;
  const score = useMemo(() => layout(many ? NOTHING : shown, width), [shown, width, many]);
  return (
    <div class="frame" ref={frame}>
      {many && (
        <p class="nothing">
          {shown.plugs.length} ports are more than a picture can show. Filter by a host, a VLAN or a port, or look at the table.
        </p>
      )}
      {width > 0 && shown.plugs.length > 0 && !many && <Drawing score={score} />}
      {width > 0 && shown.plugs.length === 0 && (
        <p class="nothing">{query.value.trim() ? "No port fits the filter." : "No interface has been reported yet."}</p>
      )}
      <Legend />
    </div>
  );
}

function Drawing({ score }: { score: Score }) {
  const site = drawnSite.value;
  const light = litBy(site, selection.value, marked.value);
  const plugs = score.systems.flatMap((system) => system.plugs);
  const rails = score.systems.flatMap((system, at) => system.rails.map((rail) => ({ rail, key: `${at} ${rail.rail.id}` })));
  const plugRove = useRoving(plugs.map((plug) => ({ key: plug.plug.key, x: plug.x, y: plug.y })));
  const railRove = useRoving(rails.map(({ rail, key }) => ({ key, x: 0, y: rail.y })));
  return (
    <svg
      class={light ? "score picking" : "score"}
      width={score.width}
      height={score.height}
      viewBox={`0 0 ${score.width} ${score.height}`}
      role="group"
      aria-label="Topology picture: hosts above, VLANs as rails below them"
      onPointerLeave={() => (hovered.value = null)}
    >
      <g aria-hidden="true">
        {score.systems.flatMap((system, at) =>
          system.panels.map((panel) => (
            <g key={`${at} ${panel.fabric}`}>
              <rect class="panel" x={panel.x} y={panel.y} width={panel.width} height={panel.height} rx={4} />
              <text class="fabric-label" x={panel.x + 8} y={panel.y + 13}>
                {panel.label}
              </text>
            </g>
          )),
        )}
      </g>
      <g role="group" aria-label="VLANs" onKeyDown={railRove.onKey}>
        {rails.map(({ rail, key }) => (
          <RailMark key={key} spot={key} placed={rail} tab={railRove.tab(key)} lit={light?.rails.has(rail.rail.id) ?? false} pinned={isPinned("rail", rail.rail.id)} />
        ))}
      </g>
      <g aria-hidden="true">
        {score.systems.flatMap((system, at) =>
          system.cards.map((card, index) => (
            <g key={`${at} ${index} ${card.host}`} class={light?.hosts.has(card.host) ? "card lit" : "card"}>
              <rect x={card.x} y={card.y} width={card.width} height={card.height} rx={4} />
              <text class="host-label" x={card.x + card.width / 2} y={card.y + 14}>
                {card.label}
                <title>{[card.host, ...card.alike].join(", ")}</title>
              </text>
            </g>
          )),
        )}
      </g>
      <g role="group" aria-label="Ports" onKeyDown={plugRove.onKey}>
        {plugs.map((placed) => (
          <PlugMark
            key={placed.plug.key}
            placed={placed}
            turned={score.turned}
            tab={plugRove.tab(placed.plug.key)}
            lit={light?.plugs.has(placed.plug.key) ?? false}
            dim={!filter.value(placed.plug)}
            pinned={isPinned("plug", placed.plug.key)}
          />
        ))}
      </g>
    </svg>
  );
}

function isPinned(kind: Selection["kind"], key: string): boolean {
  return pinned.value?.kind === kind && pinned.value.key === key;
}

type Lit = { readonly plugs: ReadonlySet<string>; readonly rails: ReadonlySet<string>; readonly hosts: ReadonlySet<string> };

/** What stands out: what is selected with all that shares a VLAN with it, or the ports that something else points at. */
function litBy(site: Site, chosen: Selection | null, pointed: readonly Port[]): Lit | null {
  if (chosen) return litBySelection(site, chosen);
  if (pointed.length === 0) return null;
  const names = new Set(pointed.map(portName));
  const keys = new Set(pointed.map((port) => plugKey(port.host, port.interface)));
  const plugs = site.plugs.filter((plug) => keys.has(plug.key));
  const rails = plugs.flatMap((plug) => plug.touches.filter((touch) => names.has(portName({ ...plug, vid: touch.vid }))));
  return lit(plugs, new Set(rails.map((touch) => touch.rail)));
}

function litBySelection(site: Site, chosen: Selection): Lit {
  const own = site.plugs.find((plug) => chosen.kind === "plug" && plug.key === chosen.key);
  const rails = new Set(chosen.kind === "rail" ? [chosen.key] : own?.touches.map((touch) => touch.rail));
  return lit(site.plugs.filter((plug) => plug === own || plug.touches.some((touch) => rails.has(touch.rail))), rails);
}

function lit(plugs: readonly Plug[], rails: ReadonlySet<string>): Lit {
  return { rails, plugs: new Set(plugs.map((plug) => plug.key)), hosts: new Set(plugs.map((plug) => plug.host)) };
}

/** One tab stop for many spots: the arrow keys move the focus among them. */
function useRoving(spots: readonly Spot[]) {
  const [wanted, setCurrent] = useState("");
  const current = spots.some((spot) => spot.key === wanted) ? wanted : (spots[0]?.key ?? "");
  const onKey = (event: KeyboardEvent): void => {
    const at = (event.target as Element).closest("[data-spot]")?.getAttribute("data-spot") ?? current;
    const direction = DIRECTIONS[event.key];
    if (direction && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      const next = move(spots, at, direction);
      setCurrent(next);
      (event.currentTarget as Element).querySelector<SVGElement>(`[data-spot="${CSS.escape(next)}"]`)?.focus();
    } else act(event);
  };
  return { tab: (key: string) => (key === current ? 0 : -1), onKey };
}

function act(event: KeyboardEvent): void {
  const chosen = hovered.value;
  if (!chosen || event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Enter" || event.key === " ") pin(chosen);
  else if (event.key === "Escape") clear();
  else if (chosen.kind === "plug" && (event.key === "a" || event.key === "b")) chooseEnd(event.key, plugPort(chosen.key));
  else return;
  event.preventDefault();
}

/** The port of a plug to begin an explanation with: untagged where it is that, else its lowest VID. */
export function plugPort(key: string): string {
  const plug = shownSite.value.plugs.find((item) => item.key === key);
  if (!plug) return key;
  const vids = plug.touches.map((touch) => touch.vid);
  const vid = vids.length === 0 || vids.includes(null) ? null : Math.min(...vids.filter((item) => item !== null));
  return portName({ host: plug.host, interface: plug.interface, vid });
}

function useWidth(frame: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  // Before the first paint: a key pressed as soon as the page can be seen finds its ports.
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = () => setWidth(Math.floor(element.clientWidth));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return width;
}
