import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Scanner;
import org.apache.kafka.coordinator.common.runtime.CoordinatorRecord;
import org.apache.kafka.coordinator.group.GroupCoordinatorRecordSerde;

/** Reads lines `key value`, in hex and `-` for no value, as Kafka's group coordinator loads them, and writes each again. */
class GroupRecords {
  static ByteBuffer bytes(String hex) {
    return hex.equals("-") ? null : ByteBuffer.wrap(HexFormat.of().parseHex(hex));
  }

  static String hex(byte[] bytes) {
    return bytes == null ? "-" : HexFormat.of().formatHex(bytes);
  }

  public static void main(String[] arguments) {
    GroupCoordinatorRecordSerde serde = new GroupCoordinatorRecordSerde();
    Scanner lines = new Scanner(System.in);
    int same = 0;
    while (lines.hasNextLine()) {
      String line = lines.nextLine();
      String[] parts = line.split(" ", -1);
      try {
        CoordinatorRecord record = serde.deserialize(bytes(parts[0]), bytes(parts[1]));
        String again = hex(serde.serializeKey(record)) + " " + hex(serde.serializeValue(record));
        if (again.equals(line)) same++;
        else System.out.println(line + " became " + again);
      } catch (Exception failure) {
        System.out.println(line + " gave " + failure);
      }
    }
    System.out.println(same + " same");
  }
}
