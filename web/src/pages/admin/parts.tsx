/** What several administration pages are made of. */
import type { ComponentChildren } from 'preact';
import { useId, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../api/http.ts';
import { toast, toastError } from '../../state/toasts.ts';
import { ta } from '../../texts/admin/texts.ts';
import { t } from '../../texts/texts.ts';
import { Button } from '../../ui/parts/button.tsx';
import { Dialog } from '../../ui/parts/dialog.tsx';

export const Card = ({
  title,
  actions,
  children,
}: {
  title?: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) => (
  <section class="admin-card">
    {(title || actions) && (
      <header class="admin-card-head">
        {title && <h2>{title}</h2>}
        {actions}
      </header>
    )}
    {children}
  </section>
);

export type Tone = 'good' | 'warn' | 'danger' | 'plain';

export const Mark = ({ tone, children }: { tone: Tone; children: ComponentChildren }) => (
  <span class={`mark ${tone}`}>{children}</span>
);

/** Text to hand on. Over plain HTTP, as in a home network, pages have no clipboard. */
export function CopyField({ label, value }: { label: string; value: string }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  async function copy(): Promise<void> {
    input.current?.select();
    try {
      await navigator.clipboard.writeText(value);
      toast(ta('copied'));
    } catch {
      toast(ta('copyByHand'));
    }
  }
  return (
    <div class="field copy-field">
      <label for={id}>{label}</label>
      <div class="copy-line">
        <input id={id} ref={input} readOnly value={value} onFocus={(event) => event.currentTarget.select()} />
        <Button onClick={copy}>{ta('copy')}</Button>
      </div>
    </div>
  );
}

interface FormDialogProps {
  readonly title: string;
  readonly text?: string;
  readonly submit: string;
  readonly tone?: 'primary' | 'danger';
  /** There is nothing to do yet. */
  readonly disabled?: boolean;
  readonly onClose: () => void;
  /** The dialog stays, with what went wrong, when this rejects. */
  readonly onSubmit: (form: FormData) => Promise<unknown>;
  readonly children?: ComponentChildren;
}

/** A question with an answer: fields or none, one button that does it. */
export function FormDialog({
  title,
  text,
  submit,
  tone = 'primary',
  disabled = false,
  onClose,
  onSubmit,
  children,
}: FormDialogProps) {
  const [problem, setProblem] = useState('');
  const [busy, setBusy] = useState(false);
  const id = useId();
  async function onForm(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setProblem('');
    try {
      await onSubmit(new FormData(event.currentTarget as HTMLFormElement));
    } catch (error) {
      setProblem(error instanceof ApiError ? error.message : t('error.unknown'));
      setBusy(false);
    }
  }
  return (
    <Dialog
      title={title}
      onClose={onClose}
      actions={
        <>
          <Button onClick={onClose}>{ta('cancel')}</Button>
          {/* Not disabled while it works: it would lose the focus to the page behind, and Escape with it. */}
          <Button type="submit" form={id} tone={tone} disabled={disabled} aria-disabled={busy}>
            {submit}
          </Button>
        </>
      }
    >
      <form id={id} class="admin-form" onSubmit={(event) => void onForm(event)}>
        {text && <p>{text}</p>}
        {children}
        {problem && (
          <p class="form-problem" role="alert">
            {problem}
          </p>
        )}
      </form>
    </Dialog>
  );
}

/** Does it, says so, and shows what is so now. */
export async function doing(work: Promise<unknown>, done: string, then: () => void): Promise<void> {
  try {
    await work;
    toast(done);
  } catch (error) {
    toastError(error);
  }
  then();
}

export const textOf = (form: FormData, name: string): string => String(form.get(name) ?? '').trim();
