import { useState } from "preact/hooks";
import { tryAll } from "../api/client.ts";
import type { Cell, Matrix } from "../api/types.ts";
import { DIRECTIONS, move } from "../layout/move.ts";
import { allowed, matrix } from "../live/store.ts";
import { cellWords, columns, MARKS, mood, reachHeadline, rows, runningWords, type Mood } from "../site/reach.ts";
import { OrderNow } from "./OrderNow.tsx";
import { ReachResults } from "./ReachResults.tsx";
import { Prose, Scroll } from "./small.tsx";

/** Agents that are drawn; those with faults come first. */
const MOST = 200;

/** What each agent found of each flow: a table to look at, and behind each cell the evidence. */
export function Reach() {
  const [open, setOpen] = useState<{ readonly agent: string; readonly flow: string } | null>(null);
  if (matrix.value === null) return null;
  const found = matrix.value.value;
  const cell = open && found.cells.find((one) => one.agent === open.agent && one.flow === open.flow);
  return (
    <section class="block" aria-labelledby="reach-title">
      <header class="section-head">
        <h2 id="reach-title" tabIndex={-1}>
          Who reaches what <span class="soft num">{found.cells.length}</span>
        </h2>
        {allowed("operator") && found.site !== null && <OrderNow words="try all now" order={tryAll} />}
      </header>
      <p>
        <Prose>{reachHeadline(found)}</Prose> <span role="status">{runningWords(found) && <span class="soft">{runningWords(found)}</span>}</span>
      </p>
      {found.cells.length > 0 && <Table found={found} open={open} choose={setOpen} />}
      {cell && <ReachResults key={`${cell.agent} ${cell.flow}`} cell={cell} name={nameOf(found, cell.agent)} title={titleOf(found, cell.flow)} close={() => setOpen(null)} />}
    </section>
  );
}

type Spot = { readonly agent: string; readonly flow: string };
type TableProps = { readonly found: Matrix; readonly open: Spot | null; readonly choose: (spot: Spot | null) => void };

function Table({ found, open, choose }: TableProps) {
  const flows = columns(found);
  const all = rows(found);
  const shown = all.slice(0, MOST);
  const spots = shown.flatMap((row, y) => flows.flatMap((flow, x) => (row.cells.has(flow.id) ? [{ key: `${row.agent.id} ${flow.id}`, x, y }] : [])));
  const [wanted, setCurrent] = useState("");
  const current = spots.some((spot) => spot.key === wanted) ? wanted : (spots[0]?.key ?? "");
  const onKey = (event: KeyboardEvent): void => {
    const direction = DIRECTIONS[event.key];
    if (!direction || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    const next = move(spots, current, direction);
    setCurrent(next);
    (event.currentTarget as Element).querySelector<HTMLElement>(`[data-spot="${CSS.escape(next)}"]`)?.focus();
  };
  return (
    <>
      <Scroll label="Agents and flows">
        <table class="matrix reach">
          <caption class="unseen">What each agent found when it tried each flow</caption>
          <thead>
            <tr>
              <th scope="col">Agent</th>
              {flows.map((flow) => (
                <th key={flow.id} scope="col" title={flow.title}>
                  <span>{flow.id}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody onKeyDown={onKey}>
            {shown.map(({ agent, cells }) => (
              <tr key={agent.id}>
                <th scope="row" title={agent.roles.join(", ")}>
                  {agent.name} {!agent.connected && <span class="soft">gone</span>}
                </th>
                {flows.map((flow) => {
                  const cell = cells.get(flow.id);
                  const spot = `${agent.id} ${flow.id}`;
                  const on = open?.agent === agent.id && open.flow === flow.id;
                  return (
                    <td key={flow.id}>
                      {cell && (
                        <CellButton
                          cell={cell}
                          words={cellWords(agent.name, flow.id, cell)}
                          spot={spot}
                          tabbed={spot === current}
                          on={on}
                          focus={() => setCurrent(spot)}
                          press={() => choose(on ? null : { agent: agent.id, flow: flow.id })}
                        />
                      )}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {all.length > MOST && (
        <p class="soft">
          and {all.length - MOST} more; <code>bellrock matrix</code> lists all
        </p>
      )}
      <Marks />
    </>
  );
}

type CellProps = {
  readonly cell: Cell;
  readonly words: string;
  readonly spot: string;
  readonly tabbed: boolean;
  readonly on: boolean;
  readonly focus: () => void;
  readonly press: () => void;
};

function CellButton({ cell, words, spot, tabbed, on, focus, press }: CellProps) {
  const how = mood(cell);
  return (
    <button
      type="button"
      class={`cell mood-${how}${cell.stale ? " stale" : ""}`}
      data-spot={spot}
      tabIndex={tabbed ? 0 : -1}
      aria-label={words}
      aria-expanded={on}
      title={words}
      onFocus={focus}
      onClick={press}
    >
      <span aria-hidden="true">{MARKS[how]}</span>
      {cell.faults > 0 && <span class="num">{cell.faults}</span>}
    </button>
  );
}

const LEGEND: readonly (readonly [Mood, string])[] = [
  ["works", "works"],
  ["closed", "closed, as it should be"],
  ["degraded", "works, but not well"],
  ["fault", "fault, and how many"],
  ["unknown", "not checked"],
];

function Marks() {
  return (
    <ul class="legend" aria-label="What the marks mean">
      {LEGEND.map(([how, words]) => (
        <li key={how}>
          <span class={`mood-${how}`} aria-hidden="true">
            {MARKS[how]}
          </span>{" "}
          {words}
        </li>
      ))}
    </ul>
  );
}

function nameOf(found: Matrix, agent: string): string {
  return found.agents.find((one) => one.id === agent)?.name ?? agent;
}

function titleOf(found: Matrix, flow: string): string {
  return found.flows.find((one) => one.id === flow)?.title ?? flow;
}
