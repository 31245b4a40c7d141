"""aiokafka: produces rows, or reads assigned partitions to their ends, one question a line: aio.py BOOTSTRAP

{"ask": "produce", "topic": "movies", "codec": "lz4", "acks": "all", "idempotent": true, "rows": [...]}
{"ask": "consume", "topic": "movies", "starts": {"0": 0, "1": 17}}
"""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from lines import packed_row, rows_of, serve, told

bootstrap = sys.argv[1]
TIMESTAMP_TYPES = {0: "create", 1: "append"}
ACKS = {"0": 0, "1": 1, "all": "all"}


async def produce(topic, codec, acks, idempotent, rows):
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        compression_type=None if codec == "none" else codec,
        acks=ACKS[acks],
        enable_idempotence=idempotent,
        linger_ms=20,
        max_batch_size=262144,
        max_request_size=2000000,
    )
    await producer.start()
    try:
        pending = []
        for partition, key, value, timestamp_ms, headers in rows_of(rows):
            pending.append(
                await producer.send(
                    topic, value=value, key=key, partition=partition, timestamp_ms=timestamp_ms, headers=headers
                )
            )
        places = [await future for future in pending]
        # Without acknowledgements there is no place to tell.
        return [None if one is None else {"partition": one.partition, "offset": one.offset} for one in places]
    finally:
        await producer.stop()


async def consume(topic, starts):
    starts = {TopicPartition(topic, int(p)): offset for p, offset in starts.items()}
    rows = []
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
                    rows.append(
                        packed_row(
                            record.partition,
                            record.offset,
                            record.key,
                            record.value,
                            record.timestamp,
                            TIMESTAMP_TYPES[record.timestamp_type],
                            record.headers,
                        )
                    )
        return rows
    finally:
        await consumer.stop()


def running(work):
    return told(lambda **question: asyncio.run(work(**question)))


serve({"produce": running(produce), "consume": running(consume)})
