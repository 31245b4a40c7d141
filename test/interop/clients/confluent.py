"""confluent-kafka: produces rows, or reads assigned partitions to their ends, one question a line: confluent.py BOOTSTRAP

{"ask": "produce", "topic": "movies", "codec": "lz4", "acks": "all", "idempotent": true, "rows": [...]}
{"ask": "consume", "topic": "movies", "starts": {"0": 0, "1": 17}}
"""

import sys

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition

from lines import packed_row, rows_of, serve, told

bootstrap = sys.argv[1]
TIMESTAMP_TYPES = {0: "none", 1: "create", 2: "append"}


def produce(topic, codec, acks, idempotent, rows):
    settings = {
        "bootstrap.servers": bootstrap,
        "compression.type": codec,
        "acks": acks,
        "enable.idempotence": idempotent,
        # Without sequences a retry could overtake what was sent after it.
        "max.in.flight": 5 if idempotent else 1,
        "linger.ms": 50,
        "queue.buffering.max.messages": 1000000,
        "message.max.bytes": 2000000,
    }
    producer = Producer(settings)
    places = []

    def delivered(index):
        def note(error, message):
            if error is not None:
                raise RuntimeError(str(error))
            places[index] = {"partition": message.partition(), "offset": message.offset()}

        return note

    for index, (partition, key, value, timestamp_ms, headers) in enumerate(rows_of(rows)):
        places.append(None)
        # librdkafka takes 0 for "now"; the rows have no such time.
        producer.produce(
            topic,
            value=value,
            key=key,
            partition=partition,
            timestamp=0 if timestamp_ms is None else timestamp_ms,
            headers=headers,
            on_delivery=delivered(index),
        )
        producer.poll(0)
    if producer.flush(60) > 0:
        raise RuntimeError("not everything was delivered")
    return places


def consume(topic, starts):
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "assigned-by-hand",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "check.crcs": True,
            "fetch.wait.max.ms": 50,
        }
    )
    starts = {int(partition): offset for partition, offset in starts.items()}
    consumer.assign(
        [TopicPartition(topic, p, OFFSET_BEGINNING if o is None else o) for p, o in starts.items()]
    )
    unfinished = set(starts)
    rows = []
    while unfinished:
        for message in consumer.consume(500, 0.05):
            error = message.error()
            if error is not None:
                if error.code() != KafkaError._PARTITION_EOF:
                    raise RuntimeError(str(error))
                unfinished.discard(message.partition())
                continue
            kind, timestamp_ms = message.timestamp()
            rows.append(
                packed_row(
                    message.partition(),
                    message.offset(),
                    message.key(),
                    message.value(),
                    timestamp_ms,
                    TIMESTAMP_TYPES[kind],
                    message.headers() or [],
                )
            )
    consumer.close()
    return rows


serve({"produce": told(produce), "consume": told(consume)})
