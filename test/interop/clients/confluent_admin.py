"""confluent-kafka's administration, one question a line: confluent_admin.py BOOTSTRAP"""

import sys

from confluent_kafka import Consumer, KafkaException, TopicCollection, TopicPartition
from confluent_kafka.admin import (
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewPartitions,
    NewTopic,
    OffsetSpec,
    ResourceType,
)

from lines import serve

bootstrap = sys.argv[1]
admin = AdminClient({"bootstrap.servers": bootstrap})
RESOURCES = {"topic": ResourceType.TOPIC, "broker": ResourceType.BROKER}
SPECS = {"earliest": OffsetSpec.earliest(), "latest": OffsetSpec.latest(), "max": OffsetSpec.max_timestamp()}


def outcome(futures, value=lambda result: None):
    (future,) = futures.values()
    try:
        return {"ok": value(future.result(30))}
    except KafkaException as failure:
        return {"error": failure.args[0].code()}


def create(topic, partitions, configs):
    return outcome(admin.create_topics([NewTopic(topic, partitions, 1, config=configs)]))


def delete(topic):
    return outcome(admin.delete_topics([topic]))


def extend(topic, total):
    return outcome(admin.create_partitions([NewPartitions(topic, total)]))


def listing():
    return {"ok": sorted(admin.list_topics(timeout=30).topics)}


def describe(topic):
    described = admin.list_topics(topic, timeout=30).topics[topic]
    if described.error is not None:
        return {"error": described.error.code()}
    partitions = sorted(described.partitions.values(), key=lambda partition: partition.id)
    return {
        "ok": [{"partition": p.id, "leader": p.leader, "replicas": p.replicas, "isr": p.isrs} for p in partitions]
    }


def cluster():
    metadata = admin.list_topics(timeout=30)
    brokers = [{"id": b.id, "address": f"{b.host}:{b.port}"} for b in metadata.brokers.values()]
    return {"ok": {"clusterId": metadata.cluster_id, "controller": metadata.controller_id, "brokers": brokers}}


def configs(kind, name):
    return outcome(
        admin.describe_configs([ConfigResource(RESOURCES[kind], name)]),
        lambda entries: {key: entry.value for key, entry in entries.items()},
    )


def alter(kind, name, put, remove):
    changes = [
        ConfigEntry(key, value, incremental_operation=AlterConfigOpType.SET) for key, value in put.items()
    ] + [ConfigEntry(key, None, incremental_operation=AlterConfigOpType.DELETE) for key in remove]
    return outcome(
        admin.incremental_alter_configs([ConfigResource(RESOURCES[kind], name, incremental_configs=changes)])
    )


def replace(kind, name, configs):
    return outcome(admin.alter_configs([ConfigResource(RESOURCES[kind], name, set_config=configs)]))


def truncate(topic, partition, before):
    """Deletes records, then reads on from there as somebody does who remembers the leader's epoch."""
    place = TopicPartition(topic, partition, before)
    answer = outcome(admin.delete_records([place]), lambda deleted: deleted.low_watermark)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "assigned-by-hand"})
    consumer.assign([TopicPartition(topic, partition, before, leader_epoch=0)])
    consumer.poll(5)
    consumer.close()
    return answer


def details(topic):
    admin.describe_cluster(include_authorized_operations=True).result(30)
    return outcome(admin.describe_topics(TopicCollection([topic]), include_authorized_operations=True))


def offset(topic, partition, at):
    if at in SPECS:
        listed = admin.list_offsets({TopicPartition(topic, partition): SPECS[at]})
        return outcome(listed, lambda info: None if info.offset < 0 else info.offset)
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "assigned-by-hand"})
    (found,) = consumer.offsets_for_times([TopicPartition(topic, partition, at)], timeout=30)
    consumer.close()
    return {"ok": None if found.offset < 0 else found.offset}


serve(
    {
        "create": create,
        "delete": delete,
        "extend": extend,
        "list": listing,
        "describe": describe,
        "cluster": cluster,
        "configs": configs,
        "alter": alter,
        "replace": replace,
        "truncate": truncate,
        "details": details,
        "offset": offset,
    }
)
