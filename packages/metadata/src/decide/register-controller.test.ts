import { BrokerId } from '@kafkaesque/kernel';
import { ExampleCluster } from '../example-cluster';
import { supportedFeatures } from '../features';
import { registeredControllers } from '../image/lookups';
import type { RegisterControllerCommand } from './commands';

const registration = (id: number, host: string): RegisterControllerCommand => ({
  kind: 'register-controller',
  controllerId: BrokerId(id),
  incarnationId: host.padEnd(22, '_'),
  listeners: [{ name: 'CONTROLLER', host, port: 9093, securityProtocol: 0 }],
  features: supportedFeatures,
});

test('registered controllers are kept, the last registration of each', () => {
  const cluster = new ExampleCluster([]);
  cluster.run(registration(3001, 'c'));
  cluster.run(registration(3000, 'a'));
  cluster.run(registration(3001, 'd'));
  const controllers = registeredControllers(cluster.controller.committed);
  expect(controllers.map(({ controllerId }) => controllerId)).toEqual([3000, 3001]);
  expect(controllers.map(({ endpoints }) => endpoints.get('CONTROLLER')?.host)).toEqual(['a', 'd']);
  expect(controllers[0]?.features.map(({ name }) => name)).toEqual([
    'kafkaesque.version',
    'metadata.version',
    'eligible.leader.replicas.version',
  ]);
});
