import { changeList } from "../live/store.ts";

/** What changed while this page was open, newest first. */
export function Changes() {
  return (
    <section class="changes" aria-labelledby="changes-title">
      <h2 id="changes-title">Changes while you watch</h2>
      {changeList.value.length === 0 ? (
        <p class="soft">None so far.</p>
      ) : (
        <ol tabIndex={0} aria-labelledby="changes-title">
          {changeList.value.map((change) => (
            <li key={change.number}>
              <time class="num">{change.clock}</time> {change.text}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
