/** What is stored, how much of it, and what may grow. */
import type { StoredPart } from '../../../../actors/health/contract.ts';
import { adminApi } from '../../api/admin.ts';
import { ta } from '../../texts/admin/texts.ts';
import { ago } from '../../ui/format.ts';
import { Problem, Skeleton } from '../../ui/parts/states.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { ShareBar } from './charts.tsx';
import { bytes } from './format.ts';
import { Card } from './parts.tsx';

export function StoragePart() {
  const storage = useLoad('admin:storage', adminApi.storage);
  if (storage.s === 'failed') return <Problem text={storage.text} retry={storage.reload} />;
  if (storage.s === 'loading') return <Skeleton shape="rows" />;
  const { parts, disk, measuredAtMs } = storage.value;
  const shares = parts.map(({ part, bytes: value = 0 }) => ({ key: part, label: part, value }));
  const total = shares.reduce((sum, { value }) => sum + value, 0);
  return (
    <>
      {disk && (
        <Card title={ta('storage.disk')}>
          <meter
            min={0}
            max={disk.totalBytes}
            high={disk.totalBytes * 0.9}
            value={disk.totalBytes - disk.freeBytes}
            aria-label={ta('storage.disk')}
          />
          <p>{ta('storage.diskText', { free: bytes(disk.freeBytes), total: bytes(disk.totalBytes) })}</p>
        </Card>
      )}
      <Card title={ta('storage.used')}>
        {parts.length === 0 ? (
          <p class="fine">{ta('storage.elsewhere')}</p>
        ) : (
          <ShareBar shares={shares} total={total} />
        )}
        <ul class="plain-list">
          {parts.map((part) => (
            <Stored key={part.part} stored={part} />
          ))}
        </ul>
        <p class="fine">{ta('storage.measured', { ago: ago(measuredAtMs) })}</p>
      </Card>
    </>
  );
}

const Stored = ({ stored: { part, bytes: size, items, evictable } }: { stored: StoredPart }) => (
  <li class="admin-line tall">
    <div class="about-line">
      <p>
        <i class={`share-dot ${part}`} aria-hidden="true" /> <b>{ta(`stored.${part}`)}</b>
      </p>
      <small>{ta(`storedText.${part}`)}</small>
      {evictable && (
        <>
          <meter
            min={0}
            max={evictable.budgetBytes}
            value={evictable.bytes}
            aria-label={ta('storage.budget')}
          />
          <small>
            {ta('storage.evictable', {
              size: bytes(evictable.bytes),
              budget: bytes(evictable.budgetBytes),
            })}
          </small>
        </>
      )}
    </div>
    <span class="size">
      <b>{size === undefined ? ta('storage.unknown') : bytes(size)}</b>
      {items !== undefined && <small>{ta('library.files', { n: items })}</small>}
    </span>
  </li>
);
