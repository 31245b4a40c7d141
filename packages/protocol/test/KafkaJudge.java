import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.errors.CorruptRecordException;
import org.apache.kafka.common.InvalidRecordException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.RetriableException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.protocol.Errors;
import org.apache.kafka.common.record.TimestampType;
import org.apache.kafka.common.record.internal.CompressionType;
import org.apache.kafka.common.record.internal.MemoryRecords;
import org.apache.kafka.common.record.internal.MutableRecordBatch;
import org.apache.kafka.common.record.internal.Record;
import org.apache.kafka.common.record.internal.RecordBatch;
import org.apache.kafka.common.record.internal.SimpleRecord;
import org.apache.kafka.common.requests.ProduceRequest;
import org.apache.kafka.common.utils.BufferSupplier;
import org.apache.kafka.common.utils.PrimitiveRef;
import org.apache.kafka.common.utils.Time;
import org.apache.kafka.common.utils.Utils;
import org.apache.kafka.storage.internals.log.AppendOrigin;
import org.apache.kafka.storage.internals.log.LogValidator;
import org.apache.kafka.storage.internals.log.RecordValidationException;

/**
 * Apache Kafka's own classes as judge over our record batches. Works in the directory that it is given:
 * `errors.tsv` the error table; `murmur2.tsv` hashes of the hex lines in `murmur2.txt`; `theirs-CODEC.bin` batches with a
 * dump `theirs-CODEC.txt`; a dump of each `ours-*.bin`; and for each line `name compacted timestampType beforeMaxMs
 * afterMaxMs maxBytes` of `cases.tsv`, the error that a broker answers to `NAME.bin`, in `verdicts.tsv`.
 */
public class KafkaJudge {
    private static final TopicPartition PARTITION = new TopicPartition("judged", 0);

    public static void main(String[] arguments) throws IOException {
        Path directory = Path.of(arguments[0]);
        writeErrors(directory);
        writeHashes(directory);
        writeBatches(directory);
        try (var files = Files.list(directory)) {
            for (Path file : files.filter(path -> path.getFileName().toString().matches("ours-.*\\.bin")).toList())
                Files.writeString(sibling(file), dump(Files.readAllBytes(file)));
        }
        writeVerdicts(directory);
    }

    private static void writeErrors(Path directory) throws IOException {
        StringBuilder out = new StringBuilder();
        for (Errors error : Errors.values())
            out.append(error.code()).append('\t').append(error.name()).append('\t')
                .append(error.exception() instanceof RetriableException).append('\n');
        Files.writeString(directory.resolve("errors.tsv"), out);
    }

    private static void writeHashes(Path directory) throws IOException {
        StringBuilder out = new StringBuilder();
        for (String line : Files.readAllLines(directory.resolve("murmur2.txt")))
            out.append(line).append('\t').append(Utils.murmur2(HexFormat.of().parseHex(line))).append('\n');
        Files.writeString(directory.resolve("murmur2.tsv"), out);
    }

    private static void writeBatches(Path directory) throws IOException {
        Random random = new Random(20260);
        for (CompressionType type : CompressionType.values()) {
            List<SimpleRecord> records = new ArrayList<>();
            for (int index = 0; index < 600; index++) {
                byte[] value = new byte[random.nextInt(400)];
                if (index % 3 == 0) random.nextBytes(value);
                Header[] headers = index % 4 == 0
                    ? new Header[] {new RecordHeader("trace-é", value), new RecordHeader("empty", null)}
                    : new Header[0];
                byte[] key = index % 5 == 0 ? null : ("key-" + index).getBytes();
                records.add(new SimpleRecord(1_700_000_000_000L + random.nextInt(100_000), key, index % 7 == 0 ? null : value, headers));
            }
            MemoryRecords batch = MemoryRecords.withIdempotentRecords(
                5L, Compression.of(type).build(), 77L, (short) 3, 11, 9, records.toArray(new SimpleRecord[0]));
            byte[] bytes = new byte[batch.sizeInBytes()];
            batch.buffer().duplicate().get(bytes);
            Path file = directory.resolve("theirs-" + type.name + ".bin");
            Files.write(file, bytes);
            Files.writeString(sibling(file), dump(bytes));
        }
    }

