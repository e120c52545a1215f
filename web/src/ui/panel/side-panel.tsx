import { PANELS, panel } from '../../state/view.ts';
import { t } from '../../texts/texts.ts';
import { IconButton } from '../parts/button.tsx';
import { Tabs } from '../parts/tabs.tsx';
import { PanelContent } from './panel-content.tsx';

/** Beside the page on wide windows, over it on narrow ones. */
export function SidePanel() {
  const shown = panel.value;
  if (shown === 'none') return null;
  return (
    <aside class="panel" aria-label={t(`panel.${shown}`)}>
      <header class="panel-head">
        <h2 class="visually-hidden">{t(`panel.${shown}`)}</h2>
        <Tabs
          label={t('panel.label')}
          tabs={PANELS.map((name) => [name, t(`panel.${name}`)] as const)}
          chosen={shown}
          controls="panel-content"
          onChoose={(name) => {
            panel.value = name;
          }}
        />
        <IconButton
          icon="close"
          label={t('panel.close')}
          onClick={() => {
            panel.value = 'none';
          }}
        />
      </header>
      <div id="panel-content" class="panel-content" role="tabpanel" tabIndex={-1} data-scroller>
        <PanelContent of={shown} />
      </div>
    </aside>
  );
}
