package org.segmeter.security;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads an {@link AuditTrail} from a place on, and remembers across restarts and crashes up to which place something was done with it. A
 * place that does not fit the trail any more, because the trail was restored or replaced, counts as its beginning: rather all once more
 * than a line never.
 */
final class AuditPlaces {

    /** Where reading goes on: after so many bytes of the file of this number. */
    record Place(int file, long offset) {}

    /**
     * A line without its line feed.
     *
     * @param after where the next begins
     */
    record Line(String text, Place after) {}

    private static final Pattern REMEMBERED = Pattern.compile("(\\d+) (\\d+) ([0-9a-f]{64})\\s*");

    /** A line is at most a few kilobytes; what is longer is none. */
    private static final int LONGEST = 1 << 16;

    /** Most lines are shorter; with shorter pieces many would take more readings than needed. */
    private static final long USUAL = 4096;

    /** Bytes before a place by which it is known again: they hold the digest of the line. */
    private static final int KNOWN_BY = 128;

    private final Path directory;
    private final Path memory;
    private final Supplier<Place> end;

    /**
     * @param memory file that remembers the place
     * @param end up to where the trail is on the disk
     */
    AuditPlaces(Path directory, Path memory, Supplier<Place> end) {
        this.directory = directory;
        this.memory = memory;
        this.end = end;
    }

    /** What is remembered if it fits the trail, or else the beginning of the oldest file there is. */
    Place remembered() throws IOException {
        if (Files.exists(memory)) {
            Matcher text = REMEMBERED.matcher(Files.readString(memory));
            if (text.matches()) {
                Place place = new Place(Integer.parseInt(text.group(1)), Long.parseLong(text.group(2)));
                if (!Files.exists(file(place.file()))) {
                    // Old files may be moved away; those that came after are read in full.
                    List<Integer> later =
                            numbers().stream().filter(n -> n > place.file()).toList();
                    if (!later.isEmpty()) {
                        return new Place(later.getFirst(), 0);
                    }
                } else if (place.offset() <= length(place.file())
                        && digest(place).equals(text.group(3))) {
                    return place;
                }
            }
        }
        List<Integer> all = numbers();
        return new Place(all.isEmpty() ? 1 : all.getFirst(), 0);
    }

    /** On the disk when this returns. */
    void remember(Place place) throws IOException {
        Path half = memory.resolveSibling(memory.getFileName() + ".new");
        try (FileChannel file = FileChannel.open(
                half, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            file.write(ByteBuffer.wrap((place.file() + " " + place.offset() + " " + digest(place) + "\n")
                    .getBytes(StandardCharsets.US_ASCII)));
            file.force(true);
        }
        Files.move(half, memory, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel names = FileChannel.open(directory)) {
            names.force(true);
        }
    }

    /** The next lines, in order and over the ends of files; none that is not on the disk yet. Empty if there is none. */
    List<Line> read(Place from, int most) throws IOException {
        Place at = from;
        while (true) {
            long limit = length(at.file());
            if (at.offset() < limit) {
                return lines(at, limit, most);
            }
            int last = end.get().file();
            int file = at.file();
            Integer next = numbers().stream()
                    .filter(n -> n > file && n <= last)
                    .findFirst()
                    .orElse(null);
            if (next == null) {
                return List.of();
            }
            at = new Place(next, 0);
        }
    }

    private List<Line> lines(Place from, long limit, int most) throws IOException {
        List<Line> lines = new ArrayList<>();
        try (RandomAccessFile content = new RandomAccessFile(file(from.file()).toFile(), "r")) {
            content.seek(from.offset());
            byte[] piece = new byte[(int) Math.min(limit - from.offset(), Math.max(LONGEST, most * USUAL))];
            content.readFully(piece);
            ByteArrayOutputStream line = new ByteArrayOutputStream();
            for (int i = 0; i < piece.length && lines.size() < most; i++) {
                if (piece[i] != '\n') {
                    line.write(piece[i]);
                }
                if (piece[i] == '\n' || line.size() >= LONGEST) {
                    lines.add(new Line(
                            line.toString(StandardCharsets.UTF_8), new Place(from.file(), from.offset() + i + 1)));
                    line.reset();
                }
            }
            if (lines.isEmpty()) {
                // What has no end was cut off by somebody; it is passed by.
                lines.add(new Line(
                        line.toString(StandardCharsets.UTF_8), new Place(from.file(), from.offset() + piece.length)));
            }
        }
        return lines;
    }

    /** Bytes of the trail from a place to its end. */
    long bytesAfter(Place place) throws IOException {
        long bytes = 0;
        for (int number : numbers()) {
            if (number >= place.file()) {
                bytes += Math.max(0, length(number) - (number == place.file() ? place.offset() : 0));
            }
        }
        return bytes;
    }

    private long length(int number) throws IOException {
        Place last = end.get();
        if (number == last.file()) {
            return last.offset();
        }
        Path file = file(number);
        return number < last.file() && Files.exists(file) ? Files.size(file) : 0;
    }

    private Path file(int number) {
        return directory.resolve(AuditTrail.name(number));
    }

    private List<Integer> numbers() throws IOException {
        return AuditTrail.files(directory).stream().map(AuditTrail::number).toList();
    }

    private String digest(Place place) throws IOException {
        byte[] before = new byte[(int) Math.min(KNOWN_BY, place.offset())];
        if (before.length > 0) {
            try (RandomAccessFile content =
                    new RandomAccessFile(file(place.file()).toFile(), "r")) {
                content.seek(place.offset() - before.length);
                content.readFully(before);
            }
        }
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(before));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