    private static Path sibling(Path file) {
        return file.resolveSibling(file.getFileName().toString().replace(".bin", ".txt"));
    }

    private static String dump(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        try {
            for (MutableRecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches()) {
                batch.ensureValid();
                out.append(String.join(" ", "batch", "" + batch.baseOffset(), "" + batch.lastOffset(),
                    "" + batch.partitionLeaderEpoch(), batch.compressionType().name, batch.timestampType().name,
                    "" + batch.maxTimestamp(), "" + batch.producerId(), "" + batch.producerEpoch(),
                    "" + batch.baseSequence(), "" + batch.isTransactional(), "" + batch.isControlBatch(),
                    "" + batch.countOrNull())).append('\n');
                for (Record record : batch) {
                    out.append(record.offset()).append(' ').append(record.timestamp()).append(' ')
                        .append(hex(record.key())).append(' ').append(hex(record.value()));
                    for (Header header : record.headers())
                        out.append(' ').append(hex(ByteBuffer.wrap(header.key().getBytes(java.nio.charset.StandardCharsets.UTF_8))))
                            .append('=').append(hex(header.value() == null ? null : ByteBuffer.wrap(header.value())));
                    out.append('\n');
                }
            }
        } catch (RuntimeException problem) {
            out.append("refused ").append(problem).append('\n');
        }
        return out.toString();
    }

    private static String hex(ByteBuffer bytes) {
        if (bytes == null) return "null";
        byte[] copy = new byte[bytes.remaining()];
        bytes.duplicate().get(copy);
        return "x" + HexFormat.of().formatHex(copy);
    }

    private static void writeVerdicts(Path directory) throws IOException {
        StringBuilder out = new StringBuilder();
        for (String line : Files.readAllLines(directory.resolve("cases.tsv"))) {
            String[] fields = line.split("\t");
            byte[] bytes = Files.readAllBytes(directory.resolve(fields[0] + ".bin"));
            out.append(fields[0]).append('\t').append(verdict(bytes, fields)).append('\n');
        }
        Files.writeString(directory.resolve("verdicts.tsv"), out);
    }

    /** What a broker's Produce does to the records before they reach the log, in its order. */
    private static String verdict(byte[] bytes, String[] fields) {
        MemoryRecords records = MemoryRecords.readableRecords(ByteBuffer.wrap(bytes));
        try {
            ProduceRequest.validateRecords((short) 9, records);
            CompressionType source = CompressionType.NONE;
            for (MutableRecordBatch batch : records.batches()) {
                if (batch.baseOffset() != 0) throw new InvalidRecordException("base offset");
                if (batch.sizeInBytes() > Long.parseLong(fields[5])) throw new RecordTooLargeException("size");
                if (!batch.isValid()) throw new CorruptRecordException("crc");
                source = batch.compressionType();
            }
            boolean compacted = Boolean.parseBoolean(fields[1]);
            LogValidator validator = new LogValidator(records, PARTITION, Time.SYSTEM, source,
                Compression.of(source).build(), compacted, RecordBatch.CURRENT_MAGIC_VALUE, TimestampType.forName(fields[2]),
                Long.parseLong(fields[3]), Long.parseLong(fields[4]), 4, AppendOrigin.CLIENT);
            var result = validator.validateMessagesAndAssignOffsets(
                PrimitiveRef.ofLong(0), new Uncounted(), BufferSupplier.create());
            return "NONE\t" + result.maxTimestampMs();
        } catch (RecordValidationException refused) {
            var indexes = new TreeMap<Integer, Boolean>();
            refused.recordErrors().forEach(error -> indexes.put(error.batchIndex, true));
            return Errors.forException(refused.invalidException()).name() + "\t" + indexes.keySet();
        } catch (Throwable problem) {
            return Errors.forException(problem).name() + "\t" + problem;
        }
    }

    private static final class Uncounted implements LogValidator.MetricsRecorder {
        public void recordInvalidMagic() {}
        public void recordInvalidOffset() {}
        public void recordInvalidSequence() {}
        public void recordInvalidChecksums() {}
        public void recordNoKeyCompactedTopic() {}
    }
}
