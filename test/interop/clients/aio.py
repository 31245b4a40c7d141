"""aiokafka: produces rows from standard input, or reads assigned partitions to their ends.

aio.py produce BOOTSTRAP TOPIC '{"codec": "lz4", "acks": "all", "idempotent": true}'
aio.py consume BOOTSTRAP '{"topic": "movies", "from": {"0": 0, "1": 17}}'
"""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from lines import answer, line_of, rows_from_stdin

TIMESTAMP_TYPES = {0: "create", 1: "append"}
ACKS = {"0": 0, "1": 1, "all": "all"}


async def produce(bootstrap, topic, options):
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        compression_type=None if options["codec"] == "none" else options["codec"],
        acks=ACKS[options["acks"]],
        enable_idempotence=options["idempotent"],
        linger_ms=20,
        max_batch_size=262144,
        max_request_size=2000000,
    )
    await producer.start()
    try:
        pending = []
        for partition, key, value, timestamp_ms, headers in rows_from_stdin():
            pending.append(
                await producer.send(
                    topic, value=value, key=key, partition=partition, timestamp_ms=timestamp_ms, headers=headers
                )
            )
        for future in pending:
            place = await future
            # Without acknowledgements there is no place to tell.
            answer(None if place is None else {"partition": place.partition, "offset": place.offset})
    finally:
        await producer.stop()


async def consume(bootstrap, options):
    topic = options["topic"]
    starts = {TopicPartition(topic, int(p)): offset for p, offset in options["from"].items()}
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None, auto_offset_reset="none")
    await consumer.start()
    try:
        consumer.assign(list(starts))
        for place, offset in starts.items():
            if offset is None:
                await consumer.seek_to_beginning(place)
            else:
                consumer.seek(place, offset)
        ends = await consumer.end_offsets(list(starts))
        while any([await consumer.position(place) < ends[place] for place in starts]):
            for records in (await consumer.getmany(timeout_ms=1000)).values():
                for record in records:
                    answer(
                        line_of(
                            record.partition,
                            record.offset,
                            record.key,
                            record.value,
                            record.timestamp,
                            TIMESTAMP_TYPES[record.timestamp_type],
                            record.headers,
                        )
                    )
    finally:
        await consumer.stop()


if sys.argv[1] == "produce":
    asyncio.run(produce(sys.argv[2], sys.argv[3], json.loads(sys.argv[4])))
else:
    asyncio.run(consume(sys.argv[2], json.loads(sys.argv[3])))
