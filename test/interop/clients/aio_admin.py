"""aiokafka's administration, one question a line: aio_admin.py BOOTSTRAP"""

import asyncio
import sys

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaError

from lines import serve

bootstrap = sys.argv[1]
loop = asyncio.new_event_loop()
RESOURCES = {"topic": ConfigResourceType.TOPIC, "broker": ConfigResourceType.BROKER}


async def opened():
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    return client


admin = loop.run_until_complete(opened())


def asked(coroutine):
    return loop.run_until_complete(coroutine)


def outcome(code):
    return {"ok": None} if code == 0 else {"error": code}


def create(topic, partitions, configs):
    response = asked(admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=configs)]))
    return outcome(response.topic_errors[0][1])


def delete(topic):
    response = asked(admin.delete_topics([topic]))
    return outcome(response.topic_error_codes[0][1])


def extend(topic, total):
    try:
        asked(admin.create_partitions({topic: NewPartitions(total)}))
    except KafkaError as failure:
        return {"error": failure.errno}
    return {"ok": None}


def listing():
    return {"ok": sorted(asked(admin.list_topics()))}


def describe(topic):
    (described,) = asked(admin.describe_topics([topic]))
    if described["error_code"] != 0:
        return {"error": described["error_code"]}
    partitions = sorted(described["partitions"], key=lambda partition: partition["partition"])
    return {
        "ok": [
            {"partition": p["partition"], "leader": p["leader"], "replicas": p["replicas"], "isr": p["isr"]}
            for p in partitions
        ]
    }


def cluster():
    described = asked(admin.describe_cluster())
    brokers = [{"id": b["node_id"], "address": f"{b['host']}:{b['port']}"} for b in described["brokers"]]
    return {
        "ok": {"clusterId": described["cluster_id"], "controller": described["controller_id"], "brokers": brokers}
    }


def configs(kind, name):
    (response,) = asked(admin.describe_configs([ConfigResource(RESOURCES[kind], name)]))
    code, _message, _kind, _name, entries = response.resources[0]
    return {"error": code} if code != 0 else {"ok": {entry[0]: entry[1] for entry in entries}}


def replace(kind, name, configs):
    (response, *_) = asked(admin.alter_configs([ConfigResource(RESOURCES[kind], name, configs)]))
    return outcome(response.resources[0][0])


def truncate(topic, partition, before):
    place = TopicPartition(topic, partition)
    return {"ok": asked(admin.delete_records({place: RecordsToDelete(before)}))[place]}


def coordinator(group):
    try:
        return {"ok": asked(admin.find_coordinator(group))}
    except KafkaError as failure:
        return {"error": failure.errno}


async def offset_of(topic, partition, at):
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, group_id=None)
    await consumer.start()
    try:
        place = TopicPartition(topic, partition)
        if at == "earliest":
            return (await consumer.beginning_offsets([place]))[place]
        if at == "latest":
            return (await consumer.end_offsets([place]))[place]
        found = (await consumer.offsets_for_times({place: at}))[place]
        return None if found is None else found.offset
    finally:
        await consumer.stop()


def offset(topic, partition, at):
    return {"ok": asked(offset_of(topic, partition, at))}


try:
    serve(
        {
            "create": create,
            "delete": delete,
            "extend": extend,
            "list": listing,
            "describe": describe,
            "cluster": cluster,
            "configs": configs,
            "replace": replace,
            "truncate": truncate,
            "coordinator": coordinator,
            "offset": offset,
        }
    )
finally:
    loop.run_until_complete(admin.close())
