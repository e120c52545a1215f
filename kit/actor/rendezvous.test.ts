/** Goal: keys spread evenly, and move only from a node that left or to a node that joined. */
import t from 'tap';
import { rendezvousOf } from './rendezvous.ts';

const KEYS = 30_000;
const keys = Array.from({ length: KEYS }, (_, i) => `user-${i}`);
const nodes = ['antiphon-1', 'antiphon-2', 'antiphon-3', 'antiphon-4', 'antiphon-5'];
const ownerOf = (key: string, among: readonly string[]) => rendezvousOf(key, among, (name) => name);

t.test('every node gets its share, within a tenth', async (t) => {
  const share = KEYS / nodes.length;
  for (const node of nodes) {
    const owned = keys.filter((key) => ownerOf(key, nodes) === node).length;
    t.ok(Math.abs(owned - share) < share / 10, `${node}: ${owned} of ${share}`);
  }
});

t.test('when a node leaves only its own keys move, and they spread over all others', async (t) => {
  const [gone, ...rest] = nodes;
  const moved = keys.filter((key) => ownerOf(key, nodes) !== ownerOf(key, rest));
  t.strictSame(
    moved,
    keys.filter((key) => ownerOf(key, nodes) === gone),
  );
  const heirs = Map.groupBy(moved, (key) => ownerOf(key, rest));
  for (const node of rest) t.ok((heirs.get(node)?.length ?? 0) > moved.length / 6);
});

t.test('when a node joins keys move to it only', async (t) => {
  const more = [...nodes, 'antiphon-6'];
  const moved = keys.filter((key) => ownerOf(key, nodes) !== ownerOf(key, more));
  t.ok(moved.length > 0);
  t.ok(moved.every((key) => ownerOf(key, more) === 'antiphon-6'));
});

t.test('the order in which nodes are known does not matter', async (t) => {
  const reversed = nodes.toReversed();
  t.ok(keys.every((key) => ownerOf(key, nodes) === ownerOf(key, reversed)));
  t.equal(ownerOf('user-1', []), undefined);
});
