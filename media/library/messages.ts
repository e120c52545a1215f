/** What the service and the process that reads its folders say to each other. */
import type { FolderState } from './contract.ts';

export type ToReader =
  /** The settings of the service; once, first. */
  | { readonly t: 'open'; readonly settings: unknown }
  | { readonly t: 'look'; readonly folderId: string }
  | { readonly t: 'remove'; readonly folderId: string; readonly call: number };

export type FromReader =
  /** From time to time: no file holds it up. */
  | { readonly t: 'alive' }
  | {
      readonly t: 'state';
      readonly folderId: string;
      readonly state?: FolderState;
      readonly watched: boolean;
    }
  | { readonly t: 'removed'; readonly call: number; readonly error?: string };
