import { Failure } from '@kafkaesque/kernel';
import type { BrokerConfiguration } from '../configuration';

/** Settings that promise something which this release does not have end the start, rather than be ignored. */
export const refuseWhatIsNotThereYet = (configuration: BrokerConfiguration): void => {
  const { listeners } = configuration;
  const refuse = (key: string, value: string, why: string): never => {
    throw new Failure('NOT_THERE_YET', `${key}=${value}: ${why}`);
  };
  const authorizer = configuration.get('authorizer.class.name');
  if (typeof authorizer === 'string' && authorizer !== '') {
    refuse(
      'authorizer.class.name',
      authorizer,
      'this release has no authorizer; it would let everybody do everything.',
    );
  }
  for (const { name, protocol } of listeners) {
    if (protocol !== 'PLAINTEXT') {
      refuse(
        'listener.security.protocol.map',
        `${name}:${protocol}`,
        'this release listens on PLAINTEXT only.',
      );
    }
  }
};
