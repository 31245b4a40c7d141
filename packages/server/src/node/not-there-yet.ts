import { Failure } from '@kafkaesque/kernel';
import type { BrokerConfiguration } from '../configuration';

/** Settings that promise something which this release does not have end the start, rather than be ignored. */
export const refuseWhatIsNotThereYet = (configuration: BrokerConfiguration): void => {
  const { nodeId, roles, quorum, listeners, controllerListenerNames } = configuration;
  const refuse = (key: string, value: string, why: string): never => {
    throw new Failure('NOT_THERE_YET', `${key}=${value}: ${why}`);
  };
  if (!roles.includes('broker') || !roles.includes('controller')) {
    refuse(
      'process.roles',
      roles.join(','),
      'this release runs broker and controller in one process; write broker,controller.',
    );
  }
  const others = quorum.filter((member) => member.nodeId !== undefined && member.nodeId !== nodeId);
  if (others.length > 0 || quorum.length > 1) {
    refuse(
      'controller.quorum',
      String(quorum.length),
      'this release runs one controller; a quorum of several comes later.',
    );
  }
  const authorizer = configuration.get('authorizer.class.name');
  if (typeof authorizer === 'string' && authorizer !== '') {
    refuse(
      'authorizer.class.name',
      authorizer,
      'this release has no authorizer; it would let everybody do everything.',
    );
  }
  for (const { name, protocol } of listeners) {
    if (protocol !== 'PLAINTEXT' && !controllerListenerNames.includes(name)) {
      refuse(
        'listener.security.protocol.map',
        `${name}:${protocol}`,
        'this release listens on PLAINTEXT only.',
      );
    }
  }
};
