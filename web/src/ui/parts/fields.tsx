import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface FieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly children: (id: string, hintId: string | undefined) => ComponentChildren;
}

function Field({ label, hint, children }: FieldProps) {
  const id = useId();
  const hintId = hint ? `${id}-hint` : undefined;
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children(id, hintId)}
      {hint && (
        <p id={hintId} class="hint">
          {hint}
        </p>
      )}
    </div>
  );
}

interface TextFieldProps {
  readonly label: string;
  readonly hint?: string;
  readonly name: string;
  readonly type?: 'text' | 'password' | 'number' | 'email';
  readonly defaultValue?: string;
  readonly required?: boolean;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly min?: number;
  readonly max?: number;
  readonly autocomplete?: string;
  readonly placeholder?: string;
}

export const TextField = ({ label, hint, ...rest }: TextFieldProps) => (
  <Field label={label} {...(hint && { hint })}>
    {(id, hintId) => <input id={id} {...(hintId && { 'aria-describedby': hintId })} {...(rest as object)} />}
  </Field>
);

interface SelectProps<V extends string> {
  readonly label: string;
  readonly value: V;
  readonly options: readonly (readonly [value: V, label: string])[];
  readonly onChoose: (value: V) => unknown;
}

export const Select = <V extends string>({ label, value, options, onChoose }: SelectProps<V>) => (
  <label class="setting">
    <span>{label}</span>
    <select value={value} onChange={(event) => onChoose(event.currentTarget.value as V)}>
      {options.map(([option, name]) => (
        <option key={option} value={option}>
          {name}
        </option>
      ))}
    </select>
  </label>
);

interface ToggleProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChoose: (checked: boolean) => unknown;
}

export const Toggle = ({ label, checked, onChoose }: ToggleProps) => (
  <label class="setting">
    <span>{label}</span>
    <input
      type="checkbox"
      role="switch"
      class="switch"
      checked={checked}
      aria-checked={checked}
      onChange={(event) => onChoose(event.currentTarget.checked)}
    />
  </label>
);
