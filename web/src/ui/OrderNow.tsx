import { useState } from "preact/hooks";
import { refusal } from "../live/refusal.ts";

/** A button that has the region do something now, and says beside itself why it did not. */
export function OrderNow({ words, order }: { readonly words: string; readonly order: () => Promise<void> }) {
  const [said, setSaid] = useState("");
  const go = async (): Promise<void> => {
    try {
      await order();
      setSaid("");
    } catch (error) {
      setSaid(refusal(error));
    }
  };
  return (
    <span class="sure">
      <span class="wrong" role="alert">
        {said}
      </span>
      <button type="button" class="quiet" onClick={() => void go()}>
        {words}
      </button>
    </span>
  );
}
