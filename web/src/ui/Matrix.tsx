import { useState } from "preact/hooks";
import { DIRECTIONS, move } from "../layout/move.ts";
import { pin } from "../live/actions.ts";
import { hovered, passing, pinned, shownSite } from "../live/store.ts";
import { orderHosts } from "../layout/order.ts";
import { passWords } from "../site/mtu.ts";
import type { Plug, Rail } from "../site/site.ts";
import { ownName, vlanName } from "../site/words.ts";
import { ContactMark, plugWords } from "./PlugMark.tsx";
import { Scroll } from "./small.tsx";

/** The picture as a table: hosts down, VLANs across, and in each cell the interfaces that join them. */
export function Matrix() {
  const { rails } = shownSite.value;
  const hosts = orderHosts(shownSite.value);
  const cells = hosts.flatMap((row, y) => cellsOf(row.plugs, rails).flatMap((cell, x) => cell.map((plug, z) => ({ key: `${y} ${x} ${plug.key}`, x: x + z / 100, y }))));
  const [wanted, setCurrent] = useState("");
  const current = cells.some((cell) => cell.key === wanted) ? wanted : (cells[0]?.key ?? "");
  const onKey = (event: KeyboardEvent): void => {
    const direction = DIRECTIONS[event.key];
    if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = move(cells, current, direction);
    setCurrent(next);
    (event.currentTarget as Element).querySelector<HTMLElement>(`[data-spot="${CSS.escape(next)}"]`)?.focus();
  };
  return (
    <Scroll label="Hosts and VLANs">
      <table class="matrix">
        <caption class="unseen">Which interface of which host is in which VLAN</caption>
        <thead>
          <tr>
            <th scope="col" rowSpan={2}>
              Host
            </th>
            {fabricsOf(rails).map(([id, name, span]) => (
              <th key={id} scope="colgroup" colSpan={span} class="fabric-head">
                {name}
              </th>
            ))}
            <th scope="col" rowSpan={2}>
              Unknown
            </th>
            <th scope="col" rowSpan={2}>
              MTU
            </th>
          </tr>
          <tr>
            {rails.map((rail) => (
              <th key={rail.id} scope="col" class={`hue-${rail.hue}`} title={`${vlanName(rail)} ${rail.subnets.join(", ")}`}>
                <b>{rail.vid ?? "?"}</b> <span>{ownName(rail)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody onKeyDown={onKey}>
          {hosts.map((row, y) => (
            <tr key={row.host}>
              <th scope="row">{row.host}</th>
              {cellsOf(row.plugs, rails).map((cell, x) => (
                <td key={x}>
                  {cell.map((plug) => (
                    <Cell key={plug.key} plug={plug} rail={rails[x] ?? null} spot={`${y} ${x} ${plug.key}`} current={current} choose={setCurrent} />
                  ))}
                </td>
              ))}
              <td>
                <Sizes plugs={row.plugs} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** The MTUs of a host's interfaces, and what passes where that is less. */
function Sizes({ plugs }: { plugs: readonly Plug[] }) {
  const own = [...new Set(plugs.flatMap((plug) => plug.facts?.mtu ?? []))].sort((a, b) => a - b);
  const worse = plugs.flatMap((plug) => {
    const found = passing.value.get(plug.key);
    return found ? [`${plug.interface}: ${passWords(found)}`] : [];
  });
  return (
    <>
      <span class="num">{own.join(", ") || "–"}</span> {worse.length > 0 && <span class="bad">{worse.join("; ")}</span>}
    </>
  );
}

/** For each rail the plugs that touch it, and at the end those of which nothing is known. */
function cellsOf(plugs: readonly Plug[], rails: readonly Rail[]): Plug[][] {
  const known = rails.map((rail) => plugs.filter((plug) => plug.touches.some((touch) => touch.rail === rail.id)));
  return [...known, plugs.filter((plug) => plug.touches.length === 0)];
}

function fabricsOf(rails: readonly Rail[]): [string, string, number][] {
  const spans = new Map<string, [string, string, number]>();
  for (const rail of rails) {
    const before = spans.get(rail.fabric)?.[2] ?? 0;
    spans.set(rail.fabric, [rail.fabric, rail.fabricName, before + 1]);
  }
  return [...spans.values()];
}

type CellProps = { readonly plug: Plug; readonly rail: Rail | null; readonly spot: string; readonly current: string; readonly choose: (spot: string) => void };

function Cell({ plug, rail, spot, current, choose }: CellProps) {
  const touches = plug.touches.filter((touch) => touch.rail === rail?.id);
  const show = (): void => {
    hovered.value = { kind: "plug", key: plug.key };
  };
  const hide = (): void => {
    hovered.value = null;
  };
  return (
    <button
      type="button"
      class={plug.conflicts.length > 0 ? "cell conflicted" : "cell"}
      data-spot={spot}
      tabIndex={spot === current ? 0 : -1}
      aria-label={plugWords(plug)}
      aria-pressed={pinned.value?.key === plug.key}
      onFocus={() => {
        choose(spot);
        show();
      }}
      onBlur={hide}
      onPointerEnter={show}
      onPointerLeave={hide}
      onClick={() => pin({ kind: "plug", key: plug.key })}
    >
      {rail &&
        touches.map((touch) => (
          <svg key={touch.vid} width={12} height={12} aria-hidden="true">
            <ContactMark x={6} contact={{ touch, y: 6, hue: rail.hue }} />
          </svg>
        ))}
      {plug.interface}
      {plug.conflicts.length > 0 && <sup>{plug.conflicts.join(",")}</sup>}
    </button>
  );
}
