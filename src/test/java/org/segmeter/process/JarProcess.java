package org.segmeter.process;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** The packaged service as a process on a port and data directory of its own. */
public final class JarProcess implements AutoCloseable {

    private final Process process;
    private final int port;
    private final Path log;

    private JarProcess(Process process, int port, Path log) {
        this.process = process;
        this.port = port;
        this.log = log;
    }

    /** The jar that the build made. */
    public static Path jar() {
        return Path.of(System.getProperty("segmeter.jar", "target/segmeter.jar"));
    }

    private static final Path PROGRAMS = Path.of("target/postgres-programs").toAbsolutePath();

    private static final Duration LOOK = Duration.ofMillis(50);

    /** One for all: each has threads of its own. */
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    /** More options for the virtual machine, as of whoever has a recording of its start. */
    private static final List<String> MORE = Stream.of(
                    System.getProperty("segmeter.jvm", "").split(" ", -1))
            .filter(option -> !option.isEmpty())
            .toList();

    /** Starts it; it is not ready yet. */
    public static JarProcess start(Path data, List<String> jvm, String... settings) throws IOException {
        return start(program(), data, jvm, settings);
    }

    /** Starts one that lives shortly: with little heap and the first compiler only, and by a recording of the start where there is a jar. */
    static JarProcess shortLived(Path data, String... settings) throws IOException {
        return shortLived(data, List.of(), settings);
    }

    /** As {@link #shortLived(Path, String...)}, with more options for the virtual machine. */
    static JarProcess shortLived(Path data, List<String> jvm, String... settings) throws IOException {
        List<String> options = new ArrayList<>(StartRecording.OPTIONS);
        options.addAll(jvm);
        List<String> program =
                StartRecording.ofJar().map(StartRecording::command).orElseGet(JarProcess::program);
        return start(program, data, options, settings);
    }

    /** Where the programs of the embedded database are unpacked once for all. */
    static Path programsOfDatabase() {
        return PROGRAMS;
    }

    /** Starts the service of another jar, for example an earlier one. */
    public static JarProcess startOf(Path jar, Path data, List<String> jvm, String... settings) throws IOException {
        return start(List.of("-jar", jar.toString()), data, jvm, settings);
    }

