import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { rename } from "../api/client.ts";
import { allowed } from "../live/store.ts";
import { refusal } from "../live/refusal.ts";

type Props = { readonly what: "fabrics" | "vlans"; readonly id: string; readonly name: string; readonly label: string };

/** A name that those who may change it can change where it stands: Enter keeps, Escape leaves as it was. */
export function Rename({ what, id, name, label }: Props) {
  const [draft, setDraft] = useState<string | null>(null);
  const [wrong, setWrong] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const editing = draft !== null;
  // Before the next key can arrive: whoever types on at once loses no letter.
  useLayoutEffect(() => {
    if (!editing) return;
    field.current?.focus();
    field.current?.select();
  }, [editing]);
  const close = (): void => {
    setDraft(null);
    setWrong("");
    queueMicrotask(() => button.current?.focus());
  };
  const keep = async (event: Event): Promise<void> => {
    event.preventDefault();
    const wanted = (draft ?? "").trim();
    if (wanted === name || wanted === "") return close();
    try {
      await rename(what, id, wanted);
      close();
    } catch (error) {
      setWrong(refusal(error));
    }
  };
  if (!allowed("operator")) return <span class="mono">{name || "unnamed"}</span>;
  if (draft === null)
    return (
      <button ref={button} type="button" class="name" aria-label={`Rename ${label}`} title="Rename" onClick={() => setDraft(name)}>
        {name || "unnamed"}
      </button>
    );
  return (
    <form class="rename" onSubmit={(event) => void keep(event)}>
      <input
        ref={field}
        aria-label={`New name of ${label}`}
        value={draft}
        maxLength={64}
        onInput={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          close();
        }}
      />
      <button type="submit">keep</button>
      <span class="wrong" role="alert">
        {wrong}
      </span>
    </form>
  );
}
