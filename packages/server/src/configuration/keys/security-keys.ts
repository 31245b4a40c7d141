import type { ConfigurationKey } from '../key';
import { className, long, password, string } from '../key-draft';

/** Authorization and delegation tokens. */
export const securityKeys = {
  'authorizer.class.name': string('', 'The authorizer; empty means that everybody may do everything.')
    .low()
    .noEffect(),
  'principal.builder.class': className(
    'org.apache.kafka.common.security.authenticator.DefaultKafkaPrincipalBuilder',
    'The class that names who is behind a connection.',
  )
    .perBroker()
    .noEffect(),
  'delegation.token.expiry.check.interval.ms': long(
    3_600_000,
    'How often it is looked for delegation tokens that have run out.',
  )
    .atLeast(1)
    .low()
    .noEffect(),
  'delegation.token.expiry.time.ms': long(
    86_400_000,
    'How long a delegation token is valid before it must be renewed.',
  )
    .atLeast(1)
    .noEffect(),
  'delegation.token.max.lifetime.ms': long(604_800_000, 'How long a delegation token can be renewed.')
    .atLeast(1)
    .noEffect(),
  'delegation.token.secret.key': password(
    'The key that delegation tokens are signed with, the same on all nodes.',
  ).noEffect(),
} as const satisfies Record<string, ConfigurationKey>;
