// Real rows for examples and tests: the data sets that the npm package `vega-datasets` ships, as records.
// Each row becomes a record with a key, the row as JSON, a time of its own, and headers that say where it came from.
'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');

const folder = join(__dirname, '../node_modules/vega-datasets/data');
const json = (file) => JSON.parse(readFileSync(join(folder, file), 'utf8'));

/** Rows of a file of comma-separated values without quotes. */
const csv = (file) => {
  const [head, ...lines] = readFileSync(join(folder, file), 'utf8').trim().split(/\r?\n/);
  const names = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, i) => [names[i], value])));
};

/** The films of 1946 stand in their file under 2046, and Kafka refuses records from the future. */
const newestMs = Date.UTC(2012, 0, 1);
/** Milliseconds since 1970 of a date as the files write them, in UTC; undefined when there is none, or none to be believed. */
const timeOf = (text) => {
  const timestampMs = Date.parse(`${text} UTC`);
  return timestampMs >= 0 && timestampMs <= newestMs ? timestampMs : undefined;
};

const datasets = {
  flights: {
    about: '20,000 flights of 2001, by origin',
    rows: () =>
      json('flights-20k.json').map((row) => ({ key: row.origin, row, timestampMs: timeOf(row.date) })),
  },
  weather: {
    about: 'days of weather in Seattle and New York, by city',
    rows: () => csv('weather.csv').map((row) => ({ key: row.location, row, timestampMs: timeOf(row.date) })),
  },
  movies: {
    about: '3,201 films, by title; some have none',
    rows: () =>
      json('movies.json').map((row) => ({
        key: row.Title === null ? null : String(row.Title),
        row,
        timestampMs: timeOf(row['Release Date']),
      })),
  },
  stocks: {
    about: 'monthly prices of five stocks, by symbol',
    rows: () => csv('stocks.csv').map((row) => ({ key: row.symbol, row, timestampMs: timeOf(row.date) })),
  },
};

/** The records of one data set, in the order of its file. Rows without a time get the one of the row before. */
const recordsOf = (name) => {
  const dataset = datasets[name];
  if (dataset === undefined)
    throw new Error(`no data set named ${name}; there are ${Object.keys(datasets).join(', ')}`);
  let lastMs = Date.UTC(2000, 0, 1);
  return dataset.rows().map(({ key, row, timestampMs }, index) => {
    lastMs = timestampMs ?? lastMs;
    return {
      key,
      value: JSON.stringify(row),
      timestampMs: lastMs,
      headers: [
        { key: 'dataset', value: name },
        { key: 'row', value: String(index) },
      ],
    };
  });
};

module.exports = { datasets, recordsOf };
