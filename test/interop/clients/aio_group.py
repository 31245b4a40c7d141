"""aiokafka as a member of a group that commits each record: aio_group.py BOOTSTRAP '{"group": …, "topic": …}'

Options beside them: assignor (range, roundrobin, sticky), instance, sessionMs, heartbeatMs.
"""

import asyncio
import json
import sys

from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.errors import KafkaError

from group_events import tell, told_to_leave

ASSIGNORS = {
    "range": [RangePartitionAssignor],
    "roundrobin": [RoundRobinPartitionAssignor],
    "sticky": [StickyPartitionAssignor],
    # With more than one it sends a join for each, and each begins another rebalance.
    None: [RangePartitionAssignor],
}


class Listener(ConsumerRebalanceListener):
    rebalances = 0

    async def on_partitions_revoked(self, revoked):
        self.rebalances += 1
        tell(held=[])

    async def on_partitions_assigned(self, assigned):
        tell(held=sorted(place.partition for place in assigned))


async def member(bootstrap, options):
    left = told_to_leave()
    consumer = AIOKafkaConsumer(
        bootstrap_servers=bootstrap,
        group_id=options["group"],
        group_instance_id=options.get("instance"),
        client_id=options["name"],
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        session_timeout_ms=options["sessionMs"],
        heartbeat_interval_ms=options["heartbeatMs"],
        rebalance_timeout_ms=30000,
        fetch_max_wait_ms=100,
        metadata_max_age_ms=1000,
        partition_assignment_strategy=ASSIGNORS[options.get("assignor")],
    )
    listener = Listener()
    consumer.subscribe([options["topic"]], listener=listener)
    await consumer.start()
    try:
        while not left.is_set():
            polled = await consumer.getmany(timeout_ms=50, max_records=20)
            rebalances = listener.rebalances
            for records in polled.values():
                for record in records:
                    # What was polled before a rebalance is its next owner's, who goes on where the group has committed.
                    if left.is_set() or rebalances != listener.rebalances:
                        break
                    tell(record=[record.partition, record.offset, record.value.decode()])
                    try:
                        await consumer.commit({TopicPartition(record.topic, record.partition): record.offset + 1})
                        tell(committed=[record.partition, record.offset + 1])
                    except KafkaError as failure:
                        tell(trouble=repr(failure))
                        break
    finally:
        await consumer.stop()
    tell(left=True)


asyncio.run(member(sys.argv[1], json.loads(sys.argv[2])))
