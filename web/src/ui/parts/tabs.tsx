import { t } from '../../texts/texts.ts';

interface TabsProps<K extends string> {
  readonly label: string;
  readonly tabs: readonly (readonly [key: K, label: string])[];
  readonly chosen: K;
  readonly onChoose: (key: K) => unknown;
  /** The id of the element they show their content in. */
  readonly controls: string;
}

/** The chosen tab takes the focus; arrows choose, as the ARIA pattern has it. */
export function Tabs<K extends string>({ label, tabs, chosen, onChoose, controls }: TabsProps<K>) {
  function onKeyDown(event: KeyboardEvent): void {
    const at = tabs.findIndex(([key]) => key === chosen);
    const forward = document.documentElement.dir === 'rtl' ? 'ArrowLeft' : 'ArrowRight';
    const back = forward === 'ArrowLeft' ? 'ArrowRight' : 'ArrowLeft';
    const to = { [forward]: at + 1, [back]: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    const index = (to + tabs.length) % tabs.length;
    const next = tabs[index];
    if (!next) return;
    onChoose(next[0]);
    (event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role=tab]')[index]?.focus();
  }
  return (
    <div
      class="tabs"
      role="tablist"
      tabIndex={-1}
      aria-label={label || t('nav.sections')}
      onKeyDown={onKeyDown}
    >
      {tabs.map(([key, name]) => (
        <button
          key={key}
          type="button"
          role="tab"
          aria-selected={key === chosen}
          aria-controls={controls}
          tabIndex={key === chosen ? 0 : -1}
          onClick={() => onChoose(key)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}
