import { api } from '../../api/api.ts';
import { creditsOf } from '../../state/view.ts';
import { t, tOf } from '../../texts/texts.ts';
import { Dialog } from '../parts/dialog.tsx';
import { Problem, Skeleton } from '../parts/states.tsx';
import { useLoad } from '../use-load.ts';

type Credit = Awaited<ReturnType<typeof api.credits>>['items'][number];

/** Each role once, in the order of the credits. */
function byRole(items: readonly Credit[]): (readonly [role: string, names: string[]])[] {
  const roles = new Map<string, string[]>();
  for (const credit of items) {
    const instrument = 'instrument' in credit && credit.instrument ? ` (${String(credit.instrument)})` : '';
    const names = roles.get(credit.role) ?? [];
    const name = `${credit.name}${instrument}`;
    if (!names.includes(name)) roles.set(credit.role, [...names, name]);
  }
  return [...roles];
}

export function Credits({ songId }: { songId: string }) {
  const credits = useLoad(`credits:${songId}`, () => api.credits(songId));
  if (credits.s === 'failed') return <Problem text={credits.text} retry={credits.reload} />;
  if (credits.s === 'loading') return <Skeleton shape="rows" />;
  const roles = byRole(credits.value.items);
  if (roles.length === 0) return <p class="fine">{t('credits.none')}</p>;
  return (
    <dl class="credits">
      {roles.map(([role, names]) => (
        <div key={role}>
          <dt>{tOf('role.', role) ?? role}</dt>
          {names.map((name) => (
            <dd key={name}>
              <bdi>{name}</bdi>
            </dd>
          ))}
        </div>
      ))}
    </dl>
  );
}

/** The credits of any song, over the page. */
export function CreditsDialog() {
  const song = creditsOf.value;
  if (!song) return null;
  return (
    <Dialog
      title={t('credits.title', { title: song.title })}
      onClose={() => {
        creditsOf.value = undefined;
      }}
    >
      <Credits songId={song.songId} />
    </Dialog>
  );
}
