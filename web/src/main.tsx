import { render } from 'preact';
import { App } from './app.tsx';
import './style/base.css';
import './style/layout.css';
import './style/parts.css';
import './style/forms.css';
import './style/songs.css';
import './style/player.css';

const root = document.getElementById('app');
if (root) render(<App />, root);
