/** What carries calls between processes: NATS in a cluster, else a socket in the data folder. */
import type { BrokerOptions } from 'moleculer';
import type { Settings } from '../../config/settings.ts';
import { isCluster, natsOptionsOf } from '../open-engines.ts';
import { busSocketPath, type LocalSocketOptions, LocalSocketTransporter } from './local-socket.ts';

/**
 * For `brokerOptions`. NATS is connected to when the broker starts, and tried until a server answers.
 *
 * @param role at the socket: of the service itself, or of whoever joins it
 * @throws AlreadyRunningError, NotRunningError and ForbiddenError `BUS_FOLDER_NOT_OURS` of the socket
 */
export async function openBus(
  settings: Settings,
  role: LocalSocketOptions['role'],
): Promise<NonNullable<BrokerOptions['transporter']>> {
  if (isCluster(settings)) {
    const [{ NatsTransporter }, { natsConnectOptions }] = await Promise.all([
      import('./nats-transporter.ts'),
      import('../nats/connection.ts'),
    ]);
    return new NatsTransporter(natsConnectOptions(await natsOptionsOf(settings, 'bus')));
  }
  const transporter = new LocalSocketTransporter({ path: busSocketPath(settings.dataDir), role });
  await transporter.open();
  return transporter;
}
