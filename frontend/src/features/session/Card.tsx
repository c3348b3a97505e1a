import type { ReactNode } from "react";
import styles from "./Card.module.css";

/** The frame of the pages of those who are not signed in. */
export function Card({ title, text, children }: { title: string; text: string; children: ReactNode }) {
  return (
    <main className={styles.page}>
      <section className={styles.card}>
        <img className={styles.mark} src="/icon.svg" alt="" width="44" height="44" />
        <h1 className={styles.title}>{title}</h1>
        <p className={styles.text}>{text}</p>
        {children}
      </section>
    </main>
  );
}
