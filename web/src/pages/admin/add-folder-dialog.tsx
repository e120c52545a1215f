import { adminApi } from '../../api/admin.ts';
import { toast } from '../../state/toasts.ts';
import { ta } from '../../texts/admin/texts.ts';
import { TextField } from '../../ui/parts/fields.tsx';
import { FormDialog, textOf } from './parts.tsx';

export const AddFolderDialog = ({ onClose }: { onClose: () => void }) => (
  <FormDialog
    title={ta('library.add')}
    text={ta('library.addText')}
    submit={ta('library.add')}
    onClose={onClose}
    onSubmit={async (form) => {
      await adminApi.addFolder(textOf(form, 'path'));
      toast(ta('library.added'));
      onClose();
    }}
  >
    <TextField
      label={ta('library.path')}
      hint={ta('library.pathHint')}
      name="path"
      required
      maxLength={4096}
      autocomplete="off"
    />
  </FormDialog>
);
