import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

/** Rows that are drawn at first, and as many again each time that the end comes into view: ten thousand at once would take seconds. */
const STEP = 200;

/** The first of many rows of a table body, and more of them as they are scrolled to or asked for. */
export function Growing<T>({ rows, columns, draw }: { rows: readonly T[]; columns: number; draw: (row: T) => ComponentChildren }) {
  const [shown, setShown] = useState(STEP);
  const end = useRef<HTMLTableRowElement>(null);
  const more = (): void => setShown((count) => count + STEP);
  const left = rows.length - shown;
  useEffect(() => {
    if (left <= 0 || end.current === null || !("IntersectionObserver" in globalThis)) return;
    const observer = new IntersectionObserver((seen) => seen.some((one) => one.isIntersecting) && more());
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [shown, left > 0]);
  return (
    <tbody>
      {rows.slice(0, shown).map(draw)}
      {left > 0 && (
        <tr ref={end}>
          <td colSpan={columns}>
            <button type="button" class="quiet" onClick={more}>
              {left} more
            </button>
          </td>
        </tr>
      )}
    </tbody>
  );
}
