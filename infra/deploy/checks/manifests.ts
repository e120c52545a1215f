/** What must hold for the Kubernetes manifests beyond their schema. */

interface Container {
  readonly name: string;
  readonly readinessProbe?: unknown;
  readonly livenessProbe?: unknown;
  readonly lifecycle?: { readonly preStop?: unknown };
  readonly resources?: { readonly requests?: unknown; readonly limits?: unknown };
  readonly securityContext?: { readonly readOnlyRootFilesystem?: boolean };
}

interface HpaMetric {
  readonly pods?: { readonly metric: { readonly name: string } };
}

export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec?: {
    readonly metrics?: readonly HpaMetric[];
    readonly template?: {
      readonly spec?: {
        readonly containers?: readonly Container[];
        readonly terminationGracePeriodSeconds?: number;
        readonly securityContext?: { readonly runAsNonRoot?: boolean };
      };
    };
  };
}

const WORKLOADS = ['Deployment', 'StatefulSet'];

/** One sentence each. `measured`: what the Prometheus adapter gives autoscalers. */
export const manifestProblems = (manifests: readonly Manifest[], measured: ReadonlySet<string>): string[] =>
  manifests.flatMap((manifest) =>
    [...podProblems(manifest), ...scalingProblems(manifest, measured)].map(
      (problem) => `${manifest.kind} ${manifest.metadata.name} ${problem}`,
    ),
  );

function podProblems({ kind, spec }: Manifest): string[] {
  const pod = spec?.template?.spec;
  if (!pod) return [];
  const runs = WORKLOADS.includes(kind);
  const problems: (string | false)[] = [
    !pod.securityContext?.runAsNonRoot && 'may run as root',
    runs && !((pod.terminationGracePeriodSeconds ?? 0) > 30) && 'is killed before it has drained',
    ...(pod.containers ?? []).flatMap((container) => [
      !container.resources?.requests && 'asks for no resources',
      !container.resources?.limits && 'has no limits',
      !container.securityContext?.readOnlyRootFilesystem && 'can write to its root',
      runs && !container.readinessProbe && 'does not say when it is ready',
      runs && !container.livenessProbe && 'does not say that it lives',
      runs && !container.lifecycle?.preStop && 'ends while it is still sent requests',
    ]),
  ];
  return problems.filter((problem) => problem !== false);
}

const scalingProblems = ({ spec }: Manifest, measured: ReadonlySet<string>): string[] =>
  (spec?.metrics ?? [])
    .flatMap(({ pods }) => (pods ? [pods.metric.name] : []))
    .filter((name) => !measured.has(name))
    .map((name) => `scales on ${name}, which the adapter does not measure`);

/** Files that a kustomization names but are not there, and the other way round. */
export const listProblems = (listed: readonly string[], files: readonly string[]): string[] => [
  ...listed.filter((name) => !files.includes(name)).map((name) => `${name} is listed, but not there`),
  ...files.filter((name) => !listed.includes(name)).map((name) => `${name} is there, but not listed`),
];
