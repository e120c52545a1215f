// Goal: who may hear what, where and when, is decided as rules C6 to C9 say. Method: every branch by table.
import t from 'tap';
import type { RightsWindow, Unavailable } from './contract.ts';
import { type Terms, unavailableFor } from './rights.ts';

const NOW = 1_000_000;
const terms = (rights: RightsWindow[], changes: Partial<Terms> = {}): Terms => ({
  rights,
  rungs: [96],
  removed: false,
  ...changes,
});

type Row = [
  what: string,
  rights: RightsWindow[],
  country: string | undefined,
  expected: Unavailable | undefined,
];
const rows: Row[] = [
  ['no rights at all: everywhere, always', [], 'DE', undefined],
  ['no rights at all: also where the country is unknown', [], undefined, undefined],
  ['a window for everywhere', [{ regions: [] }], 'DE', undefined],
  ['a window for everywhere and an unknown country', [{ regions: [] }], 'ZZ', undefined],
  ['the region is named', [{ regions: ['DE', 'AT'] }], 'AT', undefined],
  ['the region is not named', [{ regions: ['DE', 'AT'] }], 'FR', 'NOT_IN_REGION'],
  ['an absent country is in no region', [{ regions: ['DE'] }], undefined, 'NOT_IN_REGION'],
  ['ZZ is in no region', [{ regions: ['DE'] }], 'ZZ', 'NOT_IN_REGION'],
  ['ZZ is in no region even when it is named', [{ regions: ['ZZ'] }], 'ZZ', 'NOT_IN_REGION'],
  ['begins now', [{ regions: [], fromMs: NOW }], 'DE', undefined],
  ['begins in a millisecond', [{ regions: [], fromMs: NOW + 1 }], 'DE', 'NOT_RELEASED'],
  ['ends now', [{ regions: [], untilMs: NOW }], 'DE', 'NOT_LICENSED'],
  ['ends in a millisecond', [{ regions: [], untilMs: NOW + 1 }], 'DE', undefined],
  [
    'between two windows',
    [
      { regions: [], untilMs: NOW - 10 },
      { regions: [], fromMs: NOW + 10 },
    ],
    'DE',
    'NOT_LICENSED',
  ],
  [
    'elsewhere already, here later',
    [
      { regions: ['US'], fromMs: 0 },
      { regions: ['DE'], fromMs: NOW + 10 },
    ],
    'DE',
    'NOT_RELEASED',
  ],
  [
    'here over, elsewhere not',
    [
      { regions: ['US'], fromMs: 0 },
      { regions: ['DE'], untilMs: NOW - 10 },
    ],
    'DE',
    'NOT_LICENSED',
  ],
  [
    'one of two overlapping windows holds',
    [
      { regions: ['DE'], fromMs: NOW + 10 },
      { regions: [], untilMs: NOW + 1 },
    ],
    'DE',
    undefined,
  ],
];

t.test('C6, C7, C8: rights by region and date', async (t) => {
  for (const [what, rights, country, expected] of rows) {
    t.equal(unavailableFor(terms(rights), country, NOW), expected, what);
  }
});

t.test('C9: without rungs a song is not ready, unless rights are in the way anyway', async (t) => {
  t.equal(unavailableFor(terms([], { rungs: [] }), 'DE', NOW), 'NOT_READY');
  t.equal(unavailableFor(terms([{ regions: ['US'] }], { rungs: [] }), 'DE', NOW), 'NOT_IN_REGION');
});

t.test('C9: removed comes before all other reasons', async (t) => {
  t.equal(unavailableFor(terms([{ regions: ['US'] }], { rungs: [], removed: true }), 'DE', NOW), 'REMOVED');
});
