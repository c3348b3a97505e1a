import { Component, lazy, type ReactNode, Suspense } from "react";
import { hasMarkup } from "../../lib/markup";
import styles from "./MessageText.module.css";

const Markdown = lazy(() => import("./Markdown").then(({ Markdown }) => ({ default: Markdown })));

/**
 * What a message says. Text that has nothing to format, which is most of it, needs no parser; others get theirs when it is
 * there. `room` takes place at the end of the last line, or below it.
 */
export function MessageText({ text, room }: { text: string; room?: ReactNode }) {
  const plain = (
    <p className={styles.plain}>
      {text}
      {room}
    </p>
  );
  if (!hasMarkup(text)) return plain;
  return (
    <Otherwise key={text} show={plain}>
      <Suspense fallback={plain}>
        <Markdown text={text} />
        {room}
      </Suspense>
    </Otherwise>
  );
}

/** Shows something simpler where the better cannot be shown: the parser was not to be had, or failed. */
class Otherwise extends Component<{ show: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? this.props.show : this.props.children;
  }
}