    private static JarProcess start(List<String> program, Path data, List<String> jvm, String... settings)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvm);
        command.addAll(MORE);
        command.addAll(program);
        return run(command, data, Map.of(), settings);
    }

    /** The same by the launcher beside the jar, whose cache directory is given. */
    public static JarProcess launch(Path data, Path cache) throws IOException {
        return run(List.of(launcher(), "serve"), data, environment(cache));
    }

    /** Has the launcher record what starts are made faster by; its exit status. */
    public static int prepare(Path cache) throws IOException, InterruptedException {
        ProcessBuilder process = new ProcessBuilder(launcher(), "prepare").inheritIO();
        process.environment().putAll(environment(cache));
        return process.start().waitFor();
    }

    private static String launcher() {
        return jar().resolveSibling("segmeter").toString();
    }

    private static Map<String, String> environment(Path cache) {
        return Map.of("XDG_CACHE_HOME", cache.toString(), "JAVA_HOME", System.getProperty("java.home"));
    }

    private static JarProcess run(List<String> program, Path data, Map<String, String> environment, String... settings)
            throws IOException {
        int port = freePort();
        Path log = Files.createTempFile("segmeter-jar", ".log");
        List<String> command = new ArrayList<>(program);
        command.addAll(List.of(
                "--server.port=" + port,
                "--segmeter.data-directory=" + data,
                "--segmeter.volatile-data-directory=true",
                "--segmeter.database.programs=" + PROGRAMS));
        command.addAll(List.of(settings));
        if (Stream.of(settings).noneMatch(setting -> setting.startsWith("--segmeter.natural-idempotency="))) {
            // The tests submit the same pair again and again, and mean it.
            command.add("--segmeter.natural-idempotency=false");
        }
        ProcessBuilder process =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        process.environment().putAll(environment);
        return new JarProcess(process.start(), port, log);
    }

    private static List<String> program() {
        // Without the jar: a developer who runs one test without packaging; the build always has it.
        return Files.exists(jar())
                ? List.of("-jar", jar().toString())
                : List.of("-cp", System.getProperty("java.class.path"), "org.segmeter.Segmeter");
    }

    /** Runs a command of the jar to its end; its exit status. */
    public static int command(List<String> jvm, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:TieredStopAtLevel=1");
        command.addAll(jvm);
        command.addAll(program());
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        if (!process.waitFor(120, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException("the command does not end");
        }
        return process.exitValue();
    }

    public JarProcess awaitReady(Duration longest) throws IOException, InterruptedException {
        long end = System.nanoTime() + longest.toNanos();
        HttpRequest request = HttpRequest.newBuilder(uri("/readyz"))
                .timeout(Duration.ofSeconds(2))
                .build();
        // While nothing listens, a look costs next to nothing; the service needs the processors.
        while (System.nanoTime() < end && !process.waitFor(LOOK.toMillis(), TimeUnit.MILLISECONDS)) {
            if (!isListening()) {
                continue;
            }
            try {
                if (HTTP.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200) {
                    return this;
                }
            } catch (IOException e) {
                // not serving yet
            }
        }
        throw new IOException("the service is not ready; its output:\n" + output());
    }

    private boolean isListening() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 1000);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** The process id. */
    public long pid() {
        return process.pid();
    }

    /** The bytes of all objects that are alive, after a collection that this asks for. */
    public long liveHeapBytes() throws IOException, InterruptedException {
        String text = jcmd("GC.class_histogram");
        Matcher total = Pattern.compile("(?m)^Total\\s+\\d+\\s+(\\d+)").matcher(text);
        if (!total.find()) {
            throw new IOException("jcmd did not tell the live objects: " + text);
        }
        return Long.parseLong(total.group(1));
    }

    /** What the virtual machine answers to a command of the JDK's tool jcmd. */
    String jcmd(String command) throws IOException, InterruptedException {
        Process tool = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "jcmd").toString(),
                        String.valueOf(pid()),
                        command)
                .redirectErrorStream(true)
                .start();
        String text = new String(tool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        tool.waitFor();
        return text;
    }

    /** What the operating system counts for the process; 0 where there is no {@code /proc}. */
    public long residentBytes() throws IOException {
        Path status = Path.of("/proc", String.valueOf(pid()), "status");
        if (!Files.exists(status)) {
            return 0;
        }
        Matcher kilobytes = Pattern.compile("VmRSS:\\s+(\\d+)").matcher(Files.readString(status));
        return kilobytes.find() ? Long.parseLong(kilobytes.group(1)) * 1024 : 0;
    }

    public URI uri(String path) {
        return URI.create("http://127.0.0.1:" + port + path);
    }

    /** {@code kill -9} of this process alone; its database goes on. */
    public void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    /** SIGTERM: asks it to end. */
    void terminate() {
        process.destroy();
    }

    public boolean isAlive() {
        return process.isAlive();
    }

    /** Sends a signal by its name, such as STOP. */
    public void signal(String name) throws IOException, InterruptedException {
        if (process.isAlive()) {
            new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                    .start()
                    .waitFor();
        }
    }

    /** Asks it to end, and waits until it has. */
    public void terminate(Duration longest) throws IOException, InterruptedException {
        process.destroy();
        awaitExit(longest);
    }

    /** True if it has ended within this time. */
    boolean ends(Duration longest) throws InterruptedException {
        return process.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** The exit status, once it has ended by itself. */
    public int awaitExit(Duration longest) throws InterruptedException, IOException {
        if (!process.waitFor(longest.toMillis(), TimeUnit.MILLISECONDS)) {
            throw new IOException("the service does not end; its output:\n" + output());
        }
        return process.exitValue();
    }

    public String output() throws IOException {
        return Files.readString(log);
    }

    /** Asks it to end, which stops its database too. */
    @Override
    public void close() throws IOException {
        process.destroy();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Files.deleteIfExists(log);
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            return socket.getLocalPort();
        }
    }
}
