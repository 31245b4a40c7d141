/**
 * Seeds that failed once, with the bug that they found (docs/simulation.md). As the world grows, a seed lives through
 * other things than it did then; what it found stays findable by a mutant of the same name.
 */
export const failedSeeds: readonly { readonly seed: number; readonly found: string }[] = [
  { seed: 2, found: 'voters-of-the-log-forgotten' },
  { seed: 6, found: 'voters-of-the-log-forgotten' },
  { seed: 3, found: 'a learner whose snapshot names no voters' },
  { seed: 10, found: 'a learner whose snapshot names no voters' },
  { seed: 29, found: 'a learner whose snapshot is older than the entry that names the voters' },
  { seed: 589234209, found: 'who-is-removed-does-not-stand' },
  { seed: 164960131, found: 'who-is-removed-does-not-stand' },
  { seed: 12330443, found: 'a replica that is offered for ever the snapshot that it has' },
  { seed: 418478694, found: 'a simulated channel that lost a message and lived on' },
  { seed: 393137771, found: 'a demand for one leader while the last one was removed' },
  {
    seed: 387776980,
    found: 'a demand for a leader with the disk that its vote names, where votes name none',
  },
  { seed: 268301697, found: 'a repeated creation that was refused after it had been carried out' },
  { seed: 906047186, found: 'a disk that was formatted when disks were healed, and stayed slow' },
  {
    seed: 472291068,
    found: 'a request on a channel that its sender had given up, carried out behind its repetition',
  },
  {
    seed: 180751586,
    found: 'a second first file, left unfinished by a failing disk and taken for a damaged one',
  },
  {
    seed: 478116662,
    found: 'a read confirmed by the refusal of what its leader had said in an earlier term',
  },
  { seed: 512213578, found: 'a broker that believed no leader since it was told of a term that was lost' },
  {
    seed: 951995053,
    found: 'a request that a given-up channel brought first, when the one after it had ended',
  },
  {
    seed: 810547954,
    found: 'a quorum that could elect nobody, because one without a vote had the newest log',
  },
  {
    seed: 345098217,
    found: 'a snapshot that took minutes, because its pieces left in the order of their reads',
  },
];
