type Props = {
  readonly id: string;
  readonly label: string;
  readonly value: string;
  readonly onText: (value: string) => void;
  readonly autocomplete: string;
  readonly secret?: boolean;
};

/** A labelled line of text. What is typed is a name or a secret: nothing corrects it or capitalises it. */
export function Field({ id, label, value, onText, autocomplete, secret = false }: Props) {
  const common = { id, autocomplete, value, autocapitalize: "none", spellcheck: false } as const;
  const take = (event: { readonly currentTarget: HTMLInputElement }): void => onText(event.currentTarget.value);
  return (
    <>
      <label for={id}>{label}</label>
      {secret ? <input {...common} type="password" onInput={take} /> : <input {...common} type="text" onInput={take} />}
    </>
  );
}
