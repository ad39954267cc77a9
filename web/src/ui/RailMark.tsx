import { RAIL_SIZE, textWidth, type PlacedRail } from "../layout/score.ts";
import { pin } from "../live/actions.ts";
import { hovered } from "../live/store.ts";
import { vlanName } from "../site/words.ts";

type Props = { readonly placed: PlacedRail; readonly spot: string; readonly tab: number; readonly lit: boolean; readonly pinned: boolean };

/** A VLAN: its label in the margin, a thin guide to where its ports begin, and the bar they stand on. */
export function RailMark({ placed, spot, tab, lit, pinned }: Props) {
  const { rail, y, label } = placed;
  const show = (): void => {
    hovered.value = { kind: "rail", key: rail.id };
  };
  const hide = (): void => {
    if (hovered.value?.key === rail.id) hovered.value = null;
  };
  const nameX = label.x + 40;
  return (
    <g
      class={["rail", `hue-${rail.hue}`, lit && "lit", pinned && "pinned"].filter(Boolean).join(" ")}
      role="button"
      tabIndex={tab}
      aria-pressed={pinned}
      aria-label={`${vlanName(rail)} in ${rail.fabricName}${rail.subnets.length > 0 ? `, ${rail.subnets.join(", ")}` : ""}`}
      data-spot={spot}
      onPointerEnter={show}
      onPointerLeave={hide}
      onFocus={show}
      onBlur={hide}
      onClick={() => pin({ kind: "rail", key: rail.id })}
    >
      <rect class="hit" x={label.x} y={label.y} width={placed.to - label.x} height={label.height} />
      <rect class="ring" x={label.x} y={label.y + 1} width={label.width} height={label.height - 2} rx={3} />
      <line class="guide" x1={label.x + label.width + 4} y1={y} x2={placed.from} y2={y} />
      <line class="bar" x1={placed.from} y1={y} x2={placed.to} y2={y} />
      <text class="vid" x={label.x + 34} y={y + 4}>
        {placed.vid}
      </text>
      <text class="rail-name" x={nameX} y={y + 4}>
        {placed.name}
        <title>{`${vlanName(rail)} ${rail.subnets.join(", ")}`}</title>
      </text>
      {placed.subnet && (
        <text class="rail-subnet" x={nameX + (placed.name ? textWidth(`${placed.name} `, RAIL_SIZE) : 0)} y={y + 4}>
          {placed.subnet}
        </text>
      )}
    </g>
  );
}
