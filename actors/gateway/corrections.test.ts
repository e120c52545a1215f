// Goal: administrators, and nobody else, correct the catalogue. Method: each route of a real gateway asked by a
// stranger, a listener and an administrator.
import t from 'tap';
import { aliceId, bearer, idOf, request, startGateway, tokenOf } from '../../test/gateway/doubles.ts';

const [one, other] = [idOf(5), idOf(6)];
const listener = bearer();
const admin = bearer(tokenOf({ roles: ['listener', 'admin'] }));

const ROUTES: readonly (readonly [string, Parameters<typeof request>[1], object | undefined, string])[] = [
  [`songs/${one}`, 'PATCH', { title: 'Uno' }, 'correctSong'],
  [`albums/${one}`, 'PATCH', { title: 'Uno' }, 'correctAlbum'],
  [`artists/${one}`, 'PATCH', { name: 'Uno' }, 'correctArtist'],
  [`artists/${one}/merge`, 'POST', { artistIds: [other] }, 'mergeArtists'],
  [`artists/${one}/split`, 'POST', { into: { name: 'Other' }, albumIds: [other] }, 'splitArtist'],
  [`albums/${one}/merge`, 'POST', { albumIds: [other] }, 'mergeAlbums'],
  [`albums/${one}/split`, 'POST', { songIds: [other], into: { title: 'Other' } }, 'splitAlbum'],
  ['corrections', 'GET', undefined, 'corrections'],
  [`corrections/${one}`, 'DELETE', undefined, 'undoCorrection'],
];

for (const [path, method, body, action] of ROUTES) {
  void t.test(`${method} ${path}: administrators only, in their own name`, async (t) => {
    await using g = await startGateway();
    const ask = async (headers: Record<string, string>, more: object = {}) => {
      const sent = body && { body: { ...body, ...more } };
      const response = await request(`${g.url}/api/admin/${path}`, method, { headers, ...sent });
      const { code } = response.ok ? {} : ((await response.json()) as { code?: string });
      return [response.status, code];
    };
    t.same(await ask({}), [401, 'TOKEN_MISSING']);
    t.same(await ask(listener), [403, 'ADMIN_ONLY']);
    t.notOk(g.calls.some((call) => call.action === `catalog.${action}`));
    if (body) t.equal((await ask(admin, { byUserId: other }))[0], 400, 'whose name it is cannot be given');
    t.same(await ask(admin), [200, undefined]);
    const { params } = g.calls.at(-1) ?? {};
    t.match(g.calls.at(-1), { action: `catalog.${action}` });
    if (action !== 'corrections') t.equal(params?.byUserId, aliceId);
  });
}
