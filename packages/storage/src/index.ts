export { openNodeDisk } from './node-disk';
