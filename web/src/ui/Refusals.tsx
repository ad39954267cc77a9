import type { Refusal } from "../api/types.ts";
import { refusals } from "../live/store.ts";
import { advice, portName, skewWords } from "../site/words.ts";
import { Age, Prose, Scroll } from "./small.tsx";

/** What was heard and not believed, and what each reason means. */
export function Refusals() {
  const all = [...(refusals.value?.value ?? [])].sort((a, b) => a.age - b.age || b.count - a.count);
  const reasons = [...new Set(all.map((refusal) => refusal.reason))].sort();
  return (
    <section class="block" aria-labelledby="refusals-title">
      <h2 id="refusals-title" tabIndex={-1}>
        Refused <span class="soft num">{all.length}</span>
      </h2>
      {all.length === 0 && <p class="soft">Every beacon that was heard could be believed.</p>}
      {all.length > 0 && (
        <>
          <Scroll label="Refused beacons">
            <table class="rows">
              <thead>
                <tr>
                  <th scope="col">Heard on</th>
                  <th scope="col">From MAC</th>
                  <th scope="col">Reason</th>
                  <th scope="col" class="right">
                    Times
                  </th>
                  <th scope="col" class="right">
                    Last
                  </th>
                  <th scope="col">Detail</th>
                </tr>
              </thead>
              <tbody>
                {all.map((refusal) => (
                  <RefusalRow key={`${portName(refusal)} ${refusal.source_mac} ${refusal.reason}`} refusal={refusal} at={refusals.value?.at ?? 0} />
                ))}
              </tbody>
            </table>
          </Scroll>
          <dl class="advice">
            {reasons.map((reason) => (
              <div key={reason}>
                <dt>{reason}</dt>
                <dd>
                  {advice(reason).means} <b><Prose>{advice(reason).todo}</Prose></b>
                </dd>
              </div>
            ))}
          </dl>
        </>
      )}
    </section>
  );
}

function RefusalRow({ refusal, at }: { refusal: Refusal; at: number }) {
  return (
    <tr>
      <th scope="row">{portName(refusal)}</th>
      <td class="mono">{refusal.source_mac}</td>
      <td>
        {refusal.reason} {refusal.skew !== null && <span class="num">({skewWords(refusal)})</span>}
      </td>
      <td class="right num">{refusal.count.toLocaleString("en")}</td>
      <td class="right">
        <Age seconds={refusal.age} at={at} />
      </td>
      <td>{refusal.detail}</td>
    </tr>
  );
}
