// Writes the pages under docs/ that are made from the code.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configurationReference } from '@kafkaesque/server';

const page = fileURLToPath(new URL('../docs/configuration.md', import.meta.url));
writeFileSync(page, configurationReference());
process.stdout.write(`${page}\n`);
