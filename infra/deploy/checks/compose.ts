/** What must hold for the compose deployment beyond its schema. Pure: the model comes from compose-go as JSON. */

export interface ComposeService {
  readonly image?: string;
  readonly restart?: string;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly read_only?: boolean;
  readonly healthcheck?: { readonly test?: readonly string[] };
  readonly 'x-no-healthcheck'?: string;
  readonly deploy?: { readonly resources?: { readonly limits?: Readonly<Record<string, unknown>> } };
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly ports?: readonly { readonly host_ip?: string; readonly published?: string }[];
  readonly volumes?: readonly ComposeVolume[];
}

interface ComposeVolume {
  readonly type: string;
  readonly source?: string;
  readonly target: string;
}

export interface ComposeModel {
  readonly services: Readonly<Record<string, ComposeService>>;
}

export interface ComposeFacts {
  /** Paths of the machine that are mounted, and are there. */
  readonly existing: ReadonlySet<string>;
  /** Names of config/settings.ts. */
  readonly variables: ReadonlySet<string>;
  readonly roles: readonly string[];
  /** Parts that secrets are made for, with the host names in their certificates. */
  readonly parts: Readonly<Record<string, readonly string[]>>;
}

const isOneShot = ({ restart }: ComposeService): boolean => restart === 'no';

/** One sentence each; none when all is well. */
export function composeProblems(model: ComposeModel, facts: ComposeFacts): string[] {
  const services = Object.entries(model.services);
  return [
    ...services.flatMap(([name, service]) =>
      [...runProblems(service), ...fileProblems(service, facts), ...settingProblems(service, facts)].map(
        (problem) => `${name} ${problem}`,
      ),
    ),
    ...services.flatMap(([name, service]) => waitProblems(name, service, model)),
    ...roleProblems(model, facts),
    ...secretProblems(model, facts),
  ];
}

function runProblems(service: ComposeService): string[] {
  const { image = '', deploy, cap_drop = [], security_opt = [], ports = [] } = service;
  const limits = deploy?.resources?.limits ?? {};
  const problems: (string | false)[] = [
    !service.healthcheck?.test &&
      !service['x-no-healthcheck'] &&
      !isOneShot(service) &&
      'has no health check, and x-no-healthcheck does not say why',
    ...['cpus', 'memory', 'pids'].map((limit) => limits[limit] === undefined && `has no limit of ${limit}`),
    !service.restart && 'has no restart policy',
    !cap_drop.includes('ALL') && 'keeps capabilities: cap_drop ALL',
    !security_opt.includes('no-new-privileges:true') && 'may gain privileges: no-new-privileges',
    service.read_only === undefined && 'does not say whether its root is read-only',
    !/:v?\d+\.\d+(\.\d+)?(-\w+)?$/.test(image) &&
      !image.startsWith('antiphon:') &&
      `runs ${image}: name a version`,
    ...ports.map(
      ({ host_ip, published }) => host_ip !== '127.0.0.1' && `publishes ${published} beyond this machine`,
    ),
  ];
  return problems.filter((problem) => problem !== false);
}

const fileProblems = ({ volumes = [] }: ComposeService, { existing }: ComposeFacts): string[] =>
  volumes
    .filter(({ type, source = '' }) => type === 'bind' && !existing.has(source))
    .map(({ source }) => `mounts ${source}, which is not there`);

const settingProblems = ({ environment = {} }: ComposeService, { variables }: ComposeFacts): string[] =>
  Object.keys(environment)
    .filter((name) => name.startsWith('ANTIPHON_') && !variables.has(name.replace(/_FILE$/, '')))
    .map((name) => `sets ${name}, which config/settings.ts does not know`);

/** A service that waits for another's health waits for ever when that has no health check. */
function waitProblems(
  name: string,
  { depends_on = {} }: ComposeService,
  { services }: ComposeModel,
): string[] {
  return Object.entries(depends_on).flatMap(([other, { condition }]) => {
    const awaited = services[other];
    if (!awaited) return [];
    if (condition === 'service_healthy' && !awaited.healthcheck) {
      return [`${name} waits for the health of ${other}, which has no health check`];
    }
    if (condition === 'service_completed_successfully' && !isOneShot(awaited)) {
      return [`${name} waits for the end of ${other}, which never ends`];
    }
    return [];
  });
}

function roleProblems({ services }: ComposeModel, { roles }: ComposeFacts): string[] {
  const hosted = Object.values(services).flatMap(({ environment }) =>
    (environment?.ANTIPHON_ROLES ?? '').split(',').filter(Boolean),
  );
  return [
    ...roles.filter((role) => !hosted.includes(role)).map((role) => `nobody hosts the role ${role}`),
    ...hosted.filter((role) => !roles.includes(role)).map((role) => `there is no role ${role}`),
  ];
}

/** Each part's secrets reach a service, and a service that shows a certificate is named in it. */
function secretProblems({ services }: ComposeModel, { parts }: ComposeFacts): string[] {
  const made = new Map(
    (services.secrets?.volumes ?? []).map(({ source = '', target }) => [
      target.replace('/secrets/', ''),
      source,
    ]),
  );
  return Object.entries(parts).flatMap(([part, hosts]) => {
    const volume = made.get(part);
    if (!volume) return [`secrets of ${part} are kept in no volume`];
    return Object.entries(services)
      .filter(([name, service]) => name !== 'secrets' && !isOneShot(service))
      .filter(([, { volumes = [] }]) => volumes.some(({ source }) => source === volume))
      .filter(([name]) => !hosts.includes(name) && name !== 'front')
      .map(([name]) => `${name} shows the certificate of ${part}, in which it is not named`);
  });
}
