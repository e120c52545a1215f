import { render } from 'preact';
import { App } from './app.tsx';
import { keepShell } from './state/update.ts';
import { startLanguage } from './texts/texts.ts';
import './style/tokens.css';
import './style/base.css';
import './style/shell.css';
import './style/parts.css';
import './style/forms.css';
import './style/pages.css';
import './style/songs.css';
import './style/player.css';
import './style/admin.css';
import './style/panel.css';

const root = document.getElementById('app');
const start = () => root && render(<App />, root);
startLanguage().then(start, start);
keepShell().catch(() => undefined);
