"""confluent-kafka as a member of a group that commits each record: confluent_group.py BOOTSTRAP '{"group": …, "topic": …}'

Options beside them: protocol (classic, consumer), assignor, instance, sessionMs, heartbeatMs.
"""

import json
import sys

from confluent_kafka import Consumer, KafkaException

from group_events import tell, told_to_leave

bootstrap, options = sys.argv[1], json.loads(sys.argv[2])
settings = {
    "bootstrap.servers": bootstrap,
    "group.id": options["group"],
    "group.protocol": options["protocol"],
    "client.id": options["name"],
    "enable.auto.commit": False,
    "auto.offset.reset": "earliest",
    "fetch.wait.max.ms": 100,
    "topic.metadata.refresh.interval.ms": 1000,
    "reconnect.backoff.max.ms": 500,
}
if options.get("instance"):
    settings["group.instance.id"] = options["instance"]
if options["protocol"] == "classic":
    # With the other protocol these are the server's to say.
    settings["session.timeout.ms"] = options["sessionMs"]
    settings["heartbeat.interval.ms"] = options["heartbeatMs"]
    settings["partition.assignment.strategy"] = options.get("assignor") or "range,roundrobin"
elif options.get("assignor"):
    settings["group.remote.assignor"] = options["assignor"]
cooperative = options["protocol"] == "consumer" or (options.get("assignor") or "").startswith("cooperative")

held = set()
left = told_to_leave()
consumer = Consumer(settings)


def assigned(_, partitions):
    if not cooperative:
        held.clear()
    held.update(p.partition for p in partitions)
    (consumer.incremental_assign if cooperative else consumer.assign)(partitions)
    tell(held=sorted(held))


def revoked(_, partitions):
    held.difference_update(p.partition for p in partitions)
    tell(held=sorted(held))
    if cooperative:
        consumer.incremental_unassign(partitions)
    else:
        consumer.unassign()


consumer.subscribe([options["topic"]], on_assign=assigned, on_revoke=revoked, on_lost=revoked)
while not left.is_set():
    message = consumer.poll(0.05)
    if message is None:
        continue
    if message.error() is not None:
        tell(trouble=str(message.error()))
        continue
    tell(record=[message.partition(), message.offset(), message.value().decode()])
    try:
        committed = consumer.commit(message=message, asynchronous=False)
        for place in committed:
            if place.error is not None:
                tell(trouble=str(place.error))
            else:
                tell(committed=[place.partition, place.offset])
    except KafkaException as failure:
        tell(trouble=str(failure))
consumer.close()
tell(left=True)
