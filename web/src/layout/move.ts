/** Moving through the picture with the arrow keys. Pure. */

export type Spot = { readonly key: string; readonly x: number; readonly y: number };
export type Direction = "left" | "right" | "up" | "down" | "first" | "last";

export const DIRECTIONS: Readonly<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "first",
  End: "last",
};

/** The key of the spot that lies there, or `from` where nothing does. Left and right go on in the row before or after. */
export function move(spots: readonly Spot[], from: string, direction: Direction): string {
  const ordered = [...spots].sort((a, b) => a.y - b.y || a.x - b.x);
  const at = ordered.findIndex((spot) => spot.key === from);
  const here = ordered[at];
  if (!here) return ordered[0]?.key ?? from;
  if (direction === "first" || direction === "last") return ordered.at(direction === "first" ? 0 : -1)?.key ?? from;
  if (direction === "left" || direction === "right") return ordered[at + (direction === "left" ? -1 : 1)]?.key ?? from;
  return nearestInNextRow(ordered, here, direction === "down" ? 1 : -1)?.key ?? from;
}

function nearestInNextRow(spots: readonly Spot[], here: Spot, sign: 1 | -1): Spot | undefined {
  const beyond = spots.filter((spot) => (spot.y - here.y) * sign > 0.5);
  const row = Math.min(...beyond.map((spot) => Math.abs(spot.y - here.y)));
  return beyond
    .filter((spot) => Math.abs(spot.y - here.y) <= row + 0.5)
    .sort((a, b) => Math.abs(a.x - here.x) - Math.abs(b.x - here.x))[0];
}
