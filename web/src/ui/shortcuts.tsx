import { helpOpen } from '../state/view.ts';
import type { TextKey } from '../texts/texts.ts';
import { t } from '../texts/texts.ts';
import { Dialog } from './parts/dialog.tsx';

const GROUPS: readonly (readonly [
  title: TextKey,
  keys: readonly (readonly [keys: string, does: TextKey])[],
])[] = [
  [
    'keys.playing',
    [
      ['Space K', 'keys.toggle'],
      ['N', 'player.next'],
      ['P', 'player.previous'],
      ['→ ←', 'keys.seek'],
      ['+ −', 'keys.volume'],
      ['M', 'keys.mute'],
      ['S', 'player.shuffle'],
      ['R', 'keys.repeat'],
      ['H', 'keys.like'],
    ],
  ],
  [
    'keys.places',
    [
      ['/', 'nav.search'],
      ['Q', 'panel.queue'],
      ['L', 'panel.lyrics'],
      ['F', 'player.nowPlaying'],
      ['[', 'keys.column'],
      ['?', 'keys.help'],
      ['Esc', 'action.close'],
    ],
  ],
  [
    'keys.lists',
    [
      ['↑ ↓', 'keys.rows'],
      ['Home End', 'keys.ends'],
      ['Shift+F10', 'keys.menu'],
    ],
  ],
];

export function ShortcutsDialog() {
  if (!helpOpen.value) return null;
  return (
    <Dialog
      title={t('keys.title')}
      wide
      onClose={() => {
        helpOpen.value = false;
      }}
    >
      <div class="shortcuts">
        {GROUPS.map(([title, keys]) => (
          <section key={title}>
            <h3>{t(title)}</h3>
            <dl>
              {keys.map(([names, does]) => (
                <div key={names}>
                  <dt>{t(does)}</dt>
                  <dd>
                    {names.split(' ').map((name) => (
                      <kbd key={name}>{name}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
