/** The direction of dependency: domain <- actor <- service <- broker.config.ts; infra -> ports (types only). */
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'kit-knows-no-music',
      severity: 'error',
      from: { path: '^kit/' },
      to: { path: '^(actors|infra|media|web|scripts|broker)' },
    },
    {
      name: 'actors-meet-at-contracts',
      comment: 'An actor sees of another actor its contract and nothing else.',
      severity: 'error',
      from: { path: '^actors/([^/]+)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^actors/', pathNot: ['^actors/$1/', '^actors/[^/]+/contract\\.ts$'] },
    },
    {
      name: 'actors-see-no-engine',
      severity: 'error',
      from: { path: '^actors/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(infra|scripts|web|broker)' },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: { path: '^actors/[^/]+/domain', pathNot: '\\.test\\.ts$' },
      to: {
        path: ['^kit/(service|client|log|metrics|call-context)', '/actor\\.ts$', '/ports\\.ts$'],
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'only-services-meet-moleculer',
      severity: 'error',
      from: {
        pathNot: [
          '\\.service\\.ts$',
          '^kit/service\\.ts$',
          '^infra/bus/',
          '^broker\\.config\\.ts$',
          '^scripts/',
          '^actors/gateway/',
          '\\.test\\.ts$',
          '^test/',
        ],
      },
      to: { path: 'node_modules/moleculer', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'web-imports-contracts-as-types',
      severity: 'error',
      from: { path: '^web/' },
      to: { path: '^(actors|kit|infra|media|scripts|broker)', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(node_modules|web/dist|\\.tap)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.mjs', '.json'] },
  },
};
