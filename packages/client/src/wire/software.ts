/** Name and version that brokers log and count clients by (KIP-511). */
export const SOFTWARE = { clientSoftwareName: 'kafkaesque', clientSoftwareVersion: '0.1.0' };
