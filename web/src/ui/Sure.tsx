import { useLayoutEffect, useRef, useState } from "preact/hooks";

type Props = {
  readonly label: string;
  /** What the button does, and to whom, for those who hear it alone. */
  readonly name: string;
  readonly question: string;
  readonly yes: string;
  /** Returns what went wrong, or nothing. */
  readonly act: () => Promise<string>;
};

/** A button that asks before it acts. Escape, or a second thought, leaves all as it was. */
export function Sure({ label, name, question, yes, act }: Props) {
  const [asking, setAsking] = useState(false);
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const first = useRef<HTMLButtonElement>(null);
  const second = useRef<HTMLButtonElement>(null);
  const opened = useRef(false);
  useLayoutEffect(() => {
    if (asking) second.current?.focus();
    else if (opened.current) first.current?.focus();
    opened.current = asking;
  }, [asking]);
  const go = async (): Promise<void> => {
    setBusy(true);
    setWrong(await act());
    setBusy(false);
    setAsking(false);
  };
  if (!asking)
    return (
      <span class="sure">
        <button ref={first} type="button" aria-label={name} onClick={() => setAsking(true)}>
          {label}
        </button>
        <span class="wrong" role="alert">
          {wrong}
        </span>
      </span>
    );
  const leave = (event: KeyboardEvent): void => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    setAsking(false);
  };
  return (
    <span class="sure" role="group" aria-label={name} onKeyDown={leave}>
      <span>{question}</span>
      <button type="button" disabled={busy} onClick={() => void go()}>
        {yes}
      </button>
      <button ref={second} type="button" disabled={busy} onClick={() => setAsking(false)}>
        no
      </button>
    </span>
  );
}
