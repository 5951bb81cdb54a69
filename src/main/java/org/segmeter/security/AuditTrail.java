package org.segmeter.security;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Lines that are on the disk when {@link #append} returns, each with the digest of the one before, so that none can be changed, left out
 * or put in between without being found. Those who write at the same time wait for the disk together. A file that has become large is
 * followed by another, which goes on with the chain.
 */
public final class AuditTrail implements Closeable {

    /** What a line ends with: the digest of the line before, and that of all of this line that comes before it. */
    private static final Pattern END = Pattern.compile(
            "\"previous\",\"valueString\":\"([0-9a-f]{64})\"},\\{\"url\":\"sha256\",\"valueString\":\"([0-9a-f]{64})\"}]}]}$");

    private static final String FIRST = "0".repeat(64);
    private static final Pattern NAME = Pattern.compile("audit-(\\d{8})\\.jsonl");
    private static final int DIGITS = 64;
    private static final int AFTER_DIGEST = "\"}]}]}".length();

    private final Path directory;
    private final long largest;
    private final Deque<Entry> waiting = new ArrayDeque<>();
    private final Thread writer;
    private FileChannel file;
    private int number;
    private String last;
    private boolean closed;
    private volatile AuditPlaces.Place forced;
    private volatile String head;

    private record Entry(Function<String, String> line, CompletableFuture<@Nullable Void> written) {}

    /**
     * Goes on where the last service on this directory ended; what it did not finish to write, and nobody was told of, is cut off.
     *
     * @param largest bytes after which another file is begun
     */
    public AuditTrail(Path directory, long largest) throws IOException {
        this.directory = directory;
        this.largest = largest;
        Files.createDirectories(directory);
        List<Path> files = files(directory);
        if (files.isEmpty()) {
            number = 1;
            last = FIRST;
        } else {
            Path newest = files.getLast();
            number = number(newest);
            last = mend(newest, files);
        }
        file = open(number);
        forced = new AuditPlaces.Place(number, file.size());
        head = last;
        writer = Thread.ofPlatform().name("audit").daemon().start(this::write);
    }

    private FileChannel open(int which) throws IOException {
        FileChannel opened = FileChannel.open(
                directory.resolve(name(which)),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE,
                StandardOpenOption.APPEND);
        try (FileChannel names = FileChannel.open(directory)) {
            names.force(true);
        } catch (IOException e) {
            opened.close();
            throw e;
        }
        return opened;
    }

    /** Name of the file of a number, from 1. */
    static String name(int number) {
        return String.format(Locale.ROOT, "audit-%08d.jsonl", number);
    }

    Path directory() {
        return directory;
    }

    /** Up to where the trail is on the disk. */
    AuditPlaces.Place end() {
        return forced;
    }

    /** The files of a trail in their order. */
    static List<Path> files(Path directory) throws IOException {
        try (Stream<Path> all = Files.list(directory)) {
            return all.filter(
                            path -> NAME.matcher(path.getFileName().toString()).matches())
                    .sorted()
                    .toList();
        }
    }

    static int number(Path file) {
        Matcher name = NAME.matcher(file.getFileName().toString());
        return name.matches() ? Integer.parseInt(name.group(1)) : 0;
    }

    /** The digest of the last whole line. */
    private static String mend(Path newest, List<Path> files) throws IOException {
        try (RandomAccessFile content = new RandomAccessFile(newest.toFile(), "rw")) {
            long end = content.length();
            while (end > 0) {
                content.seek(end - 1);
                if (content.read() == '\n') {
                    break;
                }
                end--;
            }
            if (end < content.length()) {
                content.setLength(end);
                content.getFD().sync();
            }
        }
        for (int i = files.size() - 1; i >= 0; i--) {
            try (Stream<String> lines = Files.lines(files.get(i))) {
                String line = lines.reduce((before, after) -> after).orElse(null);
                if (line != null) {
                    Matcher end = END.matcher(line);
                    // A line that is none breaks the chain, which verifying finds; the trail goes on.
                    return end.find() ? end.group(2) : KeyTable.sha256(line);
                }
            }
        }
        return FIRST;
    }

    /**
     * Writes an event; it is on the disk when this returns.
     *
     * @param event of a FHIR resource: all of its JSON but the closing brace, without line feeds
     * @throws UncheckedIOException if it cannot be written: then nothing must be answered
     */
    public void append(String event) {
        CompletableFuture<@Nullable Void> written = new CompletableFuture<>();
        synchronized (waiting) {
            if (closed) {
                throw new UncheckedIOException(new IOException("the trail is closed"));
            }
            waiting.add(new Entry(previous -> line(event, previous), written));
            waiting.notifyAll();
        }
        try {
            written.join();
        } catch (java.util.concurrent.CompletionException e) {
            throw new UncheckedIOException(e.getCause() instanceof IOException io ? io : new IOException(e));
        }
    }

    private static String line(String event, String previous) {
        String start = event
                + ",\"extension\":[{\"url\":\"urn:segmeter:chain\",\"extension\":[{\"url\":\"previous\",\"valueString\":\""
                + previous + "\"},{\"url\":\"sha256\",\"valueString\":\"";
        return start + KeyTable.sha256(start) + "\"}]}]}";
    }

    private void write() {
        while (true) {
            List<Entry> batch;
            synchronized (waiting) {
                while (waiting.isEmpty() && !closed) {
                    try {
                        waiting.wait();
                    } catch (InterruptedException e) {
                        return;
                    }
                }
                if (waiting.isEmpty()) {
                    return;
                }
                batch = new ArrayList<>(waiting);
                waiting.clear();
            }
            try {
                StringBuilder lines = new StringBuilder();
                String end = last;
                for (Entry entry : batch) {
                    String line = entry.line().apply(end);
                    end = line.substring(line.length() - AFTER_DIGEST - DIGITS, line.length() - AFTER_DIGEST);
                    lines.append(line).append('\n');
                }
                if (file.size() >= largest) {
                    // If there is no room for another, this one is still there for the next try.
                    FileChannel next = open(number + 1);
                    file.close();
                    file = next;
                    number++;
                }
                ByteBuffer bytes = ByteBuffer.wrap(lines.toString().getBytes(StandardCharsets.UTF_8));
                long before = file.size();
                try {
                    while (bytes.hasRemaining()) {
                        file.write(bytes);
                    }
                    file.force(false);
                } catch (IOException e) {
                    file.truncate(before);
                    throw e;
                }
                last = end;
                forced = new AuditPlaces.Place(number, file.size());
                head = end;
                batch.forEach(entry -> entry.written().complete(null));
            } catch (IOException | RuntimeException | Error e) {
                // Whoever waits is told, also if memory was short; this thread is needed for the next.
                batch.forEach(entry -> entry.written().completeExceptionally(e));
            }
        }
    }

    /** What was found wrong with the files of a directory; empty if nothing was. */
    public static List<String> verify(Path directory) throws IOException {
        List<String> findings = new ArrayList<>();
        String expected = null;
        int before = 0;
        for (Path path : files(directory)) {
            String name = path.getFileName().toString();
            if (before != 0 && number(path) != before + 1) {
                findings.add(name + ": the file before it is missing");
            }
            before = number(path);
            List<String> lines = text(path);
            for (int i = 0; i < lines.size(); i++) {
                String line = lines.get(i);
                Matcher end = END.matcher(line);
                String start = line.length() < AFTER_DIGEST + DIGITS
                        ? ""
                        : line.substring(0, line.length() - AFTER_DIGEST - DIGITS);
                String wanted = expected == null ? FIRST : expected;
                if (!end.find() || !end.group(2).equals(KeyTable.sha256(start))) {
                    findings.add(name + ":" + (i + 1) + ": the line was changed");
                    expected = end.reset().find() ? end.group(2) : KeyTable.sha256(line);
                    continue;
                }
                if (!end.group(1).equals(wanted)) {
                    findings.add(name + ":" + (i + 1) + ": a line before it is missing, was changed or put in");
                }
                expected = end.group(2);
            }
        }
        return findings;
    }

    /**
     * The digest of the last line; empty if there is none. Lines that are taken off the end break no chain: whoever keeps this elsewhere
     * finds that they are gone.
     */
    public static Optional<String> head(Path directory) throws IOException {
        List<Path> files = files(directory);
        for (int i = files.size() - 1; i >= 0; i--) {
            List<String> lines = text(files.get(i));
            if (!lines.isEmpty()) {
                Matcher end = END.matcher(lines.getLast());
                return Optional.of(end.find() ? end.group(2) : KeyTable.sha256(lines.getLast()));
            }
        }
        return Optional.empty();
    }

    /** True if the trail has, or had before later lines, a line of this digest at its end. */
    public static boolean has(Path directory, String head) throws IOException {
        for (Path path : files(directory)) {
            for (String line : text(path)) {
                Matcher end = END.matcher(line);
                if (end.find() && end.group(2).equals(head)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The digest of the last line that is on the disk; 64 zeros before the first. */
    String head() {
        return head;
    }

    /** Lines, and how many there are. */
    public static long lines(Path directory) throws IOException {
        long lines = 0;
        for (Path path : files(directory)) {
            lines += text(path).size();
        }
        return lines;
    }

    /** The last line may be one that is just being written. */
    private static List<String> text(Path path) throws IOException {
        try (InputStream content = Files.newInputStream(path)) {
            String text = new String(content.readAllBytes(), StandardCharsets.UTF_8);
            int end = text.lastIndexOf('\n');
            return end < 0 ? List.of() : text.substring(0, end).lines().toList();
        }
    }

    /** Writes what was given to it, and no more. */
    @Override
    public void close() throws IOException {
        synchronized (waiting) {
            closed = true;
            waiting.notifyAll();
        }
        try {
            writer.join(10_000);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        file.close();
    }
}
