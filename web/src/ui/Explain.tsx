import { useState } from "preact/hooks";
import type { Explanation } from "../api/types.ts";
import { clear, explain } from "../live/actions.ts";
import { ends, explanation, site, type Stamped } from "../live/store.ts";
import { portName, verdictSentence } from "../site/words.ts";
import { Age, Sentence } from "./small.tsx";

export function Explain() {
  const [wrong, setWrong] = useState("");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    setWrong(await explain());
  };
  return (
    <section class="explain" aria-labelledby="explain-title">
      <h2 id="explain-title">Explain two ports</h2>
      <form onSubmit={(event) => void submit(event)}>
        <End end="a" />
        <End end="b" />
        <button type="submit">explain</button>
      </form>
      <datalist id="ports">
        {portsOf().map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
      <p class="wrong" role="alert">
        {wrong}
      </p>
      {explanation.value && <Answer a={explanation.value.a} b={explanation.value.b} answer={explanation.value.answer} />}
    </section>
  );
}

function End({ end }: { end: "a" | "b" }) {
  return (
    <label>
      <span>{end === "a" ? "from" : "to"}</span>
      <input
        id={`end-${end}`}
        list="ports"
        autocomplete="off"
        spellcheck={false}
        placeholder="host/interface.VID"
        value={ends.value[end]}
        onInput={(event) => (ends.value = { ...ends.value, [end]: event.currentTarget.value })}
      />
    </label>
  );
}

function portsOf(): string[] {
  return site.value.plugs.flatMap((plug) => {
    const vids = plug.touches.length === 0 ? [null] : [...new Set(plug.touches.map((touch) => touch.vid))];
    return vids.map((vid) => portName({ host: plug.host, interface: plug.interface, vid }));
  });
}

function Answer({ a, b, answer }: { a: string; b: string; answer: Stamped<Explanation> }) {
  const { verdict, chain, missing } = answer.value;
  return (
    <div class="answer" role="status">
      <p class={`verdict ${verdict}`}>{verdictSentence(verdict, a, b)}</p>
      {chain.length > 0 && (
        <ol class="chain">
          {chain.map((step, index) => (
            <li key={index}>
              <span class="hop">
                {portName(step.a)}
                {step.b && ` — ${portName(step.b)}`}
              </span>
              <Sentence>{step.sentence}</Sentence>{" "}
              <span class="soft">
                {step.kind}, <Age seconds={step.age} at={answer.at} /> ago
              </span>
            </li>
          ))}
        </ol>
      )}
      {missing && <p class="missing">
          Missing: <Sentence>{missing}</Sentence>
        </p>}
      <button
        type="button"
        class="link"
        onClick={() => {
          explanation.value = null;
          ends.value = { a: "", b: "" };
          clear();
        }}
      >
        done
      </button>
    </div>
  );
}
