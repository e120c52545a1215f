/** A simulated node: a name that stays, and processes that die, stop and come back without their memory. */
import type { Journal } from '../ports/journal.ts';
import type { Tables } from '../ports/tables.ts';
import type { Sources } from '../sources.ts';
import type { Rows } from './stores.ts';

/** All that a node's code may touch. Bound to one process: once that is dead nothing here ever answers. */
export interface NodeEnv extends Sources {
  readonly name: string;
  readonly journal: Journal;
  /** A table with one row a partition, kept by the world. */
  rows<R>(table: string): Rows<R>;
  readonly tables: Tables;
}

export interface Call {
  /** UTC milliseconds. */
  readonly deadlineMs: number;
}

/** Answers a request for the actor `id`. Only an AntiphonError may come out; another one is a found bug. */
export type Handler<Message> = (id: string, message: Message, call: Call) => Promise<unknown>;
export type Start<Message> = (env: NodeEnv) => Handler<Message>;

export interface Process<Message> {
  alive: boolean;
  paused: boolean;
  /** What arrived while paused. */
  readonly held: (() => void)[];
  handle: Handler<Message> | undefined;
}

export type Line = 'bus' | 'stores';

export interface Node<Message> {
  readonly name: string;
  readonly start: Start<Message>;
  process: Process<Message> | undefined;
  readonly cutFrom: Set<Line>;
}

/** Lets something happen to a process: now, when it runs again, or never. */
export function deliver<Message>(process: Process<Message>, run: () => void): void {
  if (!process.alive) return;
  if (process.paused) process.held.push(run);
  else run();
}
