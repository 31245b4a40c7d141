import type { ConfigurationKey } from '../key';
import { boolean, className, double, int, list, long, password, short, string } from '../key-draft';

/** Authentication by SASL. */
export const saslKeys = {
  'sasl.client.callback.handler.class': className(
    null,
    "The class that gives this node's credentials to other nodes.",
  ).noEffect(),
  'sasl.enabled.mechanisms': list('GSSAPI', 'The SASL mechanisms that clients may use.')
    .items()
    .perBroker()
    .noEffect(),
  'sasl.jaas.config': password('Login settings in JAAS form, for one listener and mechanism.')
    .perBroker()
    .noEffect(),
  'sasl.kerberos.kinit.cmd': string('/usr/bin/kinit', 'Where `kinit` is found.').perBroker().noEffect(),
  'sasl.kerberos.min.time.before.relogin': long(60_000, 'The shortest time between two Kerberos logins.')
    .perBroker()
    .noEffect(),
  'sasl.kerberos.principal.to.local.rules': list(
    'DEFAULT',
    'Rules that shorten a Kerberos principal to a name.',
  )
    .items()
    .perBroker()
    .noEffect(),
  'sasl.kerberos.service.name': string(null, 'The Kerberos name this service runs under.')
    .perBroker()
    .noEffect(),
  'sasl.kerberos.ticket.renew.jitter': double(
    '0.05',
    "By what share the time of a ticket's renewal is varied.",
  )
    .perBroker()
    .noEffect(),
  'sasl.kerberos.ticket.renew.window.factor': double(
    '0.8',
    "Share of a ticket's life after which it is renewed.",
  )
    .perBroker()
    .noEffect(),
  'sasl.login.callback.handler.class': className(null, 'The class that this node logs in with.').noEffect(),
  'sasl.login.class': className(null, "The class that carries out this node's login.").noEffect(),
  'sasl.login.connect.timeout.ms': int(null, 'How long a connection to the login service may take.')
    .low()
    .noEffect(),
  'sasl.login.read.timeout.ms': int(null, 'How long the login service may take to answer.').low().noEffect(),
  'sasl.login.refresh.buffer.seconds': short(
    300,
    'How long before its end a credential must have been renewed.',
  )
    .perBroker()
    .noEffect(),
  'sasl.login.refresh.min.period.seconds': short(
    60,
    'The shortest time between two renewals of a credential.',
  )
    .perBroker()
    .noEffect(),
  'sasl.login.refresh.window.factor': double('0.8', "Share of a credential's life after which it is renewed.")
    .perBroker()
    .noEffect(),
  'sasl.login.refresh.window.jitter': double(
    '0.05',
    "By what share the moment of a credential's renewal is varied at random.",
  )
    .perBroker()
    .noEffect(),
  'sasl.login.retry.backoff.ms': long(100, 'The pause before a login is tried again.').low().noEffect(),
  'sasl.login.retry.backoff.max.ms': long(10_000, 'How far the pause before another login may grow.')
    .low()
    .noEffect(),
  'sasl.mechanism.controller.protocol': string('GSSAPI', 'The SASL mechanism towards controllers.')
    .high()
    .noEffect(),
  'sasl.mechanism.inter.broker.protocol': string('GSSAPI', 'The SASL mechanism between brokers.')
    .perBroker()
    .noEffect(),
  'sasl.oauthbearer.assertion.algorithm': string('RS256', 'How an assertion is signed, RS256 or ES256.')
    .oneOfIgnoringCase('ES256', 'RS256')
    .noEffect(),
  'sasl.oauthbearer.assertion.claim.aud': string(null, 'Whom an assertion is for.').noEffect(),
  'sasl.oauthbearer.assertion.claim.exp.seconds': int(300, 'How long an assertion is valid.')
    .between(0, 86_400)
    .low()
    .noEffect(),
  'sasl.oauthbearer.assertion.claim.iss': string(null, 'Who issues an assertion.').noEffect(),
  'sasl.oauthbearer.assertion.claim.jti.include': boolean(
    false,
    'Whether an assertion carries an id of its own.',
  ).noEffect(),
  'sasl.oauthbearer.assertion.claim.nbf.seconds': int(
    60,
    'How far before now an assertion begins to be valid.',
  )
    .between(0, 3600)
    .low()
    .noEffect(),
  'sasl.oauthbearer.assertion.claim.sub': string(null, 'Whom an assertion speaks about.').noEffect(),
  'sasl.oauthbearer.assertion.file': string(null, 'A file that holds a finished assertion.').noEffect(),
  'sasl.oauthbearer.assertion.private.key.file': string(
    null,
    'The file with the key that signs assertions.',
  ).noEffect(),
  'sasl.oauthbearer.assertion.private.key.passphrase': password(
    'The passphrase of the key that signs assertions.',
  ).noEffect(),
  'sasl.oauthbearer.assertion.template.file': string(
    null,
    'A file with further claims of an assertion.',
  ).noEffect(),
  'sasl.oauthbearer.client.credentials.client.id': string(
    null,
    'The client id for the client credentials grant.',
  ).noEffect(),
  'sasl.oauthbearer.client.credentials.client.secret': password(
    'The secret for the client credentials grant.',
  ).noEffect(),
  'sasl.oauthbearer.clock.skew.seconds': int(30, 'How far clocks may differ when a token is checked.')
    .low()
    .noEffect(),
  'sasl.oauthbearer.expected.audience': list('', 'Audiences of which a token must name one.')
    .items()
    .low()
    .noEffect(),
  'sasl.oauthbearer.expected.issuer': string(null, 'The issuer that a token must name.').low().noEffect(),
  'sasl.oauthbearer.jwks.endpoint.refresh.ms': long(
    3_600_000,
    "How often the issuer's keys are fetched anew.",
  )
    .low()
    .noEffect(),
  'sasl.oauthbearer.jwks.endpoint.retry.backoff.ms': long(
    100,
    "The pause before the issuer's keys are asked for again.",
  )
    .low()
    .noEffect(),
  'sasl.oauthbearer.jwks.endpoint.retry.backoff.max.ms': long(
    10_000,
    "How far the pause before asking for the issuer's keys may grow.",
  )
    .low()
    .noEffect(),
  'sasl.oauthbearer.jwks.endpoint.url': string(null, "Where the issuer's keys are found.").noEffect(),
  'sasl.oauthbearer.jwt.retriever.class': className(
    'org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever',
    'The class that fetches a token.',
  ).noEffect(),
  'sasl.oauthbearer.jwt.validator.class': className(
    'org.apache.kafka.common.security.oauthbearer.DefaultJwtValidator',
    'The class that checks a token.',
  ).noEffect(),
  'sasl.oauthbearer.scope': string(null, 'The scope that a token is asked for.').noEffect(),
  'sasl.oauthbearer.scope.claim.name': string('scope', "The claim that holds a token's scope.")
    .low()
    .noEffect(),
  'sasl.oauthbearer.sub.claim.name': string('sub', "The claim that holds a token's subject.")
    .low()
    .noEffect(),
  'sasl.oauthbearer.token.endpoint.url': string(null, 'Where tokens are fetched.').noEffect(),
  'sasl.server.callback.handler.class': className(
    null,
    'The class that checks what clients present.',
  ).noEffect(),
  'sasl.server.max.receive.size': int(524_288, 'Largest message during authentication.').noEffect(),
} as const satisfies Record<string, ConfigurationKey>;
