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

/**
 * A button that asks before it acts. Escape, or a second thought, leaves all as it was. What is done is what was asked: news that
 * come while the question stands change neither.
 */
export function Sure({ label, name, question, yes, act }: Props) {
  const [asked, setAsked] = useState<Pick<Props, "question" | "act"> | null>(null);
  const asking = asked !== null;
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
    setWrong((await asked?.act()) ?? "");
    setBusy(false);
    setAsked(null);
  };
  if (asked === null)
    return (
      <span class="sure">
        <button ref={first} type="button" aria-label={name} onClick={() => setAsked({ question, act })}>
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
    setAsked(null);
  };
  return (
    <span class="sure" role="group" aria-label={name} onKeyDown={leave}>
      <span>{asked.question}</span>
      <button type="button" disabled={busy} onClick={() => void go()}>
        {yes}
      </button>
      <button ref={second} type="button" disabled={busy} onClick={() => setAsked(null)}>
        no
      </button>
    </span>
  );
}
