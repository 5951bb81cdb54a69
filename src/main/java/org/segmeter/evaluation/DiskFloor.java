package org.segmeter.evaluation;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.ToLongFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.springframework.beans.factory.ObjectProvider;
import org.springframework.stereotype.Component;

/**
 * Keeps a part of each volume free that this service writes on: received files, the embedded database and temporary files. Uploads
 * are promised their length before they are read, so that together they never write below the floor.
 */
@Component
public final class DiskFloor implements MeterBinder {

    private static final Logger log = LoggerFactory.getLogger(DiskFloor.class);

    /** Two gibibytes are enough for the database to go on and for people to act, however large the volume. */
    private static final long LARGEST_FLOOR = 2L << 30;

    private static final String RECEIVED = "blobs";

    private final DiskSpace disk;
    private final IntakeSettings settings;
    private final Map<String, Path> volumes = new LinkedHashMap<>();
    private final AtomicLong promised = new AtomicLong();

    DiskFloor(EvaluationSettings evaluation, IntakeSettings settings, ObjectProvider<DiskSpace> disk) {
        this.disk = disk.getIfAvailable(() -> DiskSpace.REAL);
        this.settings = settings;
        Path data = evaluation.dataDirectory().toAbsolutePath();
        volumes.put(RECEIVED, data);
        volumes.put("temporary", Path.of(System.getProperty("java.io.tmpdir")));
        volumes.put("database", data.resolve("postgres"));
    }

    /** Space that was promised to one upload. */
    public final class Promise implements AutoCloseable {
        private long left;

        private Promise(long bytes) {
            left = bytes;
        }

        /** So many bytes have been written: they are not promised any more but gone. */
        public void written(long bytes) {
            long used = Math.min(left, bytes);
            left -= used;
            promised.addAndGet(-used);
        }

        @Override
        public void close() {
            written(left);
        }
    }

    /** The volume that has no room. */
    public static final class Full extends Exception {
        Full(String volume) {
            super(volume, null, false, false);
        }
    }

    /**
     * Promises space to an upload, once every volume is above its floor.
     *
     * @param bytes that will be written; 0 if that is not known
     * @throws Full if there is not that much above the floor
     */
    public Promise promise(long bytes) throws Full {
        long before = promised.getAndAdd(bytes);
        try {
            for (String volume : volumes.keySet()) {
                long needed = volume.equals(RECEIVED) ? before + bytes : 0;
                if (room(volume) < needed) {
                    throw new Full(volume);
                }
            }
        } catch (Full e) {
            promised.addAndGet(-bytes);
            throw e;
        }
        return new Promise(bytes);
    }

    /** @throws Full if received files have reached the floor, as by uploads that did not say how long they are */
    public void check() throws Full {
        if (room(RECEIVED) < 0) {
            throw new Full(RECEIVED);
        }
    }

    /** Bytes above the floor, negative below it. A volume that cannot be asked has room: its writes will say what is wrong. */
    private long room(String volume) {
        try {
            DiskSpace.Space space = space(volume);
            return space.free() - floor(space.total());
        } catch (IOException e) {
            log.debug("the space of {} is not known", volume);
            return Long.MAX_VALUE;
        }
    }

    private long floor(long total) {
        return settings.diskFloor() != null ? settings.diskFloor().toBytes() : usual(total);
    }

    /** Bytes of a volume that are left free where no setting says otherwise. */
    static long usual(long total) {
        return Math.min(total / 20, LARGEST_FLOOR);
    }

    private DiskSpace.Space space(String volume) throws IOException {
        Path directory = volumes.getOrDefault(volume, Path.of("."));
        Path parent = directory.getParent();
        return disk.of(Files.exists(directory) || parent == null ? directory : parent);
    }

    @Override
    public void bindTo(MeterRegistry registry) {
        for (String volume : volumes.keySet()) {
            Gauge.builder("segmeter.storage.free.bytes", this, floor -> floor.bytes(volume, DiskSpace.Space::free))
                    .description("Bytes free on a volume that the service writes on; -1 if not known")
                    .tag("volume", volume)
                    .register(registry);
            Gauge.builder("segmeter.storage.size.bytes", this, floor -> floor.bytes(volume, DiskSpace.Space::total))
                    .description("Bytes of a volume that the service writes on; -1 if not known")
                    .tag("volume", volume)
                    .register(registry);
        }
        Gauge.builder("segmeter.storage.reserved.bytes", promised, AtomicLong::get)
                .description("Bytes promised to uploads that are being received")
                .tag("volume", RECEIVED)
                .register(registry);
    }

    private double bytes(String volume, ToLongFunction<DiskSpace.Space> which) {
        try {
            return which.applyAsLong(space(volume));
        } catch (IOException e) {
            return -1;
        }
    }
}
