/** The first thing for whoever has just set the service up: where the music is. */
import { useState } from 'preact/hooks';
import { adminApi } from '../../api/admin.ts';
import { ta } from '../../texts/admin/texts.ts';
import { Icon } from '../../ui/icons.tsx';
import { Button } from '../../ui/parts/button.tsx';
import { useLoad } from '../../ui/use-load.ts';
import { AddFolderDialog } from './add-folder-dialog.tsx';

/** Nothing once there is a folder. */
export function AddFolderPrompt() {
  const folders = useLoad('admin:folders', adminApi.folders);
  const [asking, setAsking] = useState(false);
  if (folders.s !== 'ready' || folders.value.items.length > 0) return null;
  return (
    <section class="folder-prompt">
      <span class="notice-icon">
        <Icon name="library" size={30} />
      </span>
      <div>
        <h2>{ta('prompt.title')}</h2>
        <p>{ta('prompt.text')}</p>
      </div>
      <Button icon="plus" tone="primary" onClick={() => setAsking(true)}>
        {ta('library.add')}
      </Button>
      {asking && (
        <AddFolderDialog
          onClose={() => {
            setAsking(false);
            folders.reload();
          }}
        />
      )}
    </section>
  );
}
