import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import java.util.Scanner;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/** Reads lines `name version hex` with Kafka's own codecs, writes each value again, and names what came out different. */
class ReadAndWrite {
  /** To find that a class is absent takes a look into every jar. */
  static final Map<String, Class<?>> found = new HashMap<>();

  static Class<?> classOf(String name) {
    String[] homes = {
      "common.message", "common.metadata", "coordinator.group.generated", "coordinator.transaction.generated"
    };
    for (String home : homes) {
      for (String suffix : new String[] {"Data", ""}) {
        try {
          return Class.forName("org.apache.kafka." + home + "." + name + suffix);
        } catch (ClassNotFoundException absent) {
          continue;
        }
      }
    }
    throw new IllegalArgumentException("Kafka has no " + name);
  }

  static byte[] readAndWrite(String name, short version, byte[] bytes) throws Exception {
    Message message = (Message) found.computeIfAbsent(name, ReadAndWrite::classOf).getDeclaredConstructor().newInstance();
    ByteBuffer from = ByteBuffer.wrap(bytes);
    message.read(new ByteBufferAccessor(from), version);
    if (from.hasRemaining()) throw new IllegalStateException(from.remaining() + " bytes left");
    ObjectSerializationCache cache = new ObjectSerializationCache();
    ByteBuffer to = ByteBuffer.allocate(message.size(cache, version));
    message.write(new ByteBufferAccessor(to), cache, version);
    return to.array();
  }

  public static void main(String[] arguments) {
    Scanner lines = new Scanner(System.in);
    int same = 0;
    while (lines.hasNextLine()) {
      String[] parts = lines.nextLine().split(" ", -1);
      byte[] bytes = HexFormat.of().parseHex(parts[2]);
      try {
        byte[] again = readAndWrite(parts[0], Short.parseShort(parts[1]), bytes);
        if (Arrays.equals(again, bytes)) same++;
        else System.out.println(parts[0] + " v" + parts[1] + ": " + parts[2] + " became " + HexFormat.of().formatHex(again));
      } catch (Exception failure) {
        System.out.println(parts[0] + " v" + parts[1] + ": " + parts[2] + " gave " + failure);
      }
    }
    System.out.println(same + " same");
  }
}
