import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { diskCases } from '@kafkaesque/kernel/conformance';
import { openNodeDisk } from './node-disk';

describe('the machine’s disk keeps the promises of the port:', () => {
  let directory: string;
  beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'node-disk-'))));
  afterEach(() => rmSync(directory, { recursive: true }));

  test.each(diskCases)('$name', ({ run }) => run(openNodeDisk(), directory));
});
