import java.io.BufferedReader;
import java.io.ByteArrayOutputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.concurrent.CompletableFuture;
import org.apache.kafka.common.utils.Exit;

/**
 * Runs Kafka's command line tools one after the other in one process: a tool's start takes longer than its work. Reads lines
 * `class TAB argument TAB argument …`; answers each with its exit code and, in base64, what it wrote on both outputs.
 */
class ApacheTools {
  static volatile CompletableFuture<Integer> ending;

  /** A tool that ends itself never returns from here: nothing of it may go on. */
  static void end(int code) {
    ending.complete(code);
    try {
      Thread.sleep(Long.MAX_VALUE);
    } catch (InterruptedException interruption) {
      Thread.currentThread().interrupt();
    }
  }

  static void run(String tool, String[] arguments, PrintStream err) {
    try {
      Class.forName(tool).getMethod("main", String[].class).invoke(null, (Object) arguments);
      ending.complete(0);
    } catch (InvocationTargetException failure) {
      err.print("Exception in thread \"main\" ");
      failure.getCause().printStackTrace(err);
      ending.complete(1);
    } catch (ReflectiveOperationException failure) {
      failure.printStackTrace(err);
      ending.complete(-1);
    }
  }

  public static void main(String[] none) throws Exception {
    PrintStream answers = System.out;
    Exit.setExitProcedure((code, message) -> end(code));
    Exit.setHaltProcedure((code, message) -> end(code));
    Exit.setShutdownHookAdder((name, hook) -> {});
    Base64.Encoder base64 = Base64.getEncoder();
    BufferedReader questions = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = questions.readLine(); line != null; line = questions.readLine()) {
      String[] words = line.split("\t", -1);
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      ByteArrayOutputStream err = new ByteArrayOutputStream();
      PrintStream toErr = new PrintStream(err, true, "UTF-8");
      System.setOut(new PrintStream(out, true, "UTF-8"));
      System.setErr(toErr);
      ending = new CompletableFuture<>();
      String[] arguments = Arrays.copyOfRange(words, 1, words.length);
      Thread tool = new Thread(() -> run(words[0], arguments, toErr));
      tool.setDaemon(true);
      tool.start();
      int code = ending.get();
      System.out.flush();
      toErr.flush();
      answers.println(
          code + " " + base64.encodeToString(out.toByteArray()) + " " + base64.encodeToString(err.toByteArray()));
      answers.flush();
    }
    Runtime.getRuntime().halt(0);
  }
}
