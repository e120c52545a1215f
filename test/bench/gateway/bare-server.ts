/** The limit of the gateway bench: node:http that sends the answer it was told, whatever it is asked. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Answer } from './gateway-server.ts';
import { tellCpu } from './tell-cpu.ts';

const [{ headers, body }] = (await once(process, 'message')) as [Answer];
const server = createServer((_req, res) => {
  res.writeHead(200, headers);
  res.end(body);
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
tellCpu();
process.send?.({ port: (server.address() as AddressInfo).port });
