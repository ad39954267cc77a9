import { measureMtu } from "../api/client.ts";
import type { Culprit, Pair } from "../api/types.ts";
import { allowed, marked, mtu } from "../live/store.ts";
import { clear } from "../live/actions.ts";
import { limitWords, measuringWords, mtuHeadline, short } from "../site/mtu.ts";
import { plugKey } from "../site/site.ts";
import { OrderNow } from "./OrderNow.tsx";
import { Scroll, Sentence } from "./small.tsx";

/** Rows that are drawn; who has more to read has culprits to mend first. */
const MOST = 100;

/** What really passes between neighbours, and where it stops. */
export function Mtu() {
  if (mtu.value === null) return null;
  const { pairs, culprits, measuring } = mtu.value.value;
  const worse = short(pairs);
  return (
    <section class="block" aria-labelledby="mtu-title">
      <header class="section-head">
        <h2 id="mtu-title" tabIndex={-1}>
          What packets pass <span class="soft num">{pairs.length}</span>
        </h2>
        {allowed("operator") && <OrderNow words="measure now" order={measureMtu} />}
      </header>
      <p>
        {mtuHeadline(mtu.value.value)} <span role="status">{measuring.length > 0 && <span class="soft">{measuringWords(measuring)}</span>}</span>
      </p>
      {culprits.length > 0 && (
        <ul class="conflicts" aria-label="Where packets stop">
          {culprits.map((culprit) => (
            <CulpritLine key={culprit.what} culprit={culprit} />
          ))}
        </ul>
      )}
      {worse.length > 0 && <PairTable pairs={worse.slice(0, MOST)} />}
      {worse.length > MOST && (
        <p class="soft">
          and {worse.length - MOST} more; <code>bellrock mtu</code> lists all
        </p>
      )}
    </section>
  );
}

function CulpritLine({ culprit }: { culprit: Culprit }) {
  const on = marked.value === culprit.where;
  const show = (): void => {
    if (on) return clear();
    marked.value = culprit.where;
    document.getElementById("picture")?.scrollIntoView({ block: "nearest" });
  };
  return (
    <li>
      <div>
        <Sentence>{culprit.what}</Sentence>{" "}
        {culprit.where.length > 0 && (
          <button type="button" class="link" aria-pressed={on} onClick={show}>
            {on ? "stop showing" : "show in the picture"}
          </button>
        )}
        <ul class="sentences">
          {culprit.proof.map((sentence) => (
            <li key={sentence}>
              <Sentence>{sentence}</Sentence>
            </li>
          ))}
        </ul>
      </div>
    </li>
  );
}

function PairTable({ pairs }: { pairs: readonly Pair[] }) {
  return (
    <Scroll label="Pairs that pass less than they should">
      <table class="rows">
        <thead>
          <tr>
            <th scope="col">From</th>
            <th scope="col">To</th>
            <th scope="col" class="right">
              VID
            </th>
            <th scope="col" class="right">
              Passes
            </th>
            <th scope="col">Why no more</th>
          </tr>
        </thead>
        <tbody>
          {pairs.map((pair) => (
            <tr key={`${plugKey(pair.from.host, pair.from.interface)} ${plugKey(pair.to.host, pair.to.interface)} ${pair.vid}`}>
              <th scope="row">{plugKey(pair.from.host, pair.from.interface)}</th>
              <td class="mono">{plugKey(pair.to.host, pair.to.interface)}</td>
              <td class="right num">{pair.vid ?? <span class="soft">untagged</span>}</td>
              <td class="right num">{pair.mtu === 0 ? <span class="bad">none</span> : pair.mtu}</td>
              <td>{limitWords(pair.limited_by)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
