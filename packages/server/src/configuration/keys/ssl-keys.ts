import type { ConfigurationKey } from '../key';
import { boolean, className, list, password, string } from '../key-draft';

/** TLS. */
export const sslKeys = {
  'ssl.allow.dn.changes': boolean(false, 'Whether a replaced certificate may name another subject.')
    .low()
    .noEffect(),
  'ssl.allow.san.changes': boolean(
    false,
    'Whether a replaced certificate may lack alternative names of the old one.',
  )
    .low()
    .noEffect(),
  'ssl.cipher.suites': list('', 'The cipher suites that may be used; empty means all that are available.')
    .items()
    .perBroker()
    .noEffect(),
  'ssl.client.auth': string('none', 'Whether clients must, may or do not present a certificate.')
    .oneOf('required', 'requested', 'none')
    .perBroker()
    .noEffect(),
  'ssl.enabled.protocols': list('TLSv1.2,TLSv1.3', 'The versions of TLS that are accepted.')
    .items()
    .perBroker()
    .noEffect(),
  'ssl.endpoint.identification.algorithm': string(
    'https',
    "How a server's name is checked against its certificate; empty switches it off.",
  )
    .low()
    .perBroker()
    .noEffect(),
  'ssl.engine.factory.class': className(null, 'The class that creates TLS engines.')
    .low()
    .perBroker()
    .noEffect(),
  'ssl.key.password': password('The password of the private key.').perBroker().noEffect(),
  'ssl.keymanager.algorithm': string('SunX509', "The key manager's algorithm in a Java process.")
    .perBroker()
    .noEffect(),
  'ssl.keystore.certificate.chain': password('The certificate chain itself, in PEM form.')
    .perBroker()
    .noEffect(),
  'ssl.keystore.key': password('The private key itself, in PEM form.').perBroker().noEffect(),
  'ssl.keystore.location': string(null, 'The file with private key and certificates.').perBroker().noEffect(),
  'ssl.keystore.password': password('The password of the file with private key and certificates.')
    .perBroker()
    .noEffect(),
  'ssl.keystore.type': string(
    'JKS',
    'The form of the file with private key and certificates: JKS, PKCS12 or PEM.',
  )
    .perBroker()
    .noEffect(),
  'ssl.principal.mapping.rules': string('DEFAULT', "Rules that shorten a certificate's subject to a name.")
    .low()
    .noEffect(),
  'ssl.protocol': string('TLSv1.3', 'The version of TLS that is preferred.').perBroker().noEffect(),
  'ssl.provider': string(null, 'The security provider of a Java process.').perBroker().noEffect(),
  'ssl.secure.random.implementation': string(null, 'The random number generator of a Java process.')
    .low()
    .perBroker()
    .noEffect(),
  'ssl.trustmanager.algorithm': string('PKIX', "The trust manager's algorithm in a Java process.")
    .perBroker()
    .noEffect(),
  'ssl.truststore.certificates': password('The trusted certificates themselves, in PEM form.')
    .perBroker()
    .noEffect(),
  'ssl.truststore.location': string(null, 'The file with trusted certificates.').perBroker().noEffect(),
  'ssl.truststore.password': password('The password of the file with trusted certificates.')
    .perBroker()
    .noEffect(),
  'ssl.truststore.type': string('JKS', 'The form of the file with trusted certificates.')
    .perBroker()
    .noEffect(),
} as const satisfies Record<string, ConfigurationKey>;
